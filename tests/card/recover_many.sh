# SPDX-License-Identifier: BSD-3-Clause
# Recover, with several cards, of which the module hangs or crashes with one: the others are dealt with.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# Both are left by a watcher that was killed.
two_left() {
	token_new
	token_second
	rm -rf "${STATE:?}"/*
	for label in latch "$SECOND_LABEL"; do
		LABEL=$label
		session_start desk "$LATCH"
		must desk login so "$SO"
		must desk init-pin "$PIN"
		kill -9 "$(watcher)"
		drive_stop desk
		wait_for 5 no_helpers || bail_out "the watcher does not end"
	done
	LABEL=latch
	log_clear
}

# states: of all records, in the order of the alphabet.
states() {
	sed -n 's/^State=//p' "$STATE"/records/* | sort | tr '\n' ' '
}

# one_fails ACTION TEXT: of the first that is worked with, and of it alone.
one_fails() {
	two_left
	fault p11-latch C_Login 1 "$1"
	"$CMD" recover >"$SCRATCH/out" 2>&1 &
	recover=$!
	wait_for 10 faulted || bail_out "nothing fails"
	fault none
	wait "$recover"
	is $? 1 "$kind: $2 with one of two cards: recover fails"
	is "$(states)" "blocked personalizing " "$kind: $2: the other one is blocked"
	is "$(grep -c ': blocked$' "$SCRATCH/out")" 1 "$kind: $2: it says so of that one"
	passes "$kind: $2: it says which card it was" grep -q "token=.*vendor's module has ended the process" "$SCRATCH/out"
	logged "token=.*vendor's module has ended the process" "$kind: $2: so does the log"
	passes "$kind: $2: once more" "$CMD" recover
	is "$(states)" "blocked blocked " "$kind: $2: both are blocked then"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	latch_conf "spawn:$HELPER" auto 1
	faulty_start
	desk_knows "$SO" BlockMethod=scramble
	one_fails hang "the module hangs"
	one_fails segv "the module crashes"
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN"
	token_stop
done
done_testing
