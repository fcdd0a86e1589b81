# SPDX-License-Identifier: BSD-3-Clause
# TLS with OpenSSL 3 and libp11's engine: s_client, its key on the card, asks s_server for a page; before, during
# and after blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

multiarch_file engines-3/pkcs11.so >/dev/null || bail_out "libengine-pkcs11-openssl is not installed"

# asks TEXT STATUS PATTERN PIN. (Where the login fails, the engine and SoftHSM crash at the end, with and without us.)
asks() {
	gives "$kind, $way: openssl s_client $1" "$2" "$3" \
		env PKCS11_MODULE_PATH="$(module_of "$way")" sh -c "$GET" sh \
		openssl s_client -connect "localhost:$TLS_PORT" -CAfile "$TLS/ca.pem" -verify_return_error \
		-cert "$TLS/client.pem" -engine pkcs11 -keyform engine \
		-key "pkcs11:token=$LABEL;object=key;type=private;pin-value=$4" -quiet -ign_eof
}

# The server's page shows whose certificate it was.
PAGE="*Subject: CN=alice*"
LOCKED="*Login to token failed*Could not read client certificate private key*PIN locked*"

tls_setup
openssl_server
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk UnblockByLogin=auto
	p11_kit_setup
	for way in direct proxy; do
		tls_card
		asks before 0 "$PAGE" "$PIN"
		block_card
		asks "with the right PIN of a blocked card" "not 0" "$LOCKED" "$PIN"
		untouched "openssl s_client"
		unblock_card
		asks "with the old PIN" "not 0" "*Login to token failed*PIN incorrect*" "$PIN"
		asks after 0 "$PAGE" "$PIN_NEW"
	done
	token_stop
done
serves_no_more
done_testing
