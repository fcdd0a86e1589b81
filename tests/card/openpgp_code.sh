# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card behind OpenSC is unblocked with its resetting code (set_pin_in_unlogged_session), each way.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"

LETTER=864213

# Blocked by a program that knows no SO PIN: it changes the PIN of the factory.
blocked_card() {
	fresh
	code_out=$(once "$LATCH" "login user $CARD_PIN" "set-pin $CARD_PIN $PIN" close)
	state_is blocked || bail_out "not blocked: $code_out; $(log_text | tail -n 20)"
}

code_pickup() {
	pickup Profile.UnblockStyle=set-pin PersonalizeOn=set-pin "$@"
}

open_with() {
	is "$(record State), $(private Journal), $(card_pin card pw1), $(counters)" "active, none, 3 $1, 3 3 3" "$2"
}

blocks() {
	known_puk "$PUK" | code_pickup
	blocked_card
	is_locked "C_SetPIN, and the last session closed"
	is "$(private Proved)" true "with the policy's code it was proved that it can be unlocked"
}

in_a_public_session() {
	known_puk "$PUK" | code_pickup
	blocked_card
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "C_SetPIN, a value that is not the policy's code"
	is_locked "C_SetPIN, a value that is not the policy's code"
	is "$(set_pin "$PUK" "$PIN_NEW")" CKR_OK "C_SetPIN with the code"
	open_with "$PIN_NEW" "C_SetPIN with the code: active"
}

asked() {
	known_puk "$PUK" | code_pickup
	blocked_card
	asked_puk | code_pickup
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "a wrong code"
	card_says "a wrong code: one try" "blocked,lock 0 2 3"
	is "$(private SOWrong)" 1 "a wrong code: is counted here"
	is "$(set_pin 88888888 "$PIN_NEW")" CKR_PIN_INCORRECT "a second one"
	is "$(set_pin "$PUK" "$PIN_NEW")" CKR_PIN_LOCKED "the right one is not tried then"
	card_says "the last try of the code is kept" "blocked,lock 0 1 3"
	printf '%s\n%s\n' "$PUK" "$PIN_NEW" >"$SCRATCH/values"
	passes "p11-latch unblock --last-try" "$CMD" unblock --last-try --puk - --pin - "$CARD" <"$SCRATCH/values"
	open_with "$PIN_NEW" "p11-latch unblock --last-try: active"
}

by_login() {
	known_puk "$PUK" | code_pickup UnblockByLogin=yes
	blocked_card
	is "$(once "$LATCH" "login user $PUK" "set-pin $PUK $PIN_NEW" | last_rv)" CKR_OK "C_Login with the code, and C_SetPIN"
	open_with "$PIN_NEW" "C_Login and C_SetPIN: active"
	printf '[Description]\nSetPIN=true\nPIN=#%s\nInitialPUK=#%s\n' "$LETTER" "$PUK" | code_pickup PinLetter=yes
	blocked_card
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "the PIN letter logs in"
	open_with "$LETTER" "the PIN letter: active"
}

# No call of OpenSC changes the code.
new_code() {
	known_puk "$PUK" "PUK=#$PUK_NEW" | code_pickup
	blocked_card
	log_clear
	is "$(set_pin "$PUK" "$PIN_NEW")" CKR_OK "PUK=: the PIN is unblocked"
	open_with "$PIN_NEW" "PUK=: active"
	is "$(card_pin card rc)" "3 $PUK" "PUK=: the code is as before"
	logged "PIN unblocked, PUK unchanged: its module has no call for that" "PUK=: the log warns of it"
	block_again
	echo "$PIN" >"$SCRATCH/pin"
	passes "PUK=: p11-latch unblock uses the code that is in force" "$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
	open_with "$PIN" "PUK=: active"
}

# The card takes code and PIN as one, and what is too long or too short of one for the other.
joined() {
	known_puk "$PUK" | code_pickup
	blocked_card
	asked_puk | code_pickup
	log_clear
	is "$(set_pin "${PUK}99" "$PIN_NEW")" CKR_PIN_INCORRECT "a code that is too long"
	card_says "a code that is too long: the card is locked" "blocked,lock 0 3 3"
	logged "longer or shorter than the card's PUK" "a code that is too long: the log says why"
	is "$(private SOWrong)" 0 "a code that is too long: it was right to the card, and is not counted"
	is "$(set_pin "${PUK%??}" "57$PIN_NEW")" CKR_PIN_LEN_RANGE "a code that is too short, and the PIN begins with its end"
	card_says "a code that is too short: OpenSC does not send it" "blocked,lock 0 3 3"
	is "$(private SOWrong)" 0 "a code that is too short: is not counted"
	is "$(set_pin "$PUK" "$PIN_NEW")" CKR_OK "the right one"
	open_with "$PIN_NEW" "the right one: active"
}

openpgp_start_at set_pin_in_unlogged_session
blocks
in_a_public_session
asked
by_login
new_code
joined
passes "no helper is left" wait_for 5 no_helpers
no_secret "no PIN and no PUK in log and state" "$PUK" "$PUK_NEW" "$PIN_NEW" 99999999 88888888
token_stop
done_testing
