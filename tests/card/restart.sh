# SPDX-License-Identifier: BSD-3-Clause
# SoftHSM keeps PINs in each process: whose change shows in whom, and who has to be restarted after an unblocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

RESTART="unblocked, but not in the program that asked: restart it"

# old_program: started while the card was active; then the card is blocked.
old_program() {
	blocked_card
	set_pin "$SO" "$PIN" >/dev/null
	session_start old "$LATCH"
	block_again
	log_clear
}

restarted() {
	expect CKR_OK old finalize
	expect CKR_OK old initialize
	expect CKR_OK old slot-label "$LABEL"
	expect CKR_OK old open rw
	expect CKR_OK old login user "$1"
	drive_stop old
}

own_process() {
	blocked_card
	session_start desk "$LATCH"
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	fails "unblocked in the program's own process: nothing has to be restarted" log_has restart
	expect CKR_OK desk login user "$PIN_NEW"
	drive_stop desk
}

by_set_pin() {
	old_program
	expect CKR_OK old set-pin "$SO" "$PIN_NEW"
	is_active "$PIN_NEW" "an old program unblocks with the PUK, the long way"
	logged "$RESTART" "and the log says that it has to be restarted"
	expect CKR_FUNCTION_FAILED old login user "$PIN"
	expect CKR_FUNCTION_FAILED old login user "$PIN_NEW"
	expect CKR_FUNCTION_FAILED old set-pin "$PIN" 111111
	is_active "$PIN_NEW" "what it keeps of the old PIN opens and changes nothing"
	restarted "$PIN_NEW"
}

by_puk() {
	old_program
	expect CKR_FUNCTION_FAILED old login user "$SO"
	still_blocked "an old program cannot log in with the PUK" "$PIN" "$SO"
	logged "restart it, then unblock the card" "and the log says why"
	drive_stop old
}

by_letter() {
	printf '[Description]\nSetPIN=true\nPIN=#864213\nInitialPUK=#%s\n' "$SO" | pickup PinLetter=yes
	old_program
	expect CKR_FUNCTION_FAILED old login user 864213
	is_active 864213 "a PIN letter in an old program activates the card"
	logged "$RESTART" "and the log says that the program has to be restarted"
	restarted 864213
	known_puk | pickup
}

# What R is made of is gone: the card is unblocked from the helper.
salt_lost() {
	blocked_card
	rm "$STATE"/private/*.state
	session_start old "$LATCH"
	expect CKR_OK old set-pin "$SO" "$PIN_NEW"
	is_active "$PIN_NEW" "without the salt the PUK unblocks all the same"
	logged "$RESTART" "the log says that the program has to be restarted"
	expect CKR_FUNCTION_FAILED old login user "$PIN_NEW"
	restarted "$PIN_NEW"
	blocked_card
	rm "$STATE"/private/*.state
	is "$(login_rv "$LATCH" user "$SO")" CKR_FUNCTION_FAILED "C_Login with the PUK, without the salt: a new R"
	is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "which the next program can log in with"
	is_active "$PIN_NEW" "and unblock the card"
}

# Somebody else was faster.
unblocked_meanwhile() {
	blocked_card
	session_start old "$LATCH"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "another program unblocks the card"
	expect CKR_FUNCTION_FAILED old login user "$PIN_NEW"
	restarted "$PIN_NEW"
}

token_start softhsm
latch_setup
known_puk | pickup
own_process
by_set_pin
by_puk
by_letter
salt_lost
unblocked_meanwhile
token_stop
done_testing
