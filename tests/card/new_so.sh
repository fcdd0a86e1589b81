# SPDX-License-Identifier: BSD-3-Clause
# PUK= of the Unblock description: set when a card is unblocked, remembered, and the one in use the next time.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

changed() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: unblocked with the PUK"
	is_active "$PIN_NEW" "$kind: active"
	is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: the new PUK is in force"
	is "$(login_rv "$MODULE" so "$SO")" CKR_PIN_INCORRECT "$kind: and the old one is not"
	once "$MODULE" "login so $SO_NEW" >/dev/null
	is "$(private NewValid)" true "$kind: which is remembered"
}

# The same description serves once more.
again() {
	block_again
	is "$(set_pin "$SO" "$PIN")" CKR_PIN_INCORRECT "$kind: next time the old PUK is wrong"
	still_blocked "$kind: and leaves the card blocked" "$PIN_NEW" "$PIN"
	is "$(set_pin "$SO_NEW" "$PIN")" CKR_OK "$kind: the new one is right"
	is_active "$PIN" "$kind: active"
	block_again
	is "$(once "$LATCH" "login user $SO_NEW" "set-pin $SO_NEW $PIN_NEW" | last_rv)" CKR_OK "$kind: by C_Login too"
	is_active "$PIN_NEW" "$kind: active"
	block_again
	is "$(set_pin null "$PIN")" CKR_OK "$kind: and where nothing is presented"
	is_active "$PIN" "$kind: active"
	block_again
	passes "$kind: and for p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: active"
	is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: the new PUK stays"
}

# refused PUK TEXT: the card does not take it.
refused() {
	known_puk "$SO" "PUK=#$1" | pickup
	blocked_card
	log_clear
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: a new PUK that $2 does not keep the PIN from being set"
	is_active "$PIN_NEW" "$kind: active"
	logged "PIN unblocked, PUK unchanged" "$kind: the log warns that the PUK is unchanged"
	is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: it is"
	block_again
	is "$(set_pin "$SO" "$PIN")" CKR_OK "$kind: and the old one serves the next time"
}

# A value that cannot be had when it is needed.
missing() {
	printf '[Fields]\nNEW=\n[Description]\nSetPIN=true\nInitialPUK=#%s\nPUK=NEW\nPIN=!FROM_USER_DIALOG_2_FIELD\n' "$SO" |
		pickup "Field.NEW=file:$SCRATCH/no-such-file"
	blocked_card
	log_clear
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: a new PUK whose file is missing does not keep the PIN from being set"
	is_active "$PIN_NEW" "$kind: active"
	logged "no-such-file" "$kind: the log names the file"
	logged "PIN unblocked, PUK or card manager key unchanged" "$kind: and says what was done"
}

# Set already: by an earlier sitting, or because both are one.
the_same() {
	known_puk "$SO" "PUK=#$SO" | pickup
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: a new PUK that is the one in force"
	is_active "$PIN_NEW" "$kind: active"
	is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: it is in force"
}

by_login() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: C_Login and C_SetPIN"
	is_active "$PIN_NEW" "$kind: active"
	is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: set the new PUK, too"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	changed
	again
	by_login
	refused 123 "is too short"
	[ "$kind" != opencryptoki ] || refused 123456789 "is too long"
	[ "$kind" != opencryptoki ] || refused 87654321 "the card does not take"
	missing
	the_same
	no_secret "$kind: no PUK stands in log or state" "$SO" "$SO_NEW"
	token_stop
done
done_testing
