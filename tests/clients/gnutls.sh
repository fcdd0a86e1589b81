# SPDX-License-Identifier: BSD-3-Clause
# TLS with GnuTLS: gnutls-cli, its key and certificate on the card, asks gnutls-serv for a page; before, during and
# after blocking; by p11-kit's configuration, and with the module named.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

# asks TEXT STATUS PATTERN [PIN]: with the PIN in the URI, as configuration files have it.
asks() {
	asks_pin=${4:+?pin-value=$4}
	asks_provider=
	[ "$way" = kit ] || asks_provider=--provider=$LATCH
	gives "$kind, $way: gnutls-cli $1" "$2" "$3" sh -c "$GET" sh \
		gnutls-cli $asks_provider --x509cafile "$TLS/ca.pem" --port "$TLS_PORT" \
		--x509keyfile "pkcs11:token=$LABEL;object=key;type=private$asks_pin" \
		--x509certfile "pkcs11:token=$LABEL;object=key;type=cert$asks_pin" localhost
}

# Such a program asks no person for the PIN, and takes what the environment has for the answer.
asks_environment() {
	GNUTLS_PIN=$1
	export GNUTLS_PIN
	asks "whose user types the PIN" "$2" "$3"
	unset GNUTLS_PIN
}

# The server's page shows whose certificate it was.
PAGE="*Subject: CN=alice*"
LOCKED="*Error loading url: PKCS #11 PIN locked*"

tls_setup
serves gnutls-serv --http --require-client-cert --verify-client-cert --x509cafile "$TLS/ca.pem" \
	--x509keyfile "$TLS/server.key" --x509certfile "$TLS/server.pem" --port "$TLS_PORT"
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk UnblockByLogin=auto
	p11_kit_setup
	for way in kit direct; do
		tls_card
		asks before 0 "$PAGE" "$PIN"
		block_card
		asks "with the right PIN of a blocked card" "not 0" "$LOCKED" "$PIN"
		asks "once more, as a daemon would" "not 0" "$LOCKED" "$PIN"
		asks_environment "$PIN" "not 0" "$LOCKED"
		untouched gnutls-cli
		unblock_card
		asks "with the old PIN" "not 0" "*Error in provided PIN*" "$PIN"
		asks after 0 "$PAGE" "$PIN_NEW"
		asks_environment "$PIN_NEW" 0 "$PAGE"
	done
	token_stop
done
serves_no_more
done_testing
