# SPDX-License-Identifier: BSD-3-Clause
# PUK= and ClearFields= after an application unblocked a card by itself: at once, or by the next operator.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

LETTER=424242
URI=pkcs11:token=latch

# desk HOLDS: PUK (policy knows the PUK that is valid) or !FROM_USER_DIALOG_1_FIELD.
desk() {
	policy_clear
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	description unblock <<-EOF
		[Fields]
		PUK=
		NEW_PUK=
		LETTER=

		[Description]
		SetPIN=true
		PIN=LETTER
		InitialPUK=$1
		PUK=NEW_PUK
		ClearFields=LETTER
	EOF
	value puk "$SO"
	value new-puk "$SO_NEW"
	policy <<-EOF
		Personalize=personalize.dsc
		Unblock=unblock.dsc
		Field.PUK=file:$CONF_DIR/values/puk
		Field.NEW_PUK=file:$CONF_DIR/values/new-puk
		Field.LETTER=file:$CONF_DIR/values/letter-{serial}
	EOF
	[ "$1" = PUK ] || sed -i '/^Field.PUK/d' "$POLICY"
	shut_away
}

blocked_anew() {
	who root
	token_new
	token_share
	rm -rf "${STATE:?}"/*
	SERIAL=$(serial)
	value "letter-$SERIAL" "$LETTER"
	shut_away
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	must desk finalize
	drive_stop desk
	state_is blocked || bail_out "is not blocked: $(record State)"
}

own_init_pin() {
	who "$1"
	session_start user "$LATCH"
	expect CKR_OK user login so "$SO"
	expect CKR_OK user init-pin "$PIN_NEW"
	expect CKR_OK user logout
	expect CKR_OK user login user "$PIN_NEW"
	drive_stop user
	is "$(record State)" active "$kind: $1 unblocks the card by C_InitPIN"
}

so_is() {
	is "$(who root && login_rv "$MODULE" so "$1")" CKR_OK "$kind: $2"
}

follows() {
	so_is "$SO_NEW" "$1: PUK= is in force"
	fails "$kind: $1: and the field of ClearFields= is wiped" test -e "$CONF_DIR/values/letter-$SERIAL"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$kind: $1: the PIN is the new one"
}

waits() {
	so_is "$SO" "$1: PUK= is not set for one who may not have it"
	passes "$kind: $1: and nothing is wiped" test -s "$CONF_DIR/values/letter-$SERIAL"
	logged "is done by the next operator" "$kind: $1: the log says who will do it"
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	desk PUK
	sockets_start

	blocked_anew
	own_init_pin operator
	follows "operator"

	blocked_anew
	log_clear
	own_init_pin anyone
	waits "anyone"
	passes "$kind: p11-latch recover by an operator succeeds" as operator "$CMD" recover "$URI"
	follows "anyone, then recover"
	is "$(as operator "$CMD" recover "$URI")" "" "$kind: and has nothing more to do then"

	blocked_anew
	own_init_pin anyone
	who operator
	session_start next "$LATCH"
	expect CKR_OK next login so "$SO"
	expect CKR_OK next logout
	drive_stop next
	follows "anyone, then an operator's SO login"

	desk '!FROM_USER_DIALOG_1_FIELD'
	blocked_anew
	log_clear
	who anyone
	session_start user "$LATCH"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	drive_stop user
	so_is "$SO" "the card's word for a PUK is not enough to give it the policy's new one"
	passes "$kind: nor to wipe a field" test -s "$CONF_DIR/values/letter-$SERIAL"
	like "$(as operator "$CMD" recover "$URI")" "*next login*" "$kind: recover says what it lacks"
	who operator
	session_start next "$LATCH"
	expect CKR_OK next login so "$SO"
	expect CKR_OK next finalize
	drive_stop next
	follows "a PUK that policy does not know, then an operator's SO login"
	sockets_stop
	token_stop
done
done_testing
