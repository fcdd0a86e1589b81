# SPDX-License-Identifier: BSD-3-Clause
# Unblocking as programs do that log in before they change a PIN: C_Login with the PUK, then C_SetPIN.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

FIRST=222222

token_flags() {
	drive "$1" token-info | sed 's/.*flags://'
}

in_two_steps() {
	blocked_card
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$SO"
	like "$(drive desk session-info)" "*state=RW_USER*" "$kind: the program is logged in as user"
	still_blocked "$kind: and the card stays blocked" "$SO" "$PIN"
	is "$(record Method)" scramble "$kind: by a PIN that nobody knows"
	like "$(token_flags desk) " "* USER_PIN_TO_BE_CHANGED *" "$kind: the program sees that the PIN is to be changed"
	unlike "$(token_flags desk) " "* USER_PIN_LOCKED *" "$kind: and not that it is locked"
	like "$(once "$LATCH" token-info)" "* USER_PIN_LOCKED*" "$kind: all others see that it is locked"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: and cannot log in"
	expect CKR_PIN_INCORRECT desk set-pin 99999999 "$PIN_NEW"
	expect CKR_PIN_INVALID desk set-pin "$SO" "$SO"
	expect CKR_PIN_LEN_RANGE desk set-pin "$SO" 12
	still_blocked "$kind: what is no proper change leaves the card blocked" "$SO" "$PIN_NEW"
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	is_active "$PIN_NEW" "$kind: C_SetPIN from the PUK to a new PIN unblocks it"
	unlike "$(token_flags desk) " "* USER_PIN_TO_BE_CHANGED *" "$kind: nothing is to be changed any more"
	expect CKR_OK desk set-pin "$PIN_NEW" "$PIN"
	expect CKR_OK desk logout
	expect CKR_PIN_INCORRECT desk login user "$SO"
	expect CKR_OK desk login user "$PIN"
	drive_stop desk
}

killed_between() {
	blocked_card
	for end in kill9 exit abort close finalize logout; do
		session_start desk "$LATCH"
		expect CKR_OK desk login user "$SO"
		drive desk "$end" >/dev/null
		still_blocked "$kind: blocked after $end between login and change" "$SO" "$PIN"
		drive_stop desk
	done
	is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK \
		"$kind: and both steps are still to be had"
	is_active "$PIN_NEW" "$kind: active"
}

# The login of another program does not spoil what the first one was lent.
two_programs() {
	blocked_card
	session_start one "$LATCH"
	session_start two "$LATCH"
	expect CKR_OK one login user "$SO"
	expect CKR_OK two login user "$SO"
	expect CKR_OK one set-pin "$SO" "$FIRST"
	is_active "$FIRST" "$kind: two were logged in, and one has changed the PIN"
	unlike "$(drive two set-pin "$SO" "$PIN_NEW")" "* CKR_OK*" "$kind: the other comes too late"
	is_active "$FIRST" "$kind: and changes nothing"
	drive_stop one
	drive_stop two
}

with_nothing() {
	blocked_card
	is "$(login_rv "$LATCH" user empty)" CKR_OK "$kind: who may use the policy's PUK need not present it"
	still_blocked "$kind: and the card stays blocked" "$SO" "$PIN"
}

switched_off() {
	known_puk | pickup UnblockByLogin=no
	for value in "$SO" empty null "$PIN"; do
		is "$(login_rv "$LATCH" user "$value")" CKR_PIN_LOCKED "$kind: UnblockByLogin=no: C_Login with $value is refused"
	done
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: UnblockByLogin=no leaves C_SetPIN as it is"
	is_active "$PIN_NEW" "$kind: active"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	in_two_steps
	killed_between
	two_programs
	with_nothing
	switched_off
	no_secret "$kind: no PUK or PIN stands in log or state" "$SO" "$PIN_NEW"
	token_stop
done
done_testing
