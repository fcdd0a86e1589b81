# SPDX-License-Identifier: BSD-3-Clause
# A block whose SO secrets are all wrong: the last SO try is kept, and the card is not locked for good.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/forged.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# left_with SO USERTRIES SOTRIES: personalized, and then the card is another than its holder left.
left_with() {
	rm -rf "${STATE:?}"/*
	forge honest "$SO" -
	: >"$FORGED_DIR/flags"
	log_clear
	personalize desk
	[ -z "${1:-}" ] || printf 'S1 latch %s %s %s %s\n' "$1" "$PIN" "$2" "$3" >"$FORGED_DIR/token"
	drive desk close >/dev/null
	drive_stop desk
	wait_for 10 no_helpers || bail_out "the watcher does not end"
}

tries() {
	cut -d ' ' -f 5,6 "$FORGED_DIR/token"
}

times_given() {
	given | grep -c "^login-so $1\$"
}

last_is_kept() {
	known_puk "$SO_NEW" | pickup "BlockMethod=$1"
	left_with 99999999 3 2
	is "$(record State),$(record Method)" personalizing,refuse "$1: no SO secret is right: refused by p11-latch"
	is "$(tries)" "3 1" "$1: the last SO try is kept, and the user is not locked"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$1: its PIN is refused"
	"$CMD" recover >/dev/null 2>&1
	"$CMD" recover >/dev/null 2>&1
	is "$(tries)" "3 1" "$1: nor does p11-latch recover spend it"
	known_puk 99999999 | pickup "BlockMethod=$1"
	passes "$1: --last-try ends this, with the right one in the policy" \
		"$CMD" unblock --last-try --pin "$PIN_NEW" "$CARD"
}

# Three tries, and what the holder had is what policy has.
once_each() {
	known_puk | pickup BlockMethod=scramble
	left_with 99999999 3 3
	is "$(times_given "$SO")" 2 "the policy's secret is the holder's: after the holder's own login it was tried once"
	is "$(tries)" "3 2" "and cost one try"
}

so_locked() {
	for method in auto scramble; do
		known_puk | pickup "BlockMethod=$method"
		left_with "$SO" 3 0
		is "$(tries)" "3 0" "$method: a card whose SO PIN is locked is not locked for its user too"
		is "$(record State),$(record Method)" personalizing,refuse "$method: it is refused"
	done
	known_puk | pickup BlockMethod=lock
	left_with "$SO" 3 0
	is "$(tries)" "3 0" "lock: nor after proof that was before"
	passes "lock: but by force" "$CMD" block --force "$CARD"
	is "$(tries)" "0 0" "lock: it is"
}

forged_start
latch_setup
last_is_kept scramble
last_is_kept auto
once_each
so_locked
done_testing
