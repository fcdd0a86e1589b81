# SPDX-License-Identifier: BSD-3-Clause
# A blocked PIV card behind OpenSC and ykcs11 is unblocked, each way that there is.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"

# active PIN TEXT: by the record and the card itself, the PUK whole.
active() {
	is "$(record State) $(private Journal), $(counters), $(card_pin card pin)" "active none, 3 3, 3 $1" "$2"
}

signs() {
	unlike "$(once "$LATCH" "$@" | tr '\n' ' ')" "*CKR_[!O]*" "$text: and its key can be used"
}

by_set_pin() {
	text="$kind: C_SetPIN(PUK, new)"
	blocked_card
	signs "set-pin $PUK $PIN_NEW" "login user $PIN_NEW" sign-rsa
	active "$PIN_NEW" "$text: active"
	text="$kind: as programs that know the module write it"
	blocked_card
	signs "set-pin $PUK_IS$PUK $PIN_IS$PIN_NEW" "login user $PIN_NEW" sign-rsa
	active "$PIN_NEW" "$text: active"
	text="$kind: with nothing presented, by who may use the policy's PUK"
	blocked_card
	signs "set-pin empty $PIN_NEW" "login user $PIN_NEW" sign-rsa
	active "$PIN_NEW" "$text: active"
}

# As programs do that log in with the old PIN before they change it.
by_login() {
	text="$kind: C_Login(PUK), then C_SetPIN"
	blocked_card
	session_start person "$LATCH"
	expect CKR_OK person login user "$PUK"
	expect CKR_OK person sign-rsa
	is "$(record State) $(record Method)" "blocked scramble" "$text: nobody has a PIN between the two"
	expect CKR_OK person set-pin "$PUK" "$PIN_NEW"
	active "$PIN_NEW" "$text: active"
	expect CKR_OK person sign-rsa
	expect CKR_OK person logout
	expect CKR_OK person login user "$PIN_NEW"
	expect CKR_OK person sign-rsa
	drive_stop person
	blocked_card
	once "$LATCH" "login user $PUK" >/dev/null
	is "$(record State), $(login_rv "$LATCH" user "$PIN")" "blocked, CKR_PIN_LOCKED" \
		"$text: a login that is not followed by a change leaves it blocked"
	is "$(set_pin "$PUK" "$PIN_NEW")" CKR_OK "$text: and C_SetPIN unblocks it later"
	active "$PIN_NEW" "$text: active"
}

by_letter() {
	known_puk "$PUK" | sed "s/^PIN=.*/PIN=#$PIN_NEW/" | pickup PinLetter=yes
	blocked_card
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_INCORRECT "$kind: what is not the PIN letter"
	is "$(record State), $(counters)" "blocked, 0 3" "$kind: leaves it blocked, and costs the PUK nothing"
	text="$kind: the PIN letter"
	signs "login user $PIN_NEW" sign-rsa
	active "$PIN_NEW" "$text: becomes the PIN at its first login"
	known_puk | pickup
}

by_command() {
	blocked_card
	passes "$kind: p11-latch unblock with the policy's PUK" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	active "$PIN_NEW" "$kind: active"
	block_again
	is_blocked "$kind: blocked by the command"
	printf '%s\n%s\n' "$PUK" "$PIN_NEW" >"$SCRATCH/answers"
	passes "$kind: p11-latch unblock --puk" "$CMD" unblock --puk - --pin - "$CARD" <"$SCRATCH/answers"
	active "$PIN_NEW" "$kind: active"
}

# By the module's own tool, as it is.
by_tool() {
	blocked_card
	foreign pkcs11-tool --module "$LATCH" --unlock-pin --puk "$PUK" --new-pin "$PIN_NEW" >"$SCRATCH/tool" 2>&1
	active "$PIN_NEW" "$kind: pkcs11-tool --unlock-pin"
}

# What cannot be a PIN reaches no card.
wrong_form() {
	blocked_card
	card_mark card
	is "$(set_pin "$PUK" abcdef)" CKR_PIN_INVALID "$kind: a new PIN of letters"
	is "$(set_pin "$PUK" 12345x)" CKR_PIN_INVALID "$kind: and one of digits and a letter are invalid"
	is "$(set_pin "$PUK" 12345)" CKR_PIN_LEN_RANGE "$kind: one too short"
	is "$(set_pin "$PUK" 123456789)" CKR_PIN_LEN_RANGE "$kind: and one too long are out of range"
	is "$(set_pin "$PUK" "$PUK")" CKR_PIN_INVALID "$kind: and so is the PUK itself"
	like "$("$CMD" unblock --pin abcdef "$CARD" 2>&1)" "*digits only*" "$kind: the command says so"
	fails "$kind: the card was not asked" card_sees card "002c*"
	is_blocked "$kind: and is as it was"
	is "$(set_pin "$PUK" 12345678)" CKR_OK "$kind: eight digits are a PIN"
	active 12345678 "$kind: active"
}

for kind in $PIV_KINDS; do
	piv_start
	known_puk | pickup
	by_set_pin
	by_login
	by_letter
	by_command
	by_tool
	wrong_form
	no_secret "$kind: no PIN or PUK stands in log or state" "$PIN" "$PIN_NEW" "$PUK"
	token_stop
done
done_testing
