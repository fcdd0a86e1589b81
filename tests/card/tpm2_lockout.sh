# SPDX-License-Identifier: BSD-3-Clause
# A TPM: wrong values that people present, its lockout, its few sessions, and programs that are killed.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

counted() {
	is "$(tpm2_wrong)" "$1" "$2: the TPM has counted $1"
}

# The desk blocks the card again with its PUK.
block_by_puk() {
	echo "$SO" | "$CMD" block --puk - "$CARD" >"$SCRATCH/block.log" 2>&1 || bail_out "block: $(cat "$SCRATCH/block.log")"
}

# The policy leaves the PUK to people: each wrong one is a try of the TPM's, and exactly one.
wrong_puks() {
	asked_puk | pickup
	blocked_card
	is "$(login_rv "$LATCH" user 11112222)" CKR_PIN_LOCKED "by C_Login no value is tried as PUK"
	counted 0 "a value given to C_Login"
	is "$(set_pin 11112222 "$PIN_NEW")" CKR_PIN_INCORRECT "a wrong PUK"
	counted 1 "a wrong PUK"
	is "$(set_pin 22223333 "$PIN_NEW")" CKR_PIN_LOCKED "and no other is sent, as nobody knows how many remain"
	logged "nobody knows how many tries remain" "the log says why"
	counted 1 "what was not sent"
	passes "p11-latch reset" "$CMD" reset "$CARD"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "the right PUK"
	is_active "$PIN_NEW" "the right PUK unblocks"
	counted 1 "the right PUK"
	tpm2_forgive
}

# A person's wrong PINs lock the TPM for a while, and no card.
lockout() {
	for n in 1 2 3; do
		is "$(login_rv "$LATCH" user 11111$n)" CKR_PIN_INCORRECT "wrong PIN $n"
		counted "$n" "wrong PIN $n"
	done
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_PIN_LOCKED "in lockout the TPM refuses the right PIN"
	is "$(record State)" active "which does not make it a blocked card"
	counted 3 "in lockout"
	tpm2_forgive
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "after the lockout the PIN is as good as before"
}

# Nothing was tried, so nothing is counted here either.
unblock_in_lockout() {
	block_by_puk
	for n in 1 2 3; do
		login_rv "$MODULE" so 1111111$n >/dev/null
	done
	is "$(set_pin "$SO" "$PIN")" CKR_PIN_LOCKED "in lockout a right PUK is refused"
	is "$(set_pin "$SO" "$PIN")" CKR_PIN_LOCKED "and again"
	still_blocked "blocked, in lockout"
	is "$(private SOWrong)" 0 "nothing that was not tried is counted"
	tpm2_forgive
	is "$(set_pin "$SO" "$PIN")" CKR_OK "after the lockout the PUK unblocks"
	is_active "$PIN" "after the lockout"
	counted 0 "after the lockout"
}

# Why a stale process is kept from the vendor: there, C_SetPIN leaves no PIN at all.
stale() {
	known_puk | pickup
	session_start early "$MODULE"
	block_by_puk
	expect CKR_OK early set-pin "$PIN" "$PIN"
	is "$(login_rv "$MODULE" user "$PIN")" CKR_GENERAL_ERROR "the vendor's module lets an old process break the PIN"
	must early finalize
	drive_stop early
	passes "p11-latch unblock mends that" sh -c "printf '%s\n' $SO $PIN | '$CMD' unblock --puk - --pin - '$CARD'"
	is_active "$PIN" "mended"
	session_start early "$LATCH"
	block_by_puk
	expect CKR_PIN_LOCKED early login user "$PIN"
	like "$(rv early set-pin "$PIN" "$PIN_NEW")" "CKR_PIN_*" "through p11-latch C_SetPIN is refused"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "unblocked elsewhere"
	expect CKR_FUNCTION_FAILED early login user "$PIN_NEW"
	expect CKR_FUNCTION_FAILED early set-pin "$PIN_NEW" "$PIN"
	must early finalize
	must early initialize
	must early slot-label "$LABEL"
	must early open rw
	expect CKR_OK early login user "$PIN_NEW"
	must early finalize
	drive_stop early
	counted 0 "stale programs"
}

# Another tool of the TPM has set a PIN: that R is not in force shows by the one try of it, and no other value is
# tried after that.
set_elsewhere() {
	known_puk | pickup
	blocked_card
	personalize_direct 999999
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "a PIN set elsewhere: C_SetPIN with the PUK"
	is_active "$PIN_NEW" "a PIN set elsewhere: unblocked"
	counted 1 "a PIN set elsewhere"
	block_again
	personalize_direct 999999
	is "$(once "$LATCH" "login user $SO" | last_rv)" CKR_FUNCTION_FAILED "a PIN set elsewhere: C_Login with the PUK"
	logged "restart it, then unblock" "the log says what to do"
	is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "which is right then"
	is_active "$PIN_NEW" "a PIN set elsewhere: unblocked once more"
	counted 2 "a PIN set elsewhere, again"
	tpm2_forgive
}

killed() {
	desk
	for moment in "as SO" "as user" "at work"; do
		fresh
		personalize desk
		[ "$moment" = "as SO" ] || must desk logout
		[ "$moment" = "as SO" ] || must desk login user "$PIN"
		[ "$moment" != "at work" ] || must desk create-data mine 1234 private
		drive_stop desk
		becomes blocked "killed $moment: blocked"
		passes "killed $moment: the helper ends" wait_for 5 no_helpers
		counted 0 "killed $moment"
		is "$(tpm2_sessions)" 1 "killed $moment: its own session is left in the TPM, and none of the helper's"
		fails "killed $moment: the card itself refuses the PIN" vendor_takes "$PIN"
	done
}

# No room in the TPM for the helper's own login: refused, until there is some.
no_room() {
	desk_knows "$SO"
	fresh
	once "$MODULE" "login so $SO" kill9 >/dev/null
	once "$MODULE" "login so $SO" kill9 >/dev/null
	personalize desk
	drive_stop desk
	passes "no room: the helper ends" wait_for 15 no_helpers
	is "$(tpm2_sessions), $(record State)" "3, personalizing" "three programs were killed, and the TPM has no room"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "no room: the PIN is refused"
	logged "CKR_GENERAL_ERROR" "no room: the log says what the module answers"
	tpm2_flush
	passes "when there is room, p11-latch recover" "$CMD" recover
	is "$(record State)" blocked "has it blocked"
	counted 0 "no room"
	fails "and the card itself refuses the PIN" vendor_takes "$PIN"
}

token_start tpm2
latch_setup
wrong_puks
lockout
unblock_in_lockout
stale
set_elsewhere
killed
no_room
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
token_stop
done_testing
