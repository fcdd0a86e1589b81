# SPDX-License-Identifier: BSD-3-Clause
# curl with GnuTLS, key and certificate on the card by URI, before, during and after blocking. Debian's command curl
# links OpenSSL; libcurl-gnutls is what git and many more have, here by pycurl. It finds cards through p11-kit.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

PYTHON=/usr/bin/python3 # the one that Debian's modules belong to
"$PYTHON" -c 'import pycurl; exit("GnuTLS" not in pycurl.version)' || bail_out "python3-pycurl is not installed"

cat >"$SCRATCH/curl.py" <<'EOT'
import pycurl, sys

url, authority, key = sys.argv[1:]
curl = pycurl.Curl()
curl.setopt(pycurl.URL, url)
curl.setopt(pycurl.CAINFO, authority)
curl.setopt(pycurl.SSLCERT, key.replace("?", ";type=cert?"))
curl.setopt(pycurl.SSLKEY, key.replace("?", ";type=private?"))
try:
    curl.perform()
except pycurl.error as error:
    sys.exit("curl: (%d) %s" % error.args)
EOT

asks() {
	gives "$kind: curl $1" "$2" "$3" timeout 20 "$PYTHON" "$SCRATCH/curl.py" "https://localhost:$TLS_PORT/" \
		"$TLS/ca.pem" "pkcs11:token=$LABEL;object=key?pin-value=$4"
}

# It does not say that it is the PIN: a wrong one looks the same.
PAGE="*Subject: CN=alice*"
NO_KEY="curl: (35) error reading X.509 key or certificate file"

tls_setup
openssl_server
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk UnblockByLogin=auto
	p11_kit_setup
	tls_card
	asks before 0 "$PAGE" "$PIN"
	block_card
	asks "with the right PIN of a blocked card" "not 0" "$NO_KEY" "$PIN"
	asks "once more, as a daemon would" "not 0" "$NO_KEY" "$PIN"
	untouched curl
	unblock_card
	asks "with the old PIN" "not 0" "$NO_KEY" "$PIN"
	asks after 0 "$PAGE" "$PIN_NEW"
	token_stop
done
serves_no_more
done_testing
