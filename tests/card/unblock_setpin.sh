# SPDX-License-Identifier: BSD-3-Clause
# Unblocking by C_SetPIN in a public session, as pkcs11-tool --unlock-pin does: the PUK or key as old PIN.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

right_puk() {
	blocked_card
	session_start desk "$LATCH"
	expect CKR_PIN_INCORRECT desk set-pin 99999999 "$PIN_NEW"
	still_blocked "$kind: a wrong PUK leaves the card blocked" "$PIN" "$PIN_NEW"
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	is_active "$PIN_NEW" "$kind: the PUK as old PIN unblocks the card"
	fails "$kind: the PUK itself never became the PIN" vendor_takes "$SO"
	expect CKR_OK desk login user "$PIN_NEW"
	expect CKR_OK desk logout
	expect CKR_PIN_INCORRECT desk login user "$PIN"
	expect CKR_OK desk set-pin "$PIN_NEW" "$PIN"
	drive_stop desk
	is_active "$PIN" "$kind: afterwards C_SetPIN changes the PIN as on any card"
}

# SO login in this process would fail now: CKR_SESSION_READ_ONLY_EXISTS.
read_only_sessions() {
	blocked_card
	session_start desk "$LATCH" ro
	drive desk open ro second >/dev/null
	drive desk open rw third >/dev/null
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	expect CKR_OK desk login user "$PIN_NEW"
	drive_stop desk
	is_active "$PIN_NEW" "$kind: unblocked in a program that has read-only sessions open"
}


# Nothing has to be presented by whoever may use the policy's secret.
nothing_presented() {
	for value in null empty; do
		blocked_card
		is "$(set_pin "$value" "$PIN_NEW")" CKR_OK "$kind: with nothing presented ($value) the policy's PUK is used"
		is_active "$PIN_NEW" "$kind: and the card is unblocked ($value)"
	done
}

asked() {
	blocked_card
	is "$(set_pin null "$PIN_NEW")" CKR_PIN_LOCKED "$kind: nothing presented, and nothing held by the policy"
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: a wrong PUK that a person typed"
	still_blocked "$kind: the card stays blocked" "$PIN" "$PIN_NEW"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: the right PUK that a person typed"
	is_active "$PIN_NEW" "$kind: unblocks"
}

# [Application_B] BlockCard=true alone: whoever holds the PUK may unblock.
no_description() {
	pickup </dev/null
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: a PUK unblocks where there is no Unblock description"
	is_active "$PIN_NEW" "$kind: and the card is active"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	right_puk
	read_only_sessions
	nothing_presented
	asked_puk | pickup
	asked
	no_description
	no_secret "$kind: no PUK or PIN stands in log or state" "$SO" "$PIN_NEW"
	token_stop
done
done_testing
