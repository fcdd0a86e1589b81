# SPDX-License-Identifier: BSD-3-Clause
# Java's SunPKCS11: keytool, and a program that opens the KeyStore and signs, before, during and after blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

for program in java javac keytool; do
	command -v "$program" >/dev/null || bail_out "openjdk-17-jdk-headless is not installed"
done

cat >"$SCRATCH/Sign.java" <<'EOF'
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;

/** Sign CONFIGURATION PIN: opens the KeyStore, signs with "key", verifies with the certificate beside it. */
public class Sign {
    public static void main(String[] args) {
        try {
            Provider provider = Security.getProvider("SunPKCS11").configure(args[0]);
            KeyStore store = KeyStore.getInstance("PKCS11", provider);
            store.load(null, args[1].toCharArray());
            Signature signer = Signature.getInstance("SHA256withRSA", provider);
            signer.initSign((PrivateKey) store.getKey("key", null));
            signer.update(args[0].getBytes());
            byte[] signature = signer.sign();
            Signature verifier = Signature.getInstance("SHA256withRSA");
            verifier.initVerify(store.getCertificate("key"));
            verifier.update(args[0].getBytes());
            System.out.println(verifier.verify(signature) ? "verified" : "a wrong signature");
        } catch (Exception error) {
            for (Throwable cause = error; cause != null; cause = cause.getCause())
                System.err.println(cause);
            System.exit(1);
        }
    }
}
EOF
(cd "$SCRATCH" && javac Sign.java) >"$SCRATCH/javac.log" 2>&1 || bail_out "javac: $(cat "$SCRATCH/javac.log")"

configure() {
	printf 'name = card\nlibrary = %s\nslotListIndex = 0\n' "$(module_of "$way")" >"$SCRATCH/java.cfg"
}

# signs TEXT STATUS PATTERN PIN
signs() {
	gives "$kind, $way: java: KeyStore.load and sign, $1" "$2" "$3" \
		timeout 30 java -cp "$SCRATCH" Sign "$SCRATCH/java.cfg" "$4"
}

lists() {
	gives "$kind, $way: keytool -list, $1" "$2" "$3" timeout 30 keytool -list -keystore NONE \
		-storetype PKCS11 -providerclass sun.security.pkcs11.SunPKCS11 -providerarg "$SCRATCH/java.cfg" \
		-storepass "$4"
}

# keytool itself says less than a program's own stack of causes.
LOCKED="*load failed*LoginException*CKR_PIN_LOCKED*"

tls_setup
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk UnblockByLogin=auto
	p11_kit_setup
	for way in direct proxy; do
		tls_card
		configure
		signs before 0 verified "$PIN"
		lists before 0 "*key, PrivateKeyEntry*" "$PIN"
		block_card
		signs "with the right PIN of a blocked card" "not 0" "$LOCKED" "$PIN"
		lists "with the right PIN of a blocked card" "not 0" "*keytool error: *load failed*" "$PIN"
		untouched java
		unblock_card
		signs "with the old PIN" "not 0" "*UnrecoverableKeyException*CKR_PIN_INCORRECT*" "$PIN"
		signs after 0 verified "$PIN_NEW"
		lists after 0 "*key, PrivateKeyEntry*" "$PIN_NEW"
	done
	token_stop
done
done_testing
