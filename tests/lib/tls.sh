# SPDX-License-Identifier: BSD-3-Clause
# Programs that present a key and a certificate on a card, to a server of the test's own on loopback. Sourced,
# after clients.sh.
#
#	tls_setup               a certification authority; a server's key and certificate for localhost. Sets TLS,
#	                        the folder with ca.pem, server.pem, server.key
#	tls_card                user_card, and beside its key a certificate "key" of CN=alice ($TLS/client.pem)
#	openssl_server [ARG...] openssl s_server at $TLS_PORT, which requires a certificate and serves a web page
#	serves COMMAND...       any other server: ready at $TLS_PORT when this returns, says all to $TLS/log
#	serves_no_more
#	GET                     for sh -c "$GET" sh COMMAND...: asks for a page on standard input
#	unblock_card            as the person at the desk does it, with the command: PIN_NEW is the PIN
#	untouched TEXT          tests: the card is blocked still, and no try of its PUK was spent

TLS=$SCRATCH/tls
TLS_PORT=4433
# shellcheck disable=SC2016
GET='printf "GET / HTTP/1.0\r\n\r\n" | "$@"'

tls_openssl() {
	openssl "$@" >"$TLS/openssl.log" 2>&1 || bail_out "openssl $1: $(cat "$TLS/openssl.log")"
}

tls_setup() {
	mkdir -p "$TLS"
	tls_openssl req -x509 -newkey rsa:2048 -nodes -keyout "$TLS/ca.key" -out "$TLS/ca.pem" \
		-subj /CN=authority -days 2
	tls_openssl req -newkey rsa:2048 -nodes -keyout "$TLS/server.key" -out "$TLS/server.csr" \
		-subj /CN=localhost
	echo 'subjectAltName=DNS:localhost' >"$TLS/server.ext"
	tls_openssl x509 -req -in "$TLS/server.csr" -extfile "$TLS/server.ext" -out "$TLS/server.pem" \
		-CA "$TLS/ca.pem" -CAkey "$TLS/ca.key" -days 2
}

tls_tool() {
	foreign pkcs11-tool --module "$MODULE" --token-label "$LABEL" "$@" >"$TLS/tool.log" 2>&1 ||
		bail_out "pkcs11-tool $*: $(cat "$TLS/tool.log")"
}

tls_card() {
	user_card
	tls_tool --read-object --type pubkey --id 01 --output-file "$TLS/key.der"
	tls_openssl pkey -pubin -inform DER -in "$TLS/key.der" -out "$TLS/key.pem"
	tls_openssl x509 -new -force_pubkey "$TLS/key.pem" -subj /CN=alice -out "$TLS/client.pem" \
		-CA "$TLS/ca.pem" -CAkey "$TLS/ca.key" -days 2
	tls_openssl x509 -in "$TLS/client.pem" -outform DER -out "$TLS/client.der"
	tls_tool --login --pin "$PIN" --write-object "$TLS/client.der" --type cert --label key --id 01
}

tls_listens() {
	[ -n "$(ss -H -l -t -n "sport = :$TLS_PORT")" ]
}

serves() {
	mkdir -p "$TLS"
	"$@" >"$TLS/log" 2>&1 </dev/null &
	server=$!
	wait_for 20 tls_listens || bail_out "$1 does not serve: $(cat "$TLS/log")"
}

serves_no_more() {
	kill "$server" 2>/dev/null
	wait_for 5 gone "$server" || bail_out "the server does not end"
}

openssl_server() {
	serves openssl s_server -accept "$TLS_PORT" -cert "$TLS/server.pem" -key "$TLS/server.key" \
		-CAfile "$TLS/ca.pem" -Verify 1 -verify_return_error -www "$@"
}

# On SoftHSM, where a wrong PUK costs nothing, every value is tried, and the flag says only that one was wrong.
untouched() {
	is "$(record State)" blocked "$kind${way:+, $way}: $1: the card is blocked still"
	[ "$TOKEN" = softhsm ] ||
		unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind${way:+, $way}: $1: no try of its PUK was spent"
}

unblock_card() {
	unblock_out=$(printf '%s\n%s\n' "$SO" "$PIN_NEW" |
		"$CMD" unblock "pkcs11:token=$LABEL" --puk - --pin - 2>&1)
	is "$?:$(record State):$unblock_out" "0:active:${unblock_out%: unblocked}: unblocked" \
		"$kind${way:+, $way}: p11-latch unblock"
}
