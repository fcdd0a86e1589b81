# SPDX-License-Identifier: BSD-3-Clause
# Real tokens, made fresh in this test's own namespaces. Sourced, after tap.sh and drive.sh.
#
#	softhsm_start             a factory token of SoftHSM2
#	opencryptoki_start        a factory token of openCryptoki, its daemon running
#	tpm2_start                a factory token of a TPM, see tpm.sh
#	token_start KIND          one of them by name: for K in $TOKENS; do token_start $K; ...
#	token_new [LABEL]         a factory token once more, in place of the one before
#	token_second              another token beside it; SECOND_LABEL, the same SO PIN
#	token_stop
#
# They set MODULE (path of the vendor's module), TOKEN (softhsm, opencryptoki, tpm2), LABEL, SO (SO PIN now valid),
# SO_NEW (another that the token takes), PIN, PIN_NEW (user PINs that it takes; none is set yet).
#
# Virtual smart cards, by the same words: for K in $CARDS; do token_start $K [STYLE]; ...
#
#	openpgp                   an OpenPGP card behind OpenSC. SO is its PW3, PUK its resetting code. STYLE is OpenSC's
#	                          user_pin_unblock_style: init_pin_in_so_session (if not given), set_pin_in_unlogged_session
#	piv-opensc                a PIV card behind OpenSC, which knows no SO login there: SO is its PUK
#	piv-ykcs11                a YubiKey's PIV behind ykcs11: SO is the management key, 48 hex digits
#
# They have a user PIN from the factory, CARD_PIN, and set PUK, PUK_NEW and SERIAL (as PKCS#11 shows it) too.
# The card itself is named "card": card_pull card, card_fault card 5 pull, ... (tests/lib/vcards.sh).

TOKENS="softhsm opencryptoki"
# shellcheck disable=SC2034
CARDS="openpgp piv-opensc piv-ykcs11"
SO=76543210
SO_NEW=13572468
PIN=123456
PIN_NEW=654321
LABEL=latch
SECOND_LABEL=second

. "$SRCDIR/tests/lib/tpm.sh"

multiarch_file() {
	for multiarch in /usr/lib/*-linux-gnu*/"$1" /usr/lib64/"$1" /usr/lib/"$1"; do
		if [ -e "$multiarch" ]; then
			printf '%s' "$multiarch"
			return
		fi
	done
	return 1
}

softhsm_start() {
	TOKEN=softhsm
	MODULE=$(multiarch_file softhsm/libsofthsm2.so) || bail_out "softhsm2 is not installed"
	SOFTHSM2_CONF=$SCRATCH/softhsm2.conf
	export SOFTHSM2_CONF
	cat >"$SOFTHSM2_CONF" <<-EOF
		directories.tokendir = $SCRATCH/softhsm
		objectstore.backend = file
		log.level = ERROR
		slots.removable = false
	EOF
	token_new
}

# The slot's number, configuration name.
opencryptoki_slot() {
	printf 'slot %s\n{\nstdll = libpkcs11_sw.so\n' "$1"
	[ "$2" = swtok ] || printf 'tokname = %s\n' "$2"
	printf '}\n'
	for folder in "/run/lock/opencryptoki/$2" "/var/lib/opencryptoki/$2" \
		"/var/lib/opencryptoki/$2/TOK_OBJ"; do
		install -d -m 770 -g pkcs11 "$folder"
	done
}

# It tells of shared memory that one before it left, and goes on: that is nobody's verdict.
opencryptoki_daemon() {
	/usr/sbin/pkcsslotd >"$SCRATCH/pkcsslotd" 2>&1 || bail_out "pkcsslotd does not start: $(cat "$SCRATCH/pkcsslotd")"
	wait_for 10 test -S /run/pkcsslotd.socket || bail_out "pkcsslotd has no socket"
}

opencryptoki_start() {
	TOKEN=opencryptoki
	MODULE=$(multiarch_file opencryptoki/libopencryptoki.so.0) ||
		bail_out "opencryptoki is not installed"
	install -d -m 755 /run/lock
	install -d -m 770 -g pkcs11 /run/lock/opencryptoki
	{
		echo 'version opencryptoki-3.1'
		opencryptoki_slot 0 swtok
		opencryptoki_slot 1 second
	} >/etc/opencryptoki/opencryptoki.conf
	opencryptoki_daemon
	token_new
}

# --- Smart cards ------------------------------------------------------------------------------------

CARD_PIN=000000
MANAGEMENT_KEY=010203040506070801020304050607080102030405060708
MANAGEMENT_KEY_NEW=8c19fd2b25a4e3d07645cb01f7929b2ad6853ec2f8546e1f

# After a card: what is above holds for the others again.
secrets_of_software() {
	SO=76543210
	SO_NEW=13572468
	PUK=
	PUK_NEW=
	SERIAL=
}

card_token_start() {
	TOKEN=$1
	PUK=24681357
	PUK_NEW=86427531
	case $TOKEN in
	*ykcs11)
		MODULE=$(multiarch_file libykcs11.so.2) || bail_out "ykcs11 is not installed"
		SO=$MANAGEMENT_KEY
		SO_NEW=$MANAGEMENT_KEY_NEW
		readers_start "Yubico Virtual"
		;;
	*)
		MODULE=$(multiarch_file opensc-pkcs11.so) || bail_out "opensc-pkcs11 is not installed"
		opensc_conf "user_pin_unblock_style = $2;"
		readers_start "Virtual"
		;;
	esac
	token_new
}

openpgp_start() {
	card_token_start openpgp "${1:-init_pin_in_so_session}"
}

piv_opensc_start() {
	card_token_start piv-opensc "${1:-set_pin_in_unlogged_session}"
	SO=$PUK
	SO_NEW=$PUK_NEW
}

piv_ykcs11_start() {
	card_token_start piv-ykcs11
}

# card_token CARD NUMBER: from the factory, of that serial number. Their labels are not to be chosen.
card_token() {
	card_number=$(printf '%08x' "$2")
	case $TOKEN in
	openpgp)
		card_new "$1" openpgp "serial=$card_number" "pin.pw1=$CARD_PIN" "pin.pw3=$SO" "pin.rc=$PUK"
		;;
	piv-opensc)
		card_new "$1" piv "serial=$card_number" "pin.pin=$CARD_PIN" "pin.puk=$PUK"
		;;
	piv-ykcs11)
		card_new "$1" piv "serial=$card_number" "pin.pin=$CARD_PIN" "pin.puk=$PUK" version=050204
		;;
	esac
	card_token_names "$2"
}

# What PKCS#11 calls the card of this number. OpenSC shows the last half of a PIV card's GUID.
card_token_names() {
	case $TOKEN in
	openpgp)
		LABEL="OpenPGP card (User PIN)"
		SERIAL=$(printf 'ffff%08x' "$1")
		;;
	piv-opensc)
		LABEL="Virtual card"
		SERIAL=$(printf '6172642d%08x' "$1")
		;;
	piv-ykcs11)
		LABEL="YubiKey PIV #$1"
		SERIAL=$1
		;;
	esac
}

card_token_second() {
	card_first_label=$LABEL
	card_first_serial=$SERIAL
	card_token second 2
	# shellcheck disable=SC2034
	SECOND_LABEL=$LABEL
	# shellcheck disable=SC2034
	SECOND_SERIAL=$SERIAL
	LABEL=$card_first_label
	SERIAL=$card_first_serial
	card_insert second 1
}

# --- All of them ------------------------------------------------------------------------------------

# token_start KIND [STYLE]
token_start() {
	"$(printf '%s' "$1" | tr - _)_start" "${2:-}"
}

# Factory state: on openCryptoki the SO PIN had to be changed from its default once, as it forces.
token_new() {
	LABEL=${1:-latch}
	case $TOKEN in
	softhsm)
		rm -rf "$SCRATCH/softhsm"
		install -d -m 700 "$SCRATCH/softhsm"
		token_lines "slot 0" "init-token $SO \"$LABEL\""
		;;
	opencryptoki)
		opencryptoki_wipe
		token_lines "slot 0" "init-token 87654321 \"$LABEL\"" "open rw" \
			"login so 87654321" "set-pin 87654321 $SO"
		;;
	tpm2) tpm2_new ;;
	imitation) imitation_new ;;
	*)
		card_token card 1
		card_insert card 0
		;;
	esac
}

token_second() {
	case $TOKEN in
	softhsm | tpm2) token_lines "slot 1" "init-token $SO $SECOND_LABEL" finalize ;;
	opencryptoki)
		token_lines "slot 1" "init-token 87654321 $SECOND_LABEL" "open rw" \
			"login so 87654321" "set-pin 87654321 $SO"
		;;
	*) card_token_second ;;
	esac
}

token_lines() {
	token_out=$("$P11DRIVE" "$MODULE" initialize "$@")
	if printf '%s\n' "$token_out" | grep -qv ' CKR_OK'; then
		bail_out "$TOKEN: no fresh token: $token_out"
	fi
}

# With the daemon stopped, or it would write back what it has in memory.
opencryptoki_wipe() {
	opencryptoki_stop
	for folder in /var/lib/opencryptoki/swtok /var/lib/opencryptoki/second; do
		rm -rf "${folder:?}"/*
		install -d -m 770 -g pkcs11 "$folder/TOK_OBJ"
	done
	rm -f /dev/shm/var.lib.opencryptoki.*
	opencryptoki_daemon
}

opencryptoki_stop() {
	daemon=$(cat /run/pkcsslotd.pid 2>/dev/null) || return 0
	kill "$daemon" 2>/dev/null || true
	wait_for 5 gone "$daemon" || kill -9 "$daemon"
	rm -f /run/pkcsslotd.pid /run/pkcsslotd.socket
}

token_stop() {
	case $TOKEN in
	opencryptoki) opencryptoki_stop ;;
	tpm2) tpm2_stop ;;
	openpgp | piv-*)
		readers_stop
		secrets_of_software
		;;
	esac
}

# personalize_direct [PIN]: the vendor's own C_InitPIN, without p11-latch anywhere.
personalize_direct() {
	once_out=$(once "$MODULE" "login so $SO" "init-pin ${1:-$PIN}")
	[ "$(printf '%s\n' "$once_out" | last_rv)" = CKR_OK ] || bail_out "init-pin: $once_out"
}
