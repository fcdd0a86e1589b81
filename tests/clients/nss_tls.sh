# SPDX-License-Identifier: BSD-3-Clause
# TLS with NSS: tstclnt, its key and certificate on the card, asks selfserv for a page; before, during and after
# blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

for name in PIN PIN_NEW; do
	eval "printf '%s:%s\n' \"\$LABEL\" \"\$$name\"" >"$SCRATCH/file.$name"
done

# database NAME: an NSS database that trusts the authority.
database() {
	rm -rf "${SCRATCH:?}/$1"
	mkdir "$SCRATCH/$1"
	certutil -N -d "sql:$SCRATCH/$1" --empty-password >"$TLS/nss.log" 2>&1 &&
		certutil -A -d "sql:$SCRATCH/$1" -n authority -t TC,TC, -i "$TLS/ca.pem" >>"$TLS/nss.log" 2>&1 ||
		bail_out "certutil: $(cat "$TLS/nss.log")"
}

server_start() {
	database server
	tls_openssl pkcs12 -export -in "$TLS/server.pem" -inkey "$TLS/server.key" -name server \
		-passout pass: -out "$TLS/server.p12"
	pk12util -i "$TLS/server.p12" -d "sql:$SCRATCH/server" -W "" >"$TLS/nss.log" 2>&1 ||
		bail_out "pk12util: $(cat "$TLS/nss.log")"
	serves selfserv -d "sql:$SCRATCH/server" -n server -p "$TLS_PORT" -r -r
}

# asks TEXT STATUS PATTERN FILE. (Standard input that ends makes tstclnt wait for more in a loop.)
asks() {
	gives "$kind, $way: tstclnt $1" "$2" "$3" timeout 20 tstclnt -d "sql:$SCRATCH/client" -h localhost \
		-p "$TLS_PORT" -n "$LABEL:key" -W "$SCRATCH/file.$4" -A "$TLS/request"
}

# What a browser shows too, which goes on without a certificate.
NO_CERTIFICATE="*Failed to load a suitable client certificate*SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT*"

tls_setup
printf 'GET / HTTP/1.0\r\n\r\n' >"$TLS/request"
server_start
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk UnblockByLogin=auto
	p11_kit_setup
	for way in direct proxy; do
		tls_card
		database client
		gives "$kind, $way: modutil -add" 0 "*added to database*" \
			modutil -force -dbdir "sql:$SCRATCH/client" -add card -libfile "$(module_of "$way")"
		asks before 0 "*200 OK*" PIN
		block_card
		asks "with the right PIN of a blocked card" "not 0" "$NO_CERTIFICATE" PIN
		untouched tstclnt
		unblock_card
		asks "with the old PIN" "not 0" "*Incorrect password/PIN entered*" PIN
		asks after 0 "*200 OK*" PIN_NEW
	done
	token_stop
done
serves_no_more
done_testing
