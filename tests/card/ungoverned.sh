# SPDX-License-Identifier: BSD-3-Clause
# A token that nothing governs is the vendor's alone: also for users who may not write the state directory.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	[ "$kind" != softhsm ] || users_make
	policy "pkcs11:manufacturer=Somebody%20else" </dev/null
	token_share
	who anyone
	session_start user "$LATCH"
	expect CKR_OK user login so "$SO"
	expect CKR_OK user init-pin "$PIN"
	expect CKR_OK user logout
	expect CKR_OK user login user "$PIN"
	expect CKR_OK user set-pin "$PIN" "$PIN_NEW"
	expect CKR_OK user finalize
	drive_stop user
	who root
	is "$(find "$STATE" -mindepth 1)" "" "$kind: nothing is remembered of it"
	is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_OK "$kind: the PIN is its user's"

	policy_clear
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	echo "Personalize=personalize.dsc" | policy
	token_new
	token_share
	log_clear
	who anyone
	session_start user "$LATCH"
	expect CKR_OK user login so "$SO"
	expect CKR_FUNCTION_FAILED user init-pin "$PIN"
	drive_stop user
	who root
	logged "state directory .* cannot be written by user 64003" "$kind: governed, it is refused, and the log says why"
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: and the card not touched"
	token_stop
done
done_testing
