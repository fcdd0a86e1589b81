# SPDX-License-Identifier: BSD-3-Clause
# OpenSC's pkcs11-tool before, during and after blocking: through p11-latch.so, and through p11-kit-proxy.so.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"

tool() {
	tool_text=$1
	tool_status=$2
	tool_pattern=$3
	shift 3
	gives "$kind, $way: $tool_text" "$tool_status" "$tool_pattern" \
		pkcs11-tool --module "$(module_of "$way")" --token-label "$LABEL" "$@"
}

# It says no goodbye, and yet the card is blocked when it has ended.
personalizes() {
	fresh
	tool "--init-pin as SO personalizes" 0 "*User PIN successfully initialized*" \
		--login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN"
	is_blocked "$kind, $way: pkcs11-tool has ended"
}

while_another_personalizes() {
	fresh
	personalize desk
	tool "nobody logs in while another program personalizes" "not 0" "*CKR_PIN_LOCKED*" \
		--login --pin "$PIN" --list-objects
	must desk finalize
	drive_stop desk
}

blocked() {
	block_card
	tool "the right PIN of a blocked card is refused" "not 0" "*CKR_PIN_LOCKED*" \
		--login --pin "$PIN" --list-objects
	tool "--list-token-slots shows that it is locked" 0 "*user PIN locked*" --list-token-slots
	tool "without login it is a token like any other" 0 "*" --list-objects
	tool "a wrong PUK does not unblock it" "not 0" "*CKR_PIN_INCORRECT*" \
		--unlock-pin --puk 99999999 --new-pin "$PIN_NEW"
	is "$(record State)" blocked "$kind, $way: it is blocked still"
	# The two wrong values, of which UnblockByLogin=yes has cost one, left openCryptoki one try.
	passes "$kind, $way: its PUK is as it was" so_is "$SO"
}

unblocks() {
	tool "--unlock-pin with the PUK unblocks it" 0 "*" \
		--unlock-pin --puk "$SO" --new-pin "$PIN_NEW"
	active_is "$PIN_NEW" "$kind, $way: the new PIN is right"
	tool "and works here" 0 "*" --login --pin "$PIN_NEW" --list-objects
	tool "--change-pin changes it as ever" 0 "*PIN successfully changed*" \
		--login --pin "$PIN_NEW" --change-pin --new-pin "$PIN"
	active_is "$PIN" "$kind, $way: to what was asked for"
	unlike "$(foreign pkcs11-tool --module "$(module_of "$way")" -T 2>/dev/null |
		grep -A 8 "$LABEL" | grep flags)" "*locked*" "$kind, $way: nothing is shown locked"

	block_card
	tool "--change-pin with the PUK as old PIN unblocks it" 0 "*PIN successfully changed*" \
		--login --pin "$SO" --change-pin --new-pin "$PIN_NEW"
	active_is "$PIN_NEW" "$kind, $way: the new PIN is right after --change-pin"
	is "$(login_rv "$MODULE" user "$SO")" CKR_PIN_INCORRECT "$kind, $way: the PUK never became a PIN"

	block_card
	tool "--init-pin as SO unblocks it" 0 "*User PIN successfully initialized*" \
		--login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN_NEW"
	active_is "$PIN_NEW" "$kind, $way: the new PIN is right after --init-pin"
	passes "$kind, $way: nobody waits for anything" wait_for 10 no_helpers
	active_is "$PIN_NEW" "$kind, $way: and it is not blocked again"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk
	p11_kit_setup
	for way in direct proxy; do
		personalizes
		while_another_personalizes
		blocked
		unblocks
	done
	no_secret "$kind: no log and no record holds a PIN or PUK" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
