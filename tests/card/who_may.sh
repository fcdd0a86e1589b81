# SPDX-License-Identifier: BSD-3-Clause
# Who may ask for what behind the sockets, by the module's calls: operators, root, and everybody else.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

LETTER=424242
URI=pkcs11:token=latch

# held: policy has PUK and PIN letter. asked: a person has to know the PUK.
desk() {
	policy_clear
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	description held <<-'EOF'
		[Fields]
		PUK=
		LETTER=

		[Description]
		SetPIN=true
		PIN=LETTER
		InitialPUK=PUK
	EOF
	description asked <<-'EOF'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	EOF
	value puk "$SO"
	value "letter-$(serial)" "$LETTER"
	policy <<-EOF
		Personalize=personalize.dsc
		Unblock=$1.dsc
		UnblockByLogin=yes
		Field.PUK=file:$CONF_DIR/values/puk
		Field.LETTER=file:$CONF_DIR/values/letter-{serial}
	EOF
	sed -i "/^Field/$([ "$1" = held ] && echo b || echo d)" "$POLICY"
	shut_away
}

# blocked_again: whatever it was before.
blocked_again() {
	as operator "$CMD" block --puk "$SO" "$URI" >"$SCRATCH/out" 2>&1
	as operator "$CMD" reset "$URI" >>"$SCRATCH/out" 2>&1
	state_is blocked || bail_out "block: $(cat "$SCRATCH/out")"
}

new_session() {
	who "$1"
	drive_stop user 2>/dev/null
	session_start user "$LATCH"
}

presents() {
	note "$kind, $1: what is presented"
	blocked_again
	new_session "$1"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind, $1: unblocks by C_SetPIN with the policy's PUK"
	blocked_again
	new_session "$1"
	expect CKR_OK user login user "$SO"
	is "$(record State)" blocked "$kind, $1: logs in with the PUK, and the card stays blocked"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind, $1: unblocks by C_Login and C_SetPIN"
	blocked_again
	new_session "$1"
	expect CKR_OK user login user "$LETTER"
	is "$(record State)" active "$kind, $1: activates the card with the PIN letter"
	blocked_again
	new_session "$1"
	expect CKR_OK user login so "$SO"
	expect CKR_OK user init-pin "$PIN_NEW"
	expect CKR_OK user logout
	expect CKR_OK user login user "$PIN_NEW"
	is "$(record State)" active "$kind, $1: unblocks the card by its own SO login and C_InitPIN"
	expect CKR_OK user logout
	expect CKR_OK user login so "$SO"
	expect CKR_OK user init-pin "$PIN"
	is "$(record State)" active "$kind, $1: sets a forgotten PIN of an active card"
	drive_stop user
	is "$(login_rv "$LATCH" user "$PIN")" CKR_OK "$kind, $1: and that is the PIN"
}

presents_unknown() {
	blocked_again
	new_session "$1"
	expect CKR_PIN_INCORRECT user set-pin 11112222 "$PIN_NEW"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind, $1: a PUK that policy leaves to people unblocks by C_SetPIN"
	blocked_again
	new_session "$1"
	expect CKR_OK user login user "$SO"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind, $1: and by C_Login and C_SetPIN"
}

presents_nothing() {
	blocked_again
	new_session "$1"
	if [ "$1" = anyone ]; then
		expect CKR_PIN_LOCKED user set-pin empty "$PIN_NEW"
		expect CKR_PIN_LOCKED user set-pin null "$PIN_NEW"
		expect CKR_PIN_INCORRECT user login user empty
		is "$(record State)" blocked "$kind, $1: gets nothing of the policy's used for nothing"
		return
	fi
	expect CKR_OK user set-pin empty "$PIN_NEW"
	is "$(record State)" active "$kind, $1: has the policy's PUK used without presenting any"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$kind, $1: and the new PIN is in force"
}

personalizes() {
	who root
	token_new
	token_share
	new_session "$1"
	expect CKR_OK user login so "$SO"
	if [ "$1" = anyone ]; then
		log_clear
		expect CKR_FUNCTION_FAILED user init-pin "$PIN"
		logged "only operators may personalize" "$kind, $1: the log says who may"
		unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind, $1: the new card is not touched"
		is "$(record State)" none "$kind, $1: and it has no record"
	else
		expect CKR_OK user init-pin "$PIN"
		expect CKR_OK user close
		is "$(record State)" blocked "$kind, $1: personalizes a new card, which is blocked then"
	fi
	drive_stop user
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	mkdir "$CONF_DIR/values"
	desk held
	sockets_start
	for role in anyone operator root; do
		rm -rf "${STATE:?}"/*
		personalizes "$role"
	done
	desk held
	for role in anyone operator; do
		presents "$role"
		presents_nothing "$role"
	done
	presents_nothing root
	desk asked
	for role in anyone operator; do
		presents_unknown "$role"
	done
	who root
	drive_stop user
	passes "$kind: no helper is left" wait_for 10 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW" "$LETTER"
	sockets_stop
	token_stop
done
done_testing
