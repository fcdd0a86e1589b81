# SPDX-License-Identifier: BSD-3-Clause
# Unblocking with a card manager key: on SoftHSM; openCryptoki, whose PINs have 8 characters at most, refuses it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
NEW_KEY=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978
WRITTEN=01:23:45:67:89:ab:cd:ef:fe:dc:ba:98:76:54:32:10:11:22:33:44:55:66:77:88

key_description() {
	printf '[Fields]\nADMIN_KEY=\nNEW_ADMIN_KEY=\n[Description]\nSetPIN=true\n'
	printf 'PIN=!FROM_USER_DIALOG_2_FIELD\n'
	printf '%s\n' "$@"
}

by_key() {
	is "$(set_pin "$NEW_KEY" "$PIN_NEW")" CKR_PIN_INCORRECT "another key does not unblock"
	is "$(set_pin 0123 "$PIN_NEW")" CKR_PIN_INCORRECT "nor does what is no key"
	still_blocked "and the card stays blocked" "$PIN" "$PIN_NEW"
	is "$(set_pin "$1" "$PIN_NEW")" CKR_OK "the card manager key unblocks, $2"
	is_active "$PIN_NEW" "and the card takes the new PIN"
}

# The policy's key as it is written there, and as people may write it.
held() {
	echo "$KEY" >"$SCRATCH/key"
	key_description CardManagerKey=ADMIN_KEY | pickup "Field.ADMIN_KEY=file:$SCRATCH/key"
	blocked_card
	by_key "$KEY" "as the policy has it"
	blocked_card
	by_key "$WRITTEN" "written another way"
	is "$(login_rv "$MODULE" so "$KEY")" CKR_OK "the card manager key is what it was"
}

# What the card was blocked with has another check value: the key is not even tried.
mixed_up() {
	blocked_card
	echo "$NEW_KEY" >"$SCRATCH/key"
	is "$(set_pin "$NEW_KEY" "$PIN_NEW")" CKR_FUNCTION_FAILED "a key with another check value is refused"
	logged "check value" "and the log says why"
	unlike "$(flags "$MODULE")" "*SO_PIN_COUNT_LOW*" "it was not tried on the card"
	echo "$KEY" >"$SCRATCH/key"
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "with the policy corrected all is well"
}

# The card has another key now, and the policy was corrected to it.
changed_elsewhere() {
	blocked_card
	is "$(once "$MODULE" "login so $KEY" "set-pin $KEY $NEW_KEY" close | sed -n 's/^set-pin //p')" CKR_OK \
		"the card's key is changed elsewhere"
	echo "$NEW_KEY" >"$SCRATCH/key"
	log_clear
	fails "what the policy has now is not the key that blocked the card" "$CMD" unblock --pin "$PIN_NEW" "$CARD" </dev/null
	like "$("$CMD" unblock --pin "$PIN_NEW" "$CARD" 2>&1 </dev/null)" "*check value*p11-latch reset*" "it is said what to do"
	passes "p11-latch reset" "$CMD" reset "$CARD"
	passes "then the policy's key unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is "$(record State), $(login_rv "$MODULE" user "$PIN_NEW")" "active, CKR_OK" "with its new PIN"
	passes "after it: it is blocked" "$CMD" block "$CARD"
	passes "after it: and unblocked by the policy's key, which is the card's" "$CMD" unblock --pin "$PIN" "$CARD"
	echo "$KEY" >"$SCRATCH/key"
}

typed() {
	key_description 'CardManagerKey=!FROM_USER_DIALOG_1_FIELD' | pickup
	blocked_card
	by_key "$KEY" "typed by a person"
	blocked_card
	written=$(echo "$KEY" | sed 's/../&-/g; s/-$//')
	by_key "$written" "typed with separators"
}

changed() {
	echo "$NEW_KEY" >"$SCRATCH/new"
	key_description CardManagerKey=ADMIN_KEY NewCardManagerKey=NEW_ADMIN_KEY |
		pickup "Field.ADMIN_KEY=file:$SCRATCH/key" "Field.NEW_ADMIN_KEY=file:$SCRATCH/new"
	blocked_card
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "unblocked with the old key"
	is_active "$PIN_NEW" "the new PIN is in force"
	is "$(login_rv "$MODULE" so "$NEW_KEY")" CKR_OK "and the new card manager key"
	is "$(login_rv "$MODULE" so "$KEY")" CKR_PIN_INCORRECT "the old key is valid no more"
	block_again
	still_blocked "the next block uses the new key" "$PIN_NEW"
	is "$(set_pin "$KEY" "$PIN")" CKR_PIN_INCORRECT "the old key does not unblock any more"
	is "$(set_pin "$NEW_KEY" "$PIN")" CKR_OK "and the same description unblocks with the new one"
	is_active "$PIN" "active again"
}

softhsm_start
latch_setup
SO=$KEY
held
mixed_up
changed_elsewhere
typed
changed
no_secret "no key stands in log or state" "$KEY" "$NEW_KEY" "$WRITTEN"
SO=76543210

opencryptoki_start
latch_setup
key_description CardManagerKey=ADMIN_KEY | pickup "Field.ADMIN_KEY=file:$SCRATCH/key"
blocked_card
is "$(set_pin "$KEY" "$PIN_NEW")" CKR_FUNCTION_FAILED "openCryptoki: a card manager key is refused"
logged "takes a PUK, no card manager key; use InitialPUK= and PUK=" "and the log says what to use instead"
is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "and so is its PUK, as long as the policy speaks of a key"
unlike "$(flags "$MODULE")" "*SO_PIN*" "no SO try was spent"
still_blocked "the card stays blocked"
key_description 'CardManagerKey=!FROM_USER_DIALOG_1_FIELD' | pickup
is "$(set_pin "$KEY" "$PIN_NEW")" CKR_FUNCTION_FAILED "a key that a person types is refused too"
unlike "$(flags "$MODULE")" "*SO_PIN*" "and not tried"
token_stop
done_testing
