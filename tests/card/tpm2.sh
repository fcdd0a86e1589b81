# SPDX-License-Identifier: BSD-3-Clause
# A TPM: cards are scrambled and unblocked, and the count of wrong values, which is the whole TPM's, does not move.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

LETTER=864213
KEY=0123456789ABCDEFFEDCBA98765432101122334455667788

unmoved() {
	is "$(tpm2_wrong)" 0 "$1: the TPM has counted no wrong value"
}

# What the vendor's module says of itself, and shows: the row of card/profile.c stands on it.
measured() {
	like "$(foreign pkcs11-tool --module "$MODULE" --show-info 2>&1)" \
		"*Manufacturer     tpm2-software.github.io*Library          TPM2.0 Cryptoki *" \
		"the module gives the names that the profile goes by"
	like "$(once "$MODULE" token-info)" "* serial=0000000000000000 pin=0..128 *" \
		"its tokens have one serial number"
	like "$(once "$MODULE" token-info)" "* USER_PIN_INITIALIZED *" \
		"and show a PIN from their initialisation on: a new life is not to be seen"
	is "$(once "$MODULE" "login user $PIN" | last_rv)" CKR_USER_PIN_NOT_INITIALIZED "though there is none"
	is "$(once "$MODULE" "init-token $SO again" | last_rv)" CKR_ARGUMENTS_BAD "C_InitToken is for once"
	passes "no login, no count: explain" "$CMD" explain "$CARD"
	like "$("$CMD" explain "$CARD")" "*rofile*tpm2*" "the profile is found by itself"
	unmoved measuring
}

personalizing() {
	fresh
	personalize desk
	like "$(flags "$LATCH")" "* USER_PIN_LOCKED *" "personalizing: shown as locked to others"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "personalizing: nobody else can log in"
	must desk logout
	expect CKR_OK desk login user "$PIN"
	expect CKR_OK desk create-data mine 1234 private
	must desk close
	is "$(record State), $(record Method)" "blocked, scramble" "when the last session is closed, it is blocked"
	must desk finalize
	drive_stop desk
	unmoved "personalized and blocked"
	fails "the card itself refuses the PIN" vendor_takes "$PIN"
	is "$(tpm2_wrong)" 1 "which is the one wrong value, and ours"
	tpm2_forgive
}

unblocked() {
	is "$(record State), $(private Journal), $(login_rv "$MODULE" user "$1")" "active, none, CKR_OK" "$2: active"
	unmoved "$2"
}

by_set_pin() {
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "C_SetPIN(PUK, new)"
	unblocked "$PIN_NEW" "C_SetPIN(PUK, new)"
	block_again
	session_start desk "$LATCH"
	expect CKR_OK desk set-pin "$SO" "$PIN"
	expect CKR_OK desk login user "$PIN"
	must desk finalize
	drive_stop desk
	unblocked "$PIN" "C_SetPIN, and a login in the same program"
}

by_login() {
	blocked_card
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$SO"
	is "$(record State)" blocked "a login with the PUK leaves the card blocked"
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	must desk finalize
	drive_stop desk
	unblocked "$PIN_NEW" "C_Login with the PUK, then C_SetPIN"
}

by_application() {
	blocked_card
	is "$(once "$LATCH" "login so $SO" "init-pin $PIN_NEW" logout | last_rv)" CKR_OK "SO login and C_InitPIN"
	unblocked "$PIN_NEW" "SO login and C_InitPIN"
}

by_command() {
	blocked_card
	passes "p11-latch unblock" sh -c "echo $PIN_NEW | '$CMD' unblock --pin - '$CARD'"
	unblocked "$PIN_NEW" "p11-latch unblock"
}

by_letter() {
	printf '[Fields]\nPIN=\n[Description]\nSetPIN=true\nPIN=PIN\nInitialPUK=#%s\n' "$SO" |
		pickup "Field.PIN=file:$SCRATCH/letter" PinLetter=yes
	echo "$LETTER" >"$SCRATCH/letter"
	blocked_card
	is "$(login_rv "$LATCH" user 111111)" CKR_PIN_INCORRECT "a wrong PIN letter"
	unmoved "a wrong letter never reaches the card"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "the PIN letter"
	unblocked "$LETTER" "the PIN letter"
}

new_puk() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "PUK="
	unblocked "$PIN_NEW" "PUK="
	passes "the new PUK is in force" so_is "$SO_NEW"
	block_again
	is "$(set_pin "$SO_NEW" "$PIN")" CKR_OK "and unblocks the next time"
	unblocked "$PIN" "the new PUK"
}

# Its SO PIN may be a card manager key.
by_key() {
	printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\nCardManagerKey=#%s\n' "$KEY" | pickup
	before=$SO
	SO=$KEY
	blocked_card
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "a card manager key"
	SO=$before
	unblocked "$PIN_NEW" "a card manager key"
}

# BlockMethod=lock would lock all that this TPM holds.
never_locked() {
	known_puk | pickup BlockMethod=lock
	blocked_card
	is "$(record Method)" scramble "BlockMethod=lock is not done on a TPM"
	passes "block --force" "$CMD" block --force "$CARD"
	is "$(record Method)" scramble "and not with --force"
	unmoved "BlockMethod=lock"
	like "$("$CMD" explain "$CARD")" "*the profile lets no wrong PIN be sent*" "explain says why"
}

by_several_programs() {
	known_puk | pickup
	fresh
	cat >"$SCRATCH/office.sh" <<-END
		"$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "login so $SO" "init-pin $PIN" finalize
		"$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "login user $PIN" \
			"create-data mine 1234 private" finalize
	END
	office=$("$CMD" personalize -- sh "$SCRATCH/office.sh" 2>&1)
	like "$office" "*create-data CKR_OK*" "personalize -- lets the next program log in"
	is "$(record State), $(record Method)" "blocked, scramble" "personalize --: blocked at its end"
	unmoved "personalize --"
}

# A token that is not initialised is one slot more, without a label.
by_apply() {
	fresh
	rm -rf "${TPM2_PKCS11_STORE:?}"/*
	description new <<-END
		[Description]
		InitToken=true
		InitialLabel=#$LABEL
		SetPIN=true
		PIN=#$PIN
		InitialPUK=#$SO
		[Application_B]
		BlockCard=true
	END
	passes "p11-latch apply makes a token" "$CMD" apply "$CONF_DIR/descriptions/new.dsc" \
		"pkcs11:model=SW%20%20%20TPM"
	is "$(record State), $(record Method)" "blocked, scramble" "and blocks it"
	fails "it is not made anew" "$CMD" apply "$CONF_DIR/descriptions/new.dsc" "$CARD"
	is "$(record State), $(private SOWrong)" "blocked, 0" "which changes nothing, and counts as no wrong PUK"
	unmoved "apply"
	passes "p11-latch unblock" sh -c "echo $PIN_NEW | '$CMD' unblock --pin - '$CARD'"
	unblocked "$PIN_NEW" "made by apply"
}

# Behind a socket the helper has the store and the way to the TPM from its unit.
by_socket() {
	latch_conf "unix:$SCRATCH/run/helper.sock"
	helper_socket helper
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "through a socket"
	unblocked "$PIN_NEW" "through a socket"
	helper_socket_stop helper
	latch_conf "spawn:$HELPER"
}

token_start tpm2
latch_setup
known_puk | pickup
measured
personalizing
by_set_pin
by_login
by_application
by_command
by_letter
new_puk
by_key
never_locked
by_several_programs
by_apply
by_socket
passes "no helper is left" wait_for 5 no_helpers
is "$(tpm2_sessions)" 0 "nothing of all this has left a session in the TPM"
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW" "$LETTER"
token_stop
done_testing
