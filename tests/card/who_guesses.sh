# SPDX-License-Identifier: BSD-3-Clause
# What a caller of helper.sock says that he logged in with as SO is no guess: the card is not asked, and nothing shows
# whether it was right. Whose C_InitPIN was right is believed at the next login.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/office.sh"

URI=pkcs11:token=latch

# says PIN...: that it logged in with each of them, and that C_InitPIN was right then.
says() {
	for guess in "$@"; do
		raw helper so-login "id=hex:$ID" "pin=$guess" ask init-pin "id=hex:$ID" "token-flags=u32:0x40d" ask result rv=u32:0 ask shut end |
			grep '^answer'
	done
}

no_try() {
	unlike "$(who root && flags "$MODULE")" "*SO_PIN_[CFL]*" "$kind, $1: no SO try is spent"
}

# The right one and wrong ones get one answer, and leave one record.
guesses() {
	who anyone
	wrong=$(says 11112222)
	no_try "$1"
	who anyone
	says 11112223 11112224 11112225 >/dev/null
	no_try "$1, again"
	is "$(record State)" "$2" "$kind, $1: the record is what it was"
	who anyone
	is "$(says "$SO")" "$wrong" "$kind, $1: a right one gets the answer of a wrong one"
	is "$(record State)" "$2" "$kind, $1: nor does the record tell"
}

# By a program that works as it should. Its vendor's module has read the card as it is now. honest TEXT
honest() {
	who anyone
	session_start user "$LATCH"
	expect CKR_OK user login so "$SO"
	expect CKR_OK user init-pin "$PIN_NEW"
	expect CKR_OK user logout
	expect CKR_PIN_INCORRECT user login user 11112222
	expect CKR_OK user login user "$PIN_NEW"
	is "$(record State)" active "$kind, $1: an honest program's C_InitPIN is believed at its C_Login"
	expect CKR_OK user logout
	expect CKR_OK user login user "$PIN_NEW"
	expect CKR_OK user set-pin "$PIN_NEW" "$PIN"
	drive_stop user
	is "$(login_rv "$LATCH" user "$PIN")" CKR_OK "$kind, $1: and other programs log in"
}

# What is noted of a card that is active: those that work with it are not to be kept from it by anybody's word.
noted() {
	cat "$STATE"/records/* "$STATE"/private/*.state
}

announces() {
	who operator
	session_start app "$LATCH"
	expect CKR_OK app login user "$PIN"
	expect CKR_OK app logout
	before=$(noted)
	who anyone
	says 11112222 >/dev/null
	is "$(noted)" "$before" "$kind, an active card: nothing is noted of a C_InitPIN that anybody announces"
	raw helper so-login "id=hex:$ID" pin=11112222 ask init-pin "id=hex:$ID" "token-flags=u32:0x40d" ask shut end >/dev/null
	raw helper login "id=hex:$ID" pin=99999999 ask shut end >/dev/null
	is "$(noted)" "$before" "$kind, an active card: nor of one without a result, at the next login either"
	who operator
	is "$(rv app login user "$PIN")" CKR_OK "$kind, an active card: and a program that runs goes on with it"
	drive_stop app
}

# The vendor's module decides, as it does without p11-latch.
resets() {
	who anyone
	session_start user "$LATCH"
	expect CKR_OK user login so "$SO"
	expect CKR_OK user init-pin "$PIN_NEW"
	expect CKR_OK user logout
	expect CKR_OK user login user "$PIN_NEW"
	expect CKR_OK user set-pin "$PIN_NEW" "$PIN"
	drive_stop user
	is "$(record State),$(login_rv "$LATCH" user "$PIN")" active,CKR_OK "$kind, an active card: whoever is SO resets its PIN"
}

# What a dead watcher left is not blocked with what a stranger says.
left() {
	who root
	token_new
	token_share
	rm -rf "${STATE:?}"/*
	value "letter-$(serial)" "$LETTER"
	shut_away
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	watcher=$(helpers)
	kill -STOP "$watcher"
	drive_stop desk
	kill -9 "$watcher"
	wait_for 5 gone "$watcher" || bail_out "the watcher lives"
	: >"$SCRATCH/run/operators.log" # of its being killed
	ID=$(record Token)
	who anyone
	for guess in 11112222 11112223 11112224; do
		raw helper so-login "id=hex:$ID" "pin=$guess" ask shut end >/dev/null
	done
	no_try "left by a dead watcher"
	who operator
	as operator "$CMD" recover "$URI" >/dev/null 2>&1
	is "$(record State)" blocked "$kind: and an operator blocks it"
}

guesses_nothing() {
	who root
	sed -i '/^Personalize=/a Profile.NeverGuess=true' "$POLICY"
	shut_away
}

# By a program of anybody's, and then nobody may have it guessed but operators, and twice.
announced() {
	as operator "$CMD" block "$URI" >/dev/null 2>&1
	is "$(record State),$(record Method)" blocked,scramble "$kind, Profile.NeverGuess: blocked"
	who anyone
	session_start user "$LATCH"
	expect CKR_OK user login so "$SO"
	expect CKR_OK user init-pin "$PIN_NEW"
	expect CKR_OK user logout
	unlike "$(rv user login user "$PIN_NEW")" CKR_OK "$kind, Profile.NeverGuess: anybody's login is not tried"
	for guess in 11112222 11112223 11112224; do
		raw helper login "id=hex:$ID" "pin=$guess" ask shut end >/dev/null
	done
	drive_stop user
	is "$(grep -h -e Journal= -e PINWrong= "$STATE"/private/*.state)" Journal=unblock \
		"$kind, Profile.NeverGuess: nor one at the socket"
	who operator
	session_start user "$LATCH"
}

few_guesses() {
	announced
	unlike "$(rv user login user 11112222)" CKR_OK "$kind, Profile.NeverGuess: an operator's wrong one"
	expect CKR_OK user login user "$PIN_NEW"
	is "$(record State)" active "$kind, Profile.NeverGuess: and his right one is believed"
	drive_stop user
	announced
	for guess in 11112222 11112223; do
		rv user login user "$guess" >/dev/null
	done
	unlike "$(rv user login user "$PIN_NEW")" CKR_OK "$kind, Profile.NeverGuess: none is tried after two wrong ones"
	as operator "$CMD" reset "$URI" >/dev/null 2>&1
	expect CKR_OK user login user "$PIN_NEW"
	drive_stop user
	is "$(record State)" active "$kind, Profile.NeverGuess: but after p11-latch reset"
}

users_make
for kind in $TOKENS; do
	office_start "$kind"
	guesses "a blocked card" blocked
	honest "blocked"
	announces
	resets
	guesses "an active card" active
	left
	guesses_nothing
	[ "$kind" != softhsm ] || few_guesses
	no_secret "$kind: no secret in log and state" "$SO" "$PIN" "$PIN_NEW"
	office_ends
done
done_testing
