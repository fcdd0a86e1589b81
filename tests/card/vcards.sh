# SPDX-License-Identifier: BSD-3-Clause
# The harness itself: virtual smart cards behind OpenSC and ykcs11 do what real ones did, without p11-latch anywhere.
set -u
. "$SRCDIR/tests/lib/all.sh"

WRONG=111111
WRONG_PUK=99999999

# The name of the user PIN and of what unblocks it, on the card.
names() {
	case $kind in
	openpgp) pin=pw1 puk=rc ;;
	piv-*) pin=pin puk=puk ;;
	esac
}

# unblock PUK NEW, or where the SO does it, with the SO PIN.
unblock() {
	case $kind in
	openpgp)
		if [ $by_code = yes ]; then
			once "$MODULE" "set-pin $1 $2" | last_rv
		else
			once "$MODULE" "login so $SO" "init-pin $2" | last_rv
		fi
		;;
	piv-opensc) once "$MODULE" "set-pin $1 $2" | last_rv ;;
	piv-ykcs11) once "$MODULE" "set-pin puk:$1 pin:$2" | last_rv ;;
	esac
}

info() {
	pkcs11-tool --module "$MODULE" --show-info 2>/dev/null | sed -n "s/^$1  *//p"
}

token_line() {
	once "$MODULE" token-info | sed -n 's/^token-info CKR_OK \(.*\) flags:.*/\1/p'
}

shows() {
	case $kind in
	piv-ykcs11)
		is "$(info Library)" "PKCS#11 PIV Library (SP-800-73) (ver 2.20)" "$kind: the library's name"
		is "$(info Manufacturer)" "Yubico (www.yubico.com)" "$kind: and its maker's"
		is "$(token_line)" "label=YubiKey%20PIV%20#1 manufacturer=Yubico%20(www.yubico.com) model=YubiKey%20YK5 serial=1 pin=6..48" "$kind: the token"
		;;
	*)
		is "$(info Library)" "OpenSC smartcard framework (ver 0.23)" "$kind: the library's name"
		is "$(info Manufacturer)" "OpenSC Project" "$kind: and its maker's"
		;;
	esac
	case $kind in
	openpgp)
		is "$(token_line)" "label=OpenPGP%20card%20(User%20PIN) manufacturer=test%20card model=PKCS#15%20emulated serial=$SERIAL pin=6..127" "$kind: the token"
		like "$("$P11DRIVE" "$MODULE" initialize slots)" "*n=2 *serial=$SERIAL *serial=$SERIAL*" "$kind: one card is two slots of one serial number"
		;;
	piv-opensc)
		is "$(token_line)" "label=Virtual%20card manufacturer=piv_II model=PKCS#15%20emulated serial=$SERIAL pin=4..8" "$kind: the token"
		;;
	esac
	like "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: a card from the factory has a user PIN"
}

# wrong_pin FLAG TRIES: one more, and what the card and a new process say then.
wrong_pin() {
	is "$(login_rv "$MODULE" user $WRONG)" CKR_PIN_INCORRECT "$kind: a wrong PIN is refused"
	is "$(card_pin card "$pin")" "$2 $CARD_PIN" "$kind: the card counts it: $2 left"
	if [ -n "$1" ]; then
		like "$(flags "$MODULE")" "* $1 *" "$kind: and $1 shows it"
	else
		unlike "$(flags "$MODULE")" "*USER_PIN_[CFL]*" "$kind: and no flag shows it"
	fi
}

locks() {
	if [ "$kind" = piv-ykcs11 ]; then
		wrong_pin USER_PIN_COUNT_LOW 2
	else
		wrong_pin "" 2
	fi
	wrong_pin USER_PIN_FINAL_TRY 1
	wrong_pin USER_PIN_LOCKED 0
	is "$(login_rv "$MODULE" user "$CARD_PIN")" CKR_PIN_LOCKED "$kind: now the right one is refused too"
}

unblocks() {
	if [ "$kind" = openpgp ]; then
		is "$(login_rv "$MODULE" so $WRONG_PUK)" CKR_PIN_INCORRECT "$kind: a wrong SO PIN is refused"
		is "$(card_pin card pw3)" "2 $SO" "$kind: and counted"
	else
		is "$(unblock $WRONG_PUK "$PIN")" CKR_PIN_INCORRECT "$kind: a wrong PUK is refused"
		is "$(card_pin card "$puk")" "2 $PUK" "$kind: and counted"
	fi
	is "$(unblock "$PUK" "$PIN")" CKR_OK "$kind: the right one sets a PIN on a locked card"
	is "$(card_pin card "$pin")" "3 $PIN" "$kind: with all its tries"
	is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "$kind: and it is right"
	unlike "$(flags "$MODULE")" "*USER_PIN_[CFL]*" "$kind: no flag is left"
}

so_login() {
	case $kind in
	openpgp) so_answers CKR_OK CKR_PIN_INCORRECT $WRONG_PUK ;;
	piv-opensc) so_answers CKR_GENERAL_ERROR CKR_GENERAL_ERROR $WRONG_PUK ;;
	piv-ykcs11)
		so_answers CKR_OK CKR_PIN_INCORRECT "$SO_NEW"
		is "$(once "$MODULE" "login so $SO" "init-pin $PIN" | last_rv)" CKR_FUNCTION_NOT_SUPPORTED "$kind: no C_InitPIN"
		is "$(once "$MODULE" "login so $SO" "set-pin $SO $SO_NEW" | last_rv)" CKR_OK "$kind: C_SetPIN as SO sets the management key"
		is "$(login_rv "$MODULE" so "$SO")" CKR_PIN_INCORRECT "$kind: the old one opens nothing any more"
		is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: the new one does"
		;;
	esac
}

so_answers() {
	is "$(login_rv "$MODULE" so "$SO")" "$1" "$kind: C_Login as SO"
	is "$(login_rv "$MODULE" so "$3")" "$2" "$kind: and with a wrong value"
}

signs() {
	like "$(once "$MODULE" "login user $PIN" sign-rsa)" "*sign-rsa CKR_OK len=256*" "$kind: its key signs"
	printf 'what is signed' >signed
	passes "$kind: for pkcs11-tool too" pkcs11-tool --module "$MODULE" --token-label "$LABEL" --login --pin "$PIN" \
		--sign --mechanism SHA256-RSA-PKCS --input-file signed --output-file signature
	pkcs11-tool --module "$MODULE" --token-label "$LABEL" --read-object --type pubkey --id "$key_id" \
		--output-file public >/dev/null 2>&1
	passes "$kind: and the signature is one" openssl dgst -sha256 -verify public -keyform DER -signature signature signed
}

survives() {
	login_rv "$MODULE" user $WRONG >/dev/null
	card_pull card
	is "$("$P11DRIVE" "$MODULE" initialize slots | last_rv)" CKR_OK "$kind: pulled"
	like "$("$P11DRIVE" "$MODULE" initialize slots)" "*n=0*" "$kind: and no token is there"
	card_back card
	is "$(card_pin card "$pin")" "2 $PIN" "$kind: its counter lives through that"
	kill -9 "$(cat "$SCRATCH/cards/card/pid")"
	card_leaves card
	card_insert card
	is "$(card_pin card "$pin")" "2 $PIN" "$kind: and through the end of its process"
	is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "$kind: a right PIN gives all tries back"
	is "$(card_pin card "$pin")" "3 $PIN" "$kind: on the card too"
}

# OpenSC 0.23's PIV driver hangs for ever when its card leaves in the middle of a call: that is no answer either.
soon() {
	timeout 2 "$P11DRIVE" --to "$SCRATCH/drive/app" "$@" || true
}

# fails_each WHAT: at each APDU of a login, one after the other, until there is no such APDU.
fails_each() {
	at=0
	while at=$((at + 1)) && [ $at -lt 10 ]; do
		session_start app "$MODULE"
		card_fault card $at "$@"
		answer=$(soon login user "$PIN")
		drive_stop app
		card_fault_done card || break
		unlike "$answer" "*CKR_OK*" "$kind: $1 at APDU $at of a login fails it"
		card_well card
		card_back card
		is "$(card_pin card "$pin")" "3 $PIN" "$kind: $1 at APDU $at takes nothing"
		is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "$kind: and all is well afterwards"
	done
	card_well card
	is "$answer" "login CKR_OK" "$kind: a login has $((at - 1)) APDUs, and beyond them nothing fails"
	is "$((at - 1))" "$login_apdus" "$kind: as many as were counted"
}

# The login is the one APDU of it that has 0020 in it: done before the power went, or not.
reset_before_and_after() {
	session_start app "$MODULE"
	card_mark card
	must app login user "$PIN"
	drive_stop app
	login_apdus=$(card_count card)
	passes "$kind: the PIN was among the APDUs of a login" card_sees card '002000*'
	for when in reset reset-after; do
		session_start app "$MODULE"
		card_fault card "$login_apdus" "$when"
		unlike "$(soon login user $WRONG)" "*CKR_PIN_INCORRECT*" "$kind: $when, and the answer is lost"
		drive_stop app
		card_well card
		card_back card
		[ $when = reset ] && left=3 || left=2
		is "$(card_pin card "$pin")" "$left $PIN" "$kind: $when leaves $left tries"
	done
	is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "$kind: right again"
}

refuses_and_waits() {
	session_start app "$MODULE"
	card_fault card "$login_apdus" refuse 6f00
	unlike "$(drive app login user "$PIN")" "*CKR_OK*" "$kind: refused with 6F00"
	card_well card
	card_fault card "$login_apdus" delay 300
	before=$(date +%s%N)
	expect CKR_OK app login user "$PIN"
	passes "$kind: late by 300 ms" test $((($(date +%s%N) - before) / 1000000)) -ge 300
	card_well card
	must app logout
	card_fault card 0 hang
	is "$(soon login user "$PIN")" "" "$kind: it hangs"
	passes "$kind: at the APDU where it should" card_fault_done card
	card_well card
	passes "$kind: it goes on" wait_for 5 app_is_done
	drive_stop app
}

app_is_done() {
	[ "$(soon session-info)" = "session-info CKR_OK state=RW_USER error=0" ]
}

# What only the PUK does: wrong ones are counted, and the third blocks it.
puk_blocks() {
	token_new
	for left in 2 1 0; do
		is "$(unblock $WRONG_PUK "$PIN")" CKR_PIN_INCORRECT "$kind: a wrong PUK is refused"
		is "$(card_pin card "$puk")" "$left $PUK" "$kind: $left tries of it are left"
	done
	is "$(unblock "$PUK" "$PIN")" CKR_PIN_LOCKED "$kind: then the right one is refused"
	is "$(card_pin card "$pin")" "3 $CARD_PIN" "$kind: and the PIN is what it was"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: no flag shows it"
}

resetting_code() {
	token_start openpgp set_pin_in_unlogged_session
	kind=openpgp
	names
	by_code=yes
	is "$(unblock "$PUK" "$PIN")" CKR_OK "openpgp: the resetting code sets a PIN in a public session"
	is "$(card_pin card "$pin")" "3 $PIN" "openpgp: and the card has it"
	is "$(once "$MODULE" "login so $SO" "init-pin $PIN" | last_rv)" CKR_FUNCTION_NOT_SUPPORTED "openpgp: C_InitPIN is not there then"
	puk_blocks
	card_new card openpgp "pin.pw1=$CARD_PIN" "pin.pw3=$SO"
	card_insert card
	is "$(unblock "$PUK" "$PIN")" CKR_PIN_LOCKED "openpgp: where no resetting code is set it is as if it were blocked"
	token_stop
}

by_code=no
# raw APDU...: status words of the last one, "6982". OpenSC selects the application first.
raw() {
	raw_options=
	for raw_apdu; do
		raw_options="$raw_options -s $raw_apdu"
	done
	# shellcheck disable=SC2086
	opensc-tool --reader 0 $raw_options 2>/dev/null |
		sed -n 's/^Received (SW1=0x\(..\), SW2=0x\(..\)).*/\1\2/p' | tail -n 1
}

# Without the right PIN or key nothing opens, whatever the module in front does.
closed_doors() {
	case $kind in
	openpgp)
		is "$(raw 00:2C:02:81:06:31:32:33:34:35:36)" 6982 "$kind: no PIN is reset without PW3"
		is "$(raw 00:DA:00:D3:08:31:32:33:34:35:36:37:38)" 6982 "$kind: nor a resetting code set"
		is "$(raw 00:47:80:00:02:B6:00:00)" 6982 "$kind: nor a key made"
		is "$(raw 00:2A:9E:9A:04:01:02:03:04:00)" 6982 "$kind: nothing is signed without PW1"
		is "$(raw 00:88:00:00:04:01:02:03:04:00)" 6982 "$kind: nor authenticated"
		is "$(raw 00:20:00:81:00 00:FF:00:00)" 6D00 "$kind: an instruction that it does not know"
		;;
	piv-*)
		witness=00:87:03:9B:04:7C:02:80:00:00
		is "$(raw $witness)" 9000 "$kind: the card has a witness"
		is "$(raw $witness 00:87:03:9B:16:7C:14:80:08:01:02:03:04:05:06:07:08:81:08:01:02:03:04:05:06:07:08:00)" 6982 \
			"$kind: which is not guessed"
		is "$(raw 00:87:03:9B:04:7C:02:81:00:00 00:87:03:9B:0C:7C:0A:82:08:01:02:03:04:05:06:07:08)" 6982 "$kind: nor its challenge answered"
		is "$(raw 00:DB:3F:FF:08:5C:03:5F:C1:01:53:01:00)" 6982 "$kind: no data is written without the key"
		is "$(raw 00:47:00:9A:05:AC:03:80:01:07:00)" 6982 "$kind: nor a key made"
		[ "$kind" = piv-opensc ] ||
			is "$(raw 00:FA:03:03)" 6982 "$kind: nor are the tries set"
		;;
	esac
}

for kind in $CARDS; do
	token_start "$kind"
	names
	[ "$kind" = openpgp ] && key_id=03 || key_id=01
	shows
	locks
	unblocks
	closed_doors
	signs
	survives
	reset_before_and_after
	fails_each pull
	refuses_and_waits
	so_login
	[ "$kind" = openpgp ] || puk_blocks
	token_second
	like "$("$P11DRIVE" "$MODULE" initialize slots)" "*serial=$SERIAL *serial=$SECOND_SERIAL*" "$kind: a second card stands beside the first"
	token_stop
	passes "$kind: nothing is left running" gone "$PCSCD"
done
resetting_code
done_testing
