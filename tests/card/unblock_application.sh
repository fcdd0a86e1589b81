# SPDX-License-Identifier: BSD-3-Clause
# A card that the application unblocks by itself: C_Login as SO and C_InitPIN, as pkcs11-tool --init-pin does.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

plain() {
	known_puk | pickup
	blocked_card
	session_start desk "$LATCH"
	expect CKR_OK desk login so "$SO"
	still_blocked "$kind: a login as SO alone leaves the card blocked" "$PIN"
	expect CKR_PIN_LEN_RANGE desk init-pin 12
	still_blocked "$kind: and so does a C_InitPIN that the card refuses" "$PIN"
	expect CKR_OK desk init-pin "$PIN_NEW"
	is_active "$PIN_NEW" "$kind: C_InitPIN unblocks it"
	expect CKR_OK desk logout
	expect CKR_OK desk login user "$PIN_NEW"
	expect CKR_OK desk close
	drive_stop desk
	passes "$kind: no helper is left behind" wait_for 10 no_helpers
	is_active "$PIN_NEW" "$kind: it was no personalization: the card is active when the program has ended"
}

so_is_new() {
	so_is "$SO_NEW"
}

# follows HOW: PUK= is set when the program logs out, or closes its last session, or ends in whatever way.
follows() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	for end in logout close finalize exit kill9; do
		blocked_card
		session_start desk "$LATCH"
		expect CKR_OK desk login so "$SO"
		expect CKR_OK desk init-pin "$PIN_NEW"
		is "$(private Pending)" true "$kind: PUK= is to follow"
		drive desk "$end" >/dev/null
		passes "$kind: after $end the new PUK is in force" wait_for 10 so_is_new
		passes "$kind: and the helper ends ($end)" wait_for 10 no_helpers
		is_active "$PIN_NEW" "$kind: active ($end)"
		is "$(private NewValid), $(private Pending)" "true, none" "$kind: it is remembered ($end)"
		drive_stop desk
	done
	block_again
	is "$(set_pin "$SO_NEW" "$PIN")" CKR_OK "$kind: and it is the PUK that unblocks the next time"
}

key_follows() {
	key=0123456789ABCDEFFEDCBA98765432101122334455667788
	new_key=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978
	printf '[Description]\nSetPIN=true\nCardManagerKey=#%s\nNewCardManagerKey=#%s\n' $key $new_key | pickup
	before=$SO
	SO=$key
	blocked_card
	SO=$before
	is "$(once "$LATCH" "login so $key" "init-pin $PIN_NEW" logout | last_rv)" CKR_OK "$kind: as SO with a card manager key"
	is "$(login_rv "$MODULE" so "$new_key")" CKR_OK "$kind: NewCardManagerKey= is in force"
	is_active "$PIN_NEW" "$kind: active"
}

# It is the application's own secret that counts.
another_puk() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	once "$MODULE" "login so $SO" "set-pin $SO 24682468" >/dev/null
	log_clear
	is "$(once "$LATCH" "login so 24682468" "init-pin $PIN_NEW" logout | last_rv)" CKR_OK \
		"$kind: with a PUK that the policy does not know"
	logged "the card's SO secret is not the policy's" "$kind: the log says so"
	is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: PUK= follows from it all the same"
	is_active "$PIN_NEW" "$kind: active"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	plain
	follows
	another_puk
	[ "$kind" != softhsm ] || key_follows
	token_stop
done
done_testing
