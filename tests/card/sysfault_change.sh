# SPDX-License-Identifier: BSD-3-Clause
# System calls that fail, one a run, while a PUK or card manager key is changed, and a PIN letter is presented.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
KEY_NEW=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978

do_puk() {
	app "set-pin $SO $PIN_NEW" close
}

do_puk_by_login() {
	app "login user $SO" "set-pin $SO $PIN_NEW" logout close
}

# The application unblocks the card by itself; the policy's new PUK follows.
do_follow() {
	app "login so $SO" "init-pin $PIN_NEW" logout close
}

do_letter() {
	app "login user $LETTER" logout close
}

do_key() {
	app "set-pin $SO $PIN_NEW" close
}

key_description() {
	printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\n'
	printf 'CardManagerKey=#%s\nNewCardManagerKey=#%s\n' "$KEY" "$KEY_NEW"
}

letter_description() {
	printf '[Fields]\nLETTER=\n[Description]\nSetPIN=true\nPIN=LETTER\nInitialPUK=#%s\nClearFields=LETTER\n' "$SO"
}

# Wherever memory ends, of a key that is read there nobody dies.
key_without_memory() {
	key_secrets=$(calls_of key blocked p11-latch-helper CRYPTO_secure_zalloc)
	passes "key: secrets are made" test "$(echo "$key_secrets" | wc -l)" -gt 10
	key_wrong=$(echo "$key_secrets" | while read -r key_at; do
		# shellcheck disable=SC2086
		one_case key blocked recover $key_at no-memory 2>&1 </dev/null
	done)
	is "$key_wrong" "" "key: no memory for a secret, and none from there on: the card is known and goes on"
}

kind=softhsm
token_start "$kind"
latch_setup
faults_start

known_puk "$SO" "PUK=#$SO_NEW" | pickup
snapshots_make
restore blocked
faults puk blocked
faults puk_by_login blocked
faults follow blocked

LETTER=864213
letter_description | pickup "Field.LETTER=file:$STATE/letter-{serial}"
snapshots_make
echo "$LETTER" >"$STATE/letter-$(once "$MODULE" token-info | sed -n 's/.* serial=\([^ ]*\).*/\1/p')"
faults letter blocked

LETTER= SO=$KEY SO_NEW=$KEY_NEW
key_description | pickup
snapshots_make
faults key blocked
key_without_memory
token_stop
done_testing
