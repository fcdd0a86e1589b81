# SPDX-License-Identifier: BSD-3-Clause
# The intercepted calls, row by row: what they answer in each state, to the holder and to others.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

URI=pkcs11:token=$LABEL

# says NOTE: what the tests that follow are about.
says() {
	EXPECT_NOTE="$kind, $1"
}

no_record() {
	says "no record"
	desk_knows "$SO"
	fresh
	personalize_direct
	session_start user "$LATCH"
	expect CKR_PIN_INCORRECT user login user 999999
	expect CKR_OK user login user "$PIN"
	expect CKR_USER_ALREADY_LOGGED_IN user login user "$PIN"
	expect CKR_OK user set-pin "$PIN" "$PIN_NEW"
	must user logout
	expect CKR_PIN_INCORRECT user login so 11112222
	expect CKR_OK user login so "$SO"
	expect CKR_OK user set-pin "$SO" "$SO_NEW"
	expect CKR_OK user set-pin "$SO_NEW" "$SO"
	expect CKR_OK user logout
	passes "$kind, no record: after C_Logout as SO no watcher is left" wait_for 5 no_helpers
	is "$(record State)" none "$kind, no record: none of these makes one"
	drive_stop user
}

personalizing() {
	fresh
	personalize desk
	must desk logout
	session_start other "$LATCH"
	says "personalizing, the holder"
	expect CKR_PIN_INCORRECT desk login user 999999
	expect CKR_OK desk login user "$PIN"
	expect CKR_USER_ALREADY_LOGGED_IN desk login user "$PIN"
	expect CKR_OK desk set-pin "$PIN" "$PIN_NEW"
	must desk logout
	expect CKR_OK desk login user "$PIN_NEW"
	must desk logout
	must desk login so "$SO"
	expect CKR_OK desk init-pin "$PIN"
	must desk logout
	is "$(record State)" personalizing "$kind: C_Logout of the holder is not its end"

	says "personalizing, another process"
	for pin in "$PIN" 999999 "$SO" empty; do
		expect CKR_PIN_LOCKED other login user "$pin"
		expect CKR_PIN_LOCKED other set-pin "$pin" "$PIN_NEW"
	done
	expect CKR_OK other login so "$SO"
	expect CKR_FUNCTION_FAILED other init-pin "$PIN_NEW"
	expect CKR_OK other logout
	passes "$kind: none of that reached the card" vendor_takes "$PIN"
	unlike "$(flags "$MODULE")" "* USER_PIN_COUNT_LOW *" "$kind: and no try was spent"
	logged "is being personalized by another process" "$kind: the log says why"
	must desk close
	is_blocked "$kind, the holder has ended"
	drive_stop other
	drive_stop desk
}

blocked() {
	says "blocked"
	session_start user "$LATCH"
	for pin in "$PIN" 999999; do
		expect CKR_PIN_LOCKED user login user "$pin"
	done
	expect CKR_PIN_INCORRECT user set-pin "$PIN" "$PIN_NEW"
	expect CKR_PIN_INVALID user set-pin "$SO" "$SO"
	expect CKR_PIN_LEN_RANGE user set-pin "$SO" 1
	is "$(record State)" blocked "$kind: it stays blocked"
	unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind: none of them cost an SO try"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind: C_SetPIN with the PUK unblocks it"
	drive_stop user
}

active() {
	says "active"
	session_start user "$LATCH"
	expect CKR_PIN_INCORRECT user login user "$PIN"
	expect CKR_OK user login user "$PIN_NEW"
	expect CKR_PIN_INCORRECT user set-pin 999999 "$PIN"
	expect CKR_PIN_LEN_RANGE user set-pin "$PIN_NEW" 1
	expect CKR_OK user set-pin "$PIN_NEW" "$PIN"
	must user logout
	expect CKR_OK user login user "$PIN"
	must user logout
	must user login so "$SO"
	expect CKR_OK user init-pin "$PIN_NEW"
	must user logout
	expect CKR_OK user login user "$PIN_NEW"
	is "$(record State)" active "$kind: it stays active"
	drive_stop user
}

# A token that nothing governs is the vendor's alone, and no helper is needed for it.
ungoverned() {
	policy_clear
	fresh
	says "no policy"
	session_start user "$LATCH"
	must user login so "$SO"
	expect CKR_OK user init-pin "$PIN"
	passes "$kind, no policy: no watcher stays" wait_for 5 no_helpers
	must user logout
	expect CKR_OK user login user "$PIN"
	drive_stop user
}

# Without a helper, C_Login as SO is the vendor's, and C_InitPIN is refused before the card is touched.
no_helper() {
	desk_knows "$SO"
	fresh
	latch_conf spawn:/nowhere
	says "the helper is missing"
	session_start desk "$LATCH"
	expect CKR_OK desk login so "$SO"
	expect CKR_FUNCTION_FAILED desk init-pin "$PIN"
	like "$(flags "$MODULE")" "*LOGIN_REQUIRED*" "$kind: the card can be asked"
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: it was not touched"
	logged "/nowhere" "$kind: the log names the helper"
	must desk logout
	latch_conf "spawn:$HELPER"
	drive_stop desk
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	no_record
	personalizing
	blocked
	active
	ungoverned
	no_helper
	EXPECT_NOTE=
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
