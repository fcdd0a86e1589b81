# SPDX-License-Identifier: BSD-3-Clause
# p11-latch block on a card that is blocked by its record, and was unblocked where this machine did not see it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# By whoever has the PUK, and the vendor's module alone.
elsewhere() {
	blocked_card
	is "$(once "$MODULE" "login so $SO" "init-pin $PIN_NEW" close | sed -n 's/^init-pin //p')" CKR_OK "$kind: unblocked elsewhere"
}

block() {
	"$CMD" block "$@" "$CARD" </dev/null >"$SCRATCH/out" 2>&1
}

# The policy has the PUK, and nobody is asked.
by_policy() {
	known_puk | pickup "$@"
	elsewhere
	passes "$kind${1:+, $1}: block" block
	is "$(record State)" blocked "$kind${1:+, $1}: the record says blocked"
	fails "$kind${1:+, $1}: and the card takes the PIN no more" vendor_takes "$PIN_NEW"
	passes "$kind${1:+, $1}: block once more" block
	is "$(record State)" blocked "$kind${1:+, $1}: a card that is blocked stays so"
	passes "$kind${1:+, $1}: it is unblocked" "$CMD" unblock --pin "$PIN" "$CARD"
	passes "$kind${1:+, $1}: with its new PIN" vendor_takes "$PIN"
}

by_person() {
	asked_puk | pickup
	elsewhere
	passes "$kind: block, the PUK is a person's" block
	like "$(cat "$SCRATCH/out")" "*as its record says*block --puk blocks it anew*" "$kind: says what it does not know"
	passes "$kind: block with the PUK" block --puk "$SO"
	like "$(cat "$SCRATCH/out")" "*blocked by scramble*" "$kind: scrambles it anew"
	fails "$kind: and the card takes the PIN no more" vendor_takes "$PIN_NEW"
}

# An unblocking that was interrupted after its PIN was set.
interrupted() {
	known_puk | pickup
	blocked_card
	faulty_start
	fault p11-latch-helper C_InitPIN 1 kill-after
	once "$LATCH" "set-pin $SO $PIN_NEW" >/dev/null
	fault none
	passes "$kind: an unblocking was interrupted" vendor_takes "$PIN_NEW"
	passes "$kind: block" block
	fails "$kind: and the card takes the PIN no more" vendor_takes "$PIN_NEW"
	is "$(record State), $(private Journal)" "blocked, none" "$kind: nothing of it is left"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	by_policy
	by_policy BlockMethod=scramble
	# By its record that is how it was blocked: on the other the card shows it.
	[ "$kind" != softhsm ] || by_person
	interrupted
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
