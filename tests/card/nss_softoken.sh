# SPDX-License-Identifier: BSD-3-Clause
# NSS's softoken as vendor module: it passes through whole, and what it cannot do is refused with the reason.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

MODULE=$(multiarch_file libsoftokn3.so) || bail_out "libnss3 is not installed"
TOKEN=nss
DB="NSS Certificate DB"
CARD="pkcs11:token=NSS%20Certificate%20DB"

# The string that NSS itself gives it, for the data base in $SCRATCH/NAME.
parameters() {
	printf "configdir='sql:%s/%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags= " "$SCRATCH" "$1"
	printf "updatedir='' updateCertPrefix='' updateKeyPrefix='' updateid='' updateTokenDescription=''"
}

new_db() {
	rm -rf "${SCRATCH:?}/$1"
	mkdir "$SCRATCH/$1"
}

# nss LIB DATABASE LINE...
nss() {
	nss_lib=$1
	nss_parameters=$(parameters "$2")
	shift 2
	"$P11DRIVE" "$nss_lib" "initialize \"$nss_parameters\"" "slot-label \"$DB\"" "$@"
}

# A program from the beginning to the end, with each sort of PIN that programs give.
everything() {
	nss "$1" "$2" slots token-info "open rw" session-info "login user null" "login user 123456" \
		"login so wrong" "login so null" session-info "init-pin 12" "init-pin $PIN" logout \
		"login so null" "login so empty" "login user null" "login user empty" "login user 111111" \
		"login user 111111" "login user 111111" "login user 111111" "login-user user 111111" \
		"set-pin $PIN $PIN_NEW" "login-user user $PIN" session-info "gen-key mine" "sign mine" \
		"create-data d 1234 private" find "set-pin wrong $PIN_NEW" "set-pin $PIN $PIN_NEW" logout \
		"login context $PIN" "login user $PIN" "login user $PIN_NEW" "sign mine" "destroy d" find \
		"open ro second" "close second" close token-info finalize "initialize null" initialize
	nss "$1" "$2" "open ro" "login user $PIN_NEW" "sign mine" "init-token null \"$DB\"" close-all finalize
}

passes_whole() {
	new_db direct
	new_db through
	everything "$MODULE" direct >"$SCRATCH/direct.out" 2>&1
	everything "$LATCH" through >"$SCRATCH/through.out" 2>&1
	passes "$1: every call answers as it does directly" diff -u "$SCRATCH/direct.out" "$SCRATCH/through.out"
}

interfaces() {
	"$P11DRIVE" "$1" interfaces
}

gives_interfaces() {
	is "$(interfaces "$LATCH" | sed 's|in=memory|in=/libsoftokn3.so|g')" "$(interfaces "$MODULE")" \
		"it gives the interfaces that softoken gives"
	like "$(interfaces "$LATCH")" \
		"*name=PKCS%2011 3.0 flags=1 in=memory name=PKCS%2011 2.40 flags=1 in=memory *" \
		"the standard's are p11-latch's"
	like "$(interfaces "$LATCH")" "*name=Vendor%20NSS%20Module%20Interface 1.0 flags=1 in=/libsoftokn3.so *" \
		"NSS's own are handed on untouched"
}

# Programs of p11-kit have the string from the module's file.
under_p11_kit() {
	new_db card
	nss "$MODULE" card "open rw" "login so null" "init-pin $PIN" finalize >/dev/null
	install -d -m 755 /etc/pkcs11/modules
	printf 'module: %s\nx-init-reserved: %s\n' "$LATCH" "$(parameters card)" >/etc/pkcs11/modules/latch.module
	for kit in /usr/share/p11-kit/modules/*.module; do
		echo 'enable-in:' >"/etc/pkcs11/modules/${kit##*/}"
	done
	like "$(foreign p11-kit list-modules 2>&1)" "*token: $DB*" "p11-kit gives p11-latch the string"
	proxy=$(multiarch_file p11-kit-proxy.so) || bail_out "p11-kit is not installed"
	passes "pkcs11-tool makes a key" foreign pkcs11-tool --module "$proxy" --token-label "$DB" \
		--login --pin "$PIN" --keypairgen --key-type EC:prime256v1 --label key --id 01
	echo "a hash that has thirty-two bytes" >"$SCRATCH/data"
	passes "and signs with it" foreign pkcs11-tool --module "$proxy" --token-label "$DB" \
		--login --pin "$PIN" --sign --mechanism ECDSA --id 01 --input-file "$SCRATCH/data" --output-file "$SCRATCH/sig"
	like "$(nss "$MODULE" card "open rw" "login user $PIN" "find key" finalize)" "*find CKR_OK n=2*" \
		"softoken itself has it"
	rm -rf /etc/pkcs11
}

# is_untouched DATABASE TEXT: no PIN was set, the SO PIN is still the empty one.
is_untouched() {
	like "$(nss "$MODULE" "$1" "open rw" "login so null" finalize)" "*login CKR_OK*" "$2"
}

# personalize_nss: how C_InitPIN ends through p11-latch, and within how many seconds.
personalize_nss() {
	new_db card
	started=$(date +%s)
	init_rv=$(nss "$LATCH" card "open rw" "login so null" "init-pin $PIN" finalize | sed -n 's/^init-pin //p')
	took=$(($(date +%s) - started))
}

refused() {
	is "$init_rv" CKR_FUNCTION_FAILED "$1: C_InitPIN under a policy that blocks is refused"
	is "$((took < 5))" 1 "$1: at once ($took s)"
	is_untouched card "$1: and the token untouched"
	is "$(record State)" none "$1: with no record"
}

latch_setup
passes_whole "no policy"
gives_interfaces
under_p11_kit

desk
log_clear
personalize_nss
refused "without InitReserved="
logged "nothing can block or unblock a token of this module.*take Personalize= out" "the log says why, and what to do"
like "$("$CMD" status 2>&1)" "*C_Initialize: CKR_ARGUMENTS_BAD; it wants a parameter string*write InitReserved=*" \
	"p11-latch status says what it needs"

sed -i "/^Path=/a InitReserved=$(parameters card)" "$P11_LATCH_CONF"
log_clear
personalize_nss
refused "with InitReserved="
like "$("$CMD" status)" "*NSS%20Certificate%20DB*" "p11-latch status reaches the token"

nss "$MODULE" card "open rw" "login so null" "init-pin $PIN" finalize >/dev/null
like "$("$CMD" explain "$CARD")" "*refused: nothing can block a token of this module*" "explain says it too"
like "$("$CMD" verify "$CARD"; echo "status $?")" \
	"*offline-unblockable: no*it can have no tickets: with this module the SO PIN is of no use*in logins: no*status 1" \
	"verify says that it can have no tickets"
fails "p11-latch block is refused" "$CMD" block --force "$CARD"
like "$(nss "$LATCH" card "open rw" "login user $PIN" finalize)" "*login CKR_OK*" "and the token in use all the same"
is "$(record State)" none "with no record"

policy_clear
echo Unblock=unblock.dsc | policy
description unblock <<-'END'
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_2_FIELD
	InitialPUK=!FROM_USER_DIALOG_1_FIELD
END
sed -i "/^InitReserved=/d" "$P11_LATCH_CONF"
log_clear
new_db pick-up
like "$(nss "$LATCH" pick-up "open rw" "login so null" "init-pin $PIN" logout "login user $PIN" finalize)" \
	"*init-pin CKR_OK*login CKR_OK*" "a binding without Personalize= leaves it alone"
passes "no helper is left" wait_for 5 no_helpers
done_testing
