# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card behind OpenSC is unblocked with its SO PIN (init_pin_in_so_session), each way; no try of that is lost.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"

FIRST=222222
LETTER=864213

# open_with PIN TEXT: active, by its record and by the card itself; and neither code nor SO PIN have lost a try.
open_with() {
	is "$(record State), $(private Journal), $(private SOWrong), $(card_pin card pw1), $(counters)" \
		"active, none, 0, 3 $1, 3 3 3" "$2"
}

in_a_public_session() {
	known_puk | pickup
	blocked_card
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "C_SetPIN, a value that is not the policy's PUK"
	is_locked "C_SetPIN, a value that is not the policy's PUK"
	is "$(set_pin "$SO" 12345)" CKR_PIN_LEN_RANGE "C_SetPIN, a new PIN that is too short"
	is_locked "C_SetPIN, a new PIN that is too short"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "C_SetPIN with the PUK"
	open_with "$PIN_NEW" "C_SetPIN with the PUK: active"
}

# Nobody but the card knows the PUK, and no flag shows how many tries are left.
asked() {
	asked_puk | pickup
	blocked_card
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "a wrong PUK"
	card_says "a wrong PUK: one try" "blocked,lock 0 3 2"
	is "$(private SOWrong)" 1 "a wrong PUK: is counted here"
	is "$(set_pin 88888888 "$PIN_NEW")" CKR_PIN_INCORRECT "a second one"
	is "$(set_pin 77777777 "$PIN_NEW")" CKR_PIN_LOCKED "a third one is refused"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_PIN_LOCKED "and so is the right one"
	card_says "the last try of the SO PIN is kept" "blocked,lock 0 3 1"
	logged "unblock --last-try spends it" "the log says how it is spent"
	printf '%s\n%s\n' "$SO" "$PIN_NEW" >"$SCRATCH/values"
	passes "p11-latch unblock --last-try" "$CMD" unblock --last-try --puk - --pin - "$CARD" <"$SCRATCH/values"
	open_with "$PIN_NEW" "p11-latch unblock --last-try: active"
}

# Programs that log in before they change a PIN.
by_login() {
	asked_puk | pickup
	blocked_card
	is "$(login_rv "$LATCH" user "$SO")" CKR_PIN_LOCKED "UnblockByLogin=auto: a value of C_Login is not tried as PUK"
	is_locked "UnblockByLogin=auto"
	asked_puk | pickup UnblockByLogin=yes
	is "$(login_rv "$LATCH" user 99999999)" CKR_PIN_LOCKED "UnblockByLogin=yes: a wrong PUK"
	card_says "UnblockByLogin=yes: one try" "blocked,lock 0 3 2"
	is "$(login_rv "$LATCH" user 88888888)" CKR_PIN_LOCKED "UnblockByLogin=yes: another one"
	card_says "UnblockByLogin=yes: is not tried" "blocked,lock 0 3 2"
	blocked_card
	is "$(login_rv "$LATCH" user "$SO")" CKR_OK "UnblockByLogin=yes: the right PUK logs in"
	is_scrambled "UnblockByLogin=yes"
	is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "C_Login with the PUK, and C_SetPIN"
	open_with "$PIN_NEW" "C_Login and C_SetPIN: active"
}

# The program that changed it goes on with its work.
goes_on_after_login() {
	known_puk | pickup
	blocked_card
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$SO"
	like "$(drive desk token-info) " "* USER_PIN_TO_BE_CHANGED *" "C_Login with the PUK: the PIN is to be changed"
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	open_with "$PIN_NEW" "C_Login and C_SetPIN: active"
	drive desk logout >/dev/null
	expect CKR_OK desk login user "$PIN_NEW"
	expect CKR_OK desk set-pin "$PIN_NEW" "$FIRST"
	open_with "$FIRST" "the program changes the PIN once more"
	drive_stop desk
}

by_letter() {
	printf '[Description]\nSetPIN=true\nPIN=#%s\nInitialPUK=#%s\n' "$LETTER" "$SO" | pickup PinLetter=yes
	blocked_card
	is "$(login_rv "$LATCH" user 111111)" CKR_PIN_INCORRECT "a wrong PIN letter"
	is_locked "a wrong PIN letter"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "the PIN letter logs in"
	open_with "$LETTER" "the PIN letter: active"
}

# As pkcs11-tool --login --login-type so --init-pin does. PUK= follows when the program is done.
by_application() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	for end in logout close kill9; do
		blocked_card
		session_start desk "$LATCH"
		expect CKR_OK desk login so "$SO"
		expect CKR_OK desk init-pin "$PIN_NEW"
		is "$(private Pending)" true "the application's own C_InitPIN: PUK= is to follow"
		drive desk "$end" >/dev/null
		passes "the application's own C_InitPIN, $end: the helper ends" wait_for 10 no_helpers
		open_with "$PIN_NEW" "the application's own C_InitPIN, $end: active"
		is "$(card_pin card pw3), $(private NewValid)" "3 $SO_NEW, true" "the new PUK is in force ($end)"
		drive_stop desk
	done
}

by_command() {
	known_puk | pickup
	blocked_card
	echo "$PIN_NEW" >"$SCRATCH/pin"
	passes "p11-latch unblock" "$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
	open_with "$PIN_NEW" "p11-latch unblock: active"
}

# The same description serves the next time.
new_puk() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "PUK=: unblocked with the old one"
	open_with "$PIN_NEW" "PUK=: active"
	is "$(card_pin card pw3)" "3 $SO_NEW" "PUK=: the card has the new one"
	block_again
	is "$(set_pin "$SO" "$PIN")" CKR_PIN_INCORRECT "PUK=: the old one is wrong the next time, and not tried"
	is "$(set_pin "$SO_NEW" "$PIN")" CKR_OK "PUK=: the new one is right"
	block_again
	passes "PUK=: p11-latch unblock uses the new one" "$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
	open_with "$PIN_NEW" "PUK=: active"
}

openpgp_start_at init_pin_in_so_session
in_a_public_session
asked
by_login
goes_on_after_login
by_letter
by_application
by_command
new_puk
passes "no helper is left" wait_for 5 no_helpers
no_secret "no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN_NEW" "$FIRST" 99999999 88888888
token_stop
done_testing
