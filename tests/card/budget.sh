# SPDX-License-Identifier: BSD-3-Clause
# SO tries, on a token that has three: none is wasted, and the last is spent only when somebody asks for it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

so_flags() {
	flags "$MODULE" | grep -o 'SO_PIN[A-Z_]*' | grep -v TO_BE_CHANGED | tr '\n' ' '
}

unblock() {
	printf '%s\n' "$1" "$PIN_NEW" >"$SCRATCH/in"
	shift
	"$CMD" unblock --puk - --pin - "$@" "$CARD" <"$SCRATCH/in" >"$SCRATCH/out" 2>&1
}

by_people() {
	asked_puk | pickup
	blocked_card
	is "$(set_pin 99999991 "$PIN_NEW")" CKR_PIN_INCORRECT "a first wrong PUK is tried"
	is "$(set_pin 99999992 "$PIN_NEW")" CKR_PIN_INCORRECT "a second"
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "the token has one try left"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_PIN_LOCKED "which C_SetPIN does not spend, even on the right one"
	logged "only the last try of the SO PIN remains" "the log says so"
	logged "p11-latch unblock --last-try" "and what spends it"
	fails "nor does p11-latch unblock" unblock "$SO"
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "it is still there"
	still_blocked "the card stays blocked" "$PIN" "$PIN_NEW"
	passes "p11-latch unblock --last-try spends it" unblock "$SO" --last-try
	is_active "$PIN_NEW" "and unblocks"
	is "$(so_flags)" "" "which gave back all tries"
}

last_try_wrong() {
	blocked_card
	set_pin 99999991 "$PIN_NEW" >/dev/null
	set_pin 99999992 "$PIN_NEW" >/dev/null
	fails "--last-try with a wrong PUK" unblock 99999993 --last-try
	is "$(so_flags)" "SO_PIN_LOCKED " "the SO PIN is locked now"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_PIN_LOCKED "nothing is tried any more"
	logged "PUK and card manager key are of no use any more" "and the log says why"
	still_blocked "the card stays blocked" "$PIN" "$PIN_NEW"
}

# What cannot be right costs nothing.
impossible_values() {
	blocked_card
	for value in 123 999999999 hex:"$(printf '39%.0s' $(seq 255))"; do
		is "$(set_pin "$value" "$PIN_NEW")" CKR_PIN_INCORRECT "a PUK of impossible length: $(printf %.12s "$value")"
	done
	is "$(set_pin "$SO" 12)" CKR_PIN_LEN_RANGE "a new PIN that is too short"
	is "$(set_pin 99999999 123456789)" CKR_PIN_LEN_RANGE "a new PIN that is too long, and a wrong PUK"
	is "$(set_pin "$PIN_NEW" "$PIN_NEW")" CKR_PIN_INVALID "a new PIN that is the old value"
	is "$(so_flags)" "" "none of them was sent to the card"
}

# The policy's PUK is not the card's: as much as a wrong one of a person's, and no more than two tries.
wrong_policy() {
	known_puk 99999999 | pickup
	token_new
	rm -rf "${STATE:?}"/*
	personalize_direct
	passes "adopted" "$CMD" adopt "$CARD"
	passes "blocked by its lock, as asked for by force" "$CMD" block --force "$CARD"
	for n in 1 2; do
		is "$(set_pin 99999999 "$PIN_NEW")" CKR_FUNCTION_FAILED "the policy's PUK is not the card's, $n"
	done
	logged "the card refuses the policy's PUK or card manager key; correct it in the policy" "the log says so"
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "two tries are gone"
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_LOCKED "the last is kept"
	fails "also from the command" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is "$(login_rv "$LATCH" user 99999999)" CKR_PIN_LOCKED "and from C_Login"
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "still kept"
	known_puk | pickup
	passes "corrected, and spent" "$CMD" unblock --pin "$PIN_NEW" --last-try "$CARD"
	is_active "$PIN_NEW" "active"
}

# The application personalized with another PUK than the policy's: that one is right, and the policy's is kept back.
another_puk() {
	known_puk 99999999 | pickup
	blocked_card
	log_clear
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "a card that was personalized with another PUK: that one unblocks"
	is_active "$PIN_NEW" "active"
	once "$LATCH" "login so $SO" "init-pin $PIN" logout >/dev/null
	logged "the card's SO secret is not the policy's" "it is noted that the policy's is not this card's"
	block_again
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "the policy's is a value as any other then"
	is "$(set_pin null "$PIN_NEW")" CKR_PIN_LOCKED "and is not used for who presents nothing"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "the card's own unblocks"
	is_active "$PIN_NEW" "active again"
	logged "correct InitialPUK= or CardManagerKey= .*, then p11-latch reset URI" "and the log says what to do"
	sed -i "s/^InitialPUK=.*/InitialPUK=#$SO/" "$CONF_DIR/descriptions/unblock.dsc"
	like "$("$CMD" reset "$CARD" 2>&1)" "*and the policy's PUK or card manager key is tried again" "reset says what it did"
	passes "with the policy corrected, its PUK is the card's" "$CMD" unblock --pin "$PIN" "$CARD"
	is_active "$PIN" "active with it"
}

# A description that changes the PUK alone: a wrong one costs one try.
only_puk() {
	printf '[Description]\nSetPIN=true\nInitialPUK=#99999999\nPUK=#%s\n' "$SO_NEW" >"$SCRATCH/puk.dsc"
	known_puk | pickup
	blocked_card
	fails "a change of the PUK alone, from a wrong one" "$CMD" apply "$SCRATCH/puk.dsc" "$CARD"
	is "$(so_flags)" "SO_PIN_COUNT_LOW " "costs one try"
	is "$(private Journal)" none "and leaves nothing under way"
}

# The two errors that pass under contention: again, as long as the token itself counts nothing.
disturbed() {
	asked_puk | pickup
	blocked_card
	real=$MODULE
	faulty_start
	for answer in 0x6 0x3; do
		fault p11-latch-helper C_Login 1 rv $answer
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$answer for a moment: the right PUK is sent again, and unblocks"
		passes "$answer: it came to pass" faulted
		fault none
		block_again
		fault p11-latch-helper C_Login 0 after $answer
		unlike "$(set_pin 99999991 "$PIN_NEW")" CKR_OK "$answer to a wrong one: refused"
		fault none
		is "$(so_flags)" "SO_PIN_COUNT_LOW " "$answer: it was sent once"
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$answer: and the right one unblocks"
		printf '%s\n' "$SO" >"$SCRATCH/puk"
		"$CMD" block --puk "@$SCRATCH/puk" "$CARD" >/dev/null 2>&1
	done
	sed -i "s|^Path=.*|Path=$real|" "$P11_LATCH_CONF"
}

token_start opencryptoki
latch_setup
by_people
last_try_wrong
impossible_values
wrong_policy
another_puk
only_puk
disturbed
no_secret "no PUK stands in log or state" "$SO" 99999999 99999991
token_stop
done_testing
