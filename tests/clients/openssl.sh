# SPDX-License-Identifier: BSD-3-Clause
# OpenSSL with libp11's engine, which web servers and VPNs use: before, during and after blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"

multiarch_file engines-3/pkcs11.so >/dev/null || bail_out "libengine-pkcs11-openssl is not installed"
echo "what is signed" >"$SCRATCH/data"

# signs TEXT STATUS PIN. (Where the login fails, the engine and SoftHSM crash at the end, with and without us.)
signs() {
	rm -f "$SCRATCH/signature"
	gives "$kind, $way: openssl dgst -sign, $1" "$2" "*" \
		env PKCS11_MODULE_PATH="$(module_of "$way")" openssl dgst -sha256 -engine pkcs11 \
		-keyform engine -out "$SCRATCH/signature" \
		-sign "pkcs11:token=$LABEL;object=key;type=private;pin-value=$3" "$SCRATCH/data"
}

verifies() {
	gives "$kind, $way: openssl dgst -verify, $1" 0 "*Verified OK*" openssl dgst -sha256 \
		-verify "$SCRATCH/key.pem" -signature "$SCRATCH/signature" "$SCRATCH/data"
}

public_key() {
	gives "$kind, $way: openssl pkey finds the public key" 0 "*" \
		env PKCS11_MODULE_PATH="$(module_of "$way")" openssl pkey -engine pkcs11 -inform engine \
		-pubin -in "pkcs11:token=$LABEL;object=key;type=public" -out "$SCRATCH/key.pem"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk
	p11_kit_setup
	for way in direct proxy; do
		user_card
		public_key
		signs "with the PIN" 0 "$PIN"
		verifies before
		block_card
		signs "with the right PIN of a blocked card" "not 0" "$PIN"
		fails "$kind, $way: nothing is signed" test -s "$SCRATCH/signature"
		is "$(record State)" blocked "$kind, $way: the card is blocked still"
		is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK \
			"$kind, $way: C_SetPIN unblocks it"
		signs "with the new PIN" 0 "$PIN_NEW"
		verifies after
	done
	token_stop
done
done_testing
