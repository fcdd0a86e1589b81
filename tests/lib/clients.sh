# SPDX-License-Identifier: BSD-3-Clause
# Ordinary programs on a card office's card. Sourced, after all.sh and desk.sh.
#
#	client_desk [LINE...]           policy: blocked after personalization, a person knows the PUK. LINEs of the
#	                                binding; UnblockByLogin=yes if none is given
#	p11_kit_setup                   p11-kit's programs have p11-latch's tokens and no others
#	PROXY                           p11-kit-proxy.so
#	for way in direct proxy; do     module_of $way: the library that a program is given
#	block_card                      the card of $LABEL is personalized (PIN is $PIN) and blocked
#	user_card                       a fresh card, in use already, with an RSA key
#	gives TEXT STATUS PATTERN COMMAND...
#	                                a test: exit status (0, or "not 0"), and a pattern of all that it says
#	active_is PIN TEXT              a test: the record says active, and the card takes the PIN

PROXY=$(multiarch_file p11-kit-proxy.so) || bail_out "p11-kit is not installed"

client_desk() {
	description unblock <<-'EOF'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	EOF
	[ $# -gt 0 ] || set -- UnblockByLogin=yes
	desk Unblock=unblock.dsc "$@"
}

p11_kit_setup() {
	rm -rf /etc/pkcs11
	install -d -m 755 /etc/pkcs11/modules
	for p11_kit_file in /usr/share/p11-kit/modules/*.module; do
		echo 'enable-in:' >"/etc/pkcs11/modules/${p11_kit_file##*/}"
	done
	echo "module: $LATCH" >/etc/pkcs11/modules/p11-latch.module
}

module_of() {
	case $1 in
	proxy) printf '%s' "$PROXY" ;;
	*) printf '%s' "$LATCH" ;;
	esac
}

# A personalization like any other, through the module, by a program that just ends. A locked card is first
# made one that is not, since setting its PIN would be an unblocking.
block_card() {
	personalize_direct
	"$CMD" forget "pkcs11:token=$LABEL" >"$SCRATCH/forget.log" 2>&1 || true
	block_out=$(once "$LATCH" "login so $SO" "init-pin $PIN")
	[ "$(printf '%s\n' "$block_out" | last_rv)" = CKR_OK ] || bail_out "init-pin: $block_out"
	wait_for 20 state_is blocked || bail_out "the card is not blocked: $(log_text | tail -n 20)"
}

# A user's card that is in use, with an RSA key "key".
user_card() {
	fresh
	personalize_direct
	foreign pkcs11-tool --module "$MODULE" --token-label "$LABEL" --login --pin "$PIN" \
		--keypairgen --key-type rsa:2048 --label key --id 01 >"$SCRATCH/keygen.log" 2>&1 ||
		bail_out "keypairgen: $(cat "$SCRATCH/keygen.log")"
	"$CMD" adopt "pkcs11:token=$LABEL" >"$SCRATCH/adopt.log" 2>&1 || bail_out "adopt"
}

gives() {
	gives_text=$1
	gives_status=$2
	gives_pattern=$3
	shift 3
	gives_out=$(foreign "$@" 2>&1 </dev/null)
	gives_is=$?
	[ "$gives_is" = 0 ] || gives_is="not 0"
	# shellcheck disable=SC2254
	case "$gives_is:$gives_out" in
	"$gives_status:"$gives_pattern) ok "$gives_text" ;;
	*)
		not_ok "$gives_text" "exit status is $gives_is, should be $gives_status; $*" \
			"should match: $gives_pattern" "$gives_out" "the log:" "$(log_text | tail -n 5)"
		;;
	esac
}

active_is() {
	is "$(record State):$(login_rv "$MODULE" user "$1")" active:CKR_OK "$2"
}
