# SPDX-License-Identifier: BSD-3-Clause
# The card manager key of a card with tickets never reaches the card: all PINs and objects that its module is given are
# written down (tests/card/faulty.c), through each flow that uses the key, or refuses it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

FAULTY_GIVEN=$SCRATCH/given_to_card
export FAULTY_GIVEN

given_bytes() {
	cut -d ' ' -f 2 "$FAULTY_GIVEN" | tr '\n' ' '
}

hex() {
	printf %s "$1" | xxd -p | tr -d '\n'
}

# given_to_card TEXT BYTES: hexadecimal. not_given TEXT KEY: not its bytes, and not its digits, as they are.
given_to_card() {
	like "$(given_bytes)" "*$2*" "$kind: $1 was given to the card"
}

not_given() {
	not_given_capital=$(printf %s "$2" | tr a-f A-F)
	unlike "$(given_bytes)" "*$2*" "$kind: $1 was not"
	unlike "$(given_bytes)" "*$(hex "$2")*" "$kind: $1, in digits, was not"
	unlike "$(given_bytes)" "*$(hex "$not_given_capital")*" "$kind: $1, in capital digits, was not"
}

spied() {
	rm -f "$FAULTY_GIVEN"
	for place in office phone desk; do
		machine "$place"
		faulty_start
	done
	fault none
	at_office
}

use_key() {
	offline_card
	passes "$kind: by phone" by_response phone
	offline_block_again
	fails "$kind: another key, typed" typed "$MANAGER_KEY_NEW"
	if [ "$kind" = opencryptoki ]; then
		like "$(login_rv "$LATCH" user "$MANAGER_KEY_NEW")" "CKR_PIN_*" "$kind: and by C_Login"
	fi
	passes "$kind: the key, typed" typed "$MANAGER_KEY"
	offline_block_again
	at_desk
	passes "$kind: at a desk" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	offline_block_again
	at_office
	is "$(set_pin "$MANAGER_KEY_NEW" "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: another key, by C_SetPIN where the policy has one"
	is "$(login_rv "$LATCH" user "$MANAGER_KEY_NEW")" CKR_PIN_LOCKED "$kind: and by C_Login"
	is "$(set_pin "$MANAGER_KEY" "$PIN_NEW")" CKR_OK "$kind: the policy's key, by C_SetPIN"
	passes "$kind: filled up again" \
		"$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key"
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=2
	spied
	use_key
	given_to_card "the SO PIN of the personalization" "$(hex "$SO")"
	given_to_card "the holder's PIN" "$(hex "$PIN_NEW")"
	given_to_card "the SO PIN that its box holds" "$(hex "$(stranger desk "$MANAGER_KEY")")"
	not_given "the card manager key" "$MANAGER_KEY"
	not_given "another card manager key" "$MANAGER_KEY_NEW"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
