# SPDX-License-Identifier: BSD-3-Clause
# p11-latch probe of NSS's softoken, and of tokens behind p11-kit's remote: the built-in profile, and nothing else.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/probe.sh"

CLIENT=$(multiarch_file pkcs11/p11-kit-client.so) || bail_out "p11-kit-modules is not installed"

# finds PROFILE TEXT: both ways, with its PIN as it was before.
finds() {
	for how in "" --expendable; do
		# shellcheck disable=SC2086
		probe --yes $how
		is "$STATUS,$(member as_found),$(member profile),$(differing)" "0,true,$1," "$2${how:+, expendable}: its profile"
		is "$(found "login with a wrong PIN")" CKR_PIN_INCORRECT "$2${how:+, expendable}: it was measured"
	done
}

# --- NSS's softoken: no SO PIN that is of use --------------------------------------------------------

TOKEN=nss
LABEL="NSS Certificate DB"
MODULE=$(multiarch_file libsoftokn3.so) || bail_out "libnss3 is not installed"
parameters="configdir='sql:$SCRATCH/db' certPrefix='' keyPrefix='' secmod='secmod.db' flags="

in_db() {
	"$P11DRIVE" "$MODULE" "initialize \"$parameters\"" "slot-label \"$LABEL\"" "open rw" "$@"
}

mkdir "$SCRATCH/db"
latch_setup
sed -i "/^\[Module\]/a InitReserved=$parameters" "$P11_LATCH_CONF"
in_db "login so null" "init-pin $PIN" >/dev/null
secrets
finds nss nss
is "$(found UnblockStyle),$(found Block)" null,null "nss: nothing unblocks it, so nothing is locked"
is "$(in_db "login user $PIN" | last_rv)" CKR_OK "nss: its PIN is as it was"

# --- Behind a connection -----------------------------------------------------------------------------

# far PROFILE: the token of token_start is another machine's.
far() {
	latch_setup
	secrets
	[ "$TOKEN" != softhsm ] || personalize_direct
	FAR=$SCRATCH/far.sock
	foreign env p11-kit server --foreground --provider "$MODULE" --name "$FAR" pkcs11: >"$SCRATCH/far.log" 2>&1 &
	server=$!
	wait_for 10 grep -q '^P11_KIT_SERVER_PID' "$SCRATCH/far.log" || bail_out "p11-kit server: $(cat "$SCRATCH/far.log")"
	P11_KIT_SERVER_ADDRESS=unix:path=$FAR
	export P11_KIT_SERVER_ADDRESS
	sed -i "s|^Path=.*|Path=$CLIENT|; s|^Profile=.*|Profile=$1|" "$P11_LATCH_CONF"
}

far_end() {
	unset P11_KIT_SERVER_ADDRESS
	kill "$server"
	wait_for 5 gone "$server" || bail_out "p11-kit server does not end"
	rm -f "$FAR"
	token_stop
}

token_start softhsm
far auto
finds softhsm "softhsm, far"
far_end
token_start piv-ykcs11
PIN=$CARD_PIN
far yubikey
finds yubikey "piv-ykcs11, far"
is "$(card_pin card pin),$(card_pin card puk)" "3 $PIN,3 $PUK" "piv-ykcs11, far: as it was"
far_end
done_testing
