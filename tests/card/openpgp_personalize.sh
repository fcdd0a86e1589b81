# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card is personalized by several programs, one after the other: it is blocked when the last one is done.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"

# Makes the PIN, writes a certificate as SO, and signs once as user, by the card's other slot.
programs() {
	cat >"$SCRATCH/programs" <<-END
		set -e
		tool() {
			"$FOREIGN" pkcs11-tool --module "$LATCH" "\$@"
		}
		tool --slot-index 0 --login --login-type so --so-pin $SO --init-pin --new-pin $PIN
		grep -h ^State "$STATE"/records/*
		tool --slot-index 0 --login --login-type so --so-pin $SO --type cert --id 3 --write-object "$SCRATCH/cert"
		tool --slot-index 1 --login --pin $PIN --sign --mechanism RSA-PKCS --id 1 -i "$SCRATCH/text" -o "$SCRATCH/signed"
		grep -h ^State "$STATE"/records/*
		$1
	END
}

certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$SCRATCH/key" -subj /CN=holder -days 2 -outform DER \
		-out "$SCRATCH/cert" 2>/dev/null || bail_out "openssl makes no certificate"
	echo text >"$SCRATCH/text"
}

# The hold is over: what the card and its record say.
afterwards() {
	is "$(grep -c '^State=personalizing' "$SCRATCH/out")" 2 "$1: it stays personalizing from one to the next"
	passes "$1: the certificate is on the card" grep -q "Created certificate" "$SCRATCH/out"
	passes "$1: it has signed" test -s "$SCRATCH/signed"
	is_locked "$1"
	passes "$1: no helper is left" wait_for 5 no_helpers
}

openpgp_start_at init_pin_in_so_session
FOREIGN=$SCRATCH/foreign
foreign_script "$FOREIGN"
certificate

desk
programs "exit 0"
passes "personalize -- three programs" sh -c "\"$CMD\" personalize -- sh \"$SCRATCH/programs\" >\"$SCRATCH/out\" 2>&1"
afterwards "three programs"
is "$(pkcs11-tool --module "$MODULE" --slot-index 0 --read-object --type cert --id 3 2>/dev/null | sha256sum)" \
	"$(sha256sum <"$SCRATCH/cert")" "the certificate is the one that was written"

fresh
rm "$SCRATCH/signed"
programs "kill -9 \$\$"
fails "personalize --, and its command is killed" \
	sh -c "\"$CMD\" personalize -- sh \"$SCRATCH/programs\" >\"$SCRATCH/out\" 2>&1"
afterwards "killed"
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN"
token_stop
done_testing
