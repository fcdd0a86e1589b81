# SPDX-License-Identifier: BSD-3-Clause
# SelectCriteriaIccsn= in the policy's descriptions: no other card than the one named is served under them.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

serial() {
	pkcs11-tool --module "$MODULE" -L 2>/dev/null | sed -n 's/^ *serial num *: *//p' | head -n 1
}

# selecting SERIAL: descriptions for that card only.
selecting() {
	description personalize <<-EOF
		[Application_B]
		BlockCard=true

		[Description]
		UseSelectCriteriaIccsn=true
		SelectCriteriaIccsn=#$1
	EOF
	description unblock <<-EOF
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
		UseSelectCriteriaIccsn=true
		SelectCriteriaIccsn=#$1
	EOF
	policy_clear
	printf 'Personalize=personalize.dsc\nUnblock=unblock.dsc\n' | policy
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	selecting 4711
	session_start other "$LATCH"
	expect CKR_OK other login so "$SO"
	expect CKR_FUNCTION_FAILED other init-pin "$PIN"
	drive_stop other
	logged "is not the card that SelectCriteriaIccsn= of .*personalize.dsc names" "$kind: the log says why"
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: another card is not touched"

	selecting "$(serial)"
	personalize desk
	expect CKR_OK desk close
	drive_stop desk
	becomes blocked "$kind: the card that is named is personalized and blocked"
	selecting 4711
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_FUNCTION_FAILED \
		"$kind: not unblocked under a description for another card"
	selecting "$(serial)"
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: but under its own"
	token_stop
done
done_testing
