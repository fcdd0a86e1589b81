# SPDX-License-Identifier: BSD-3-Clause
# PIN letters: the PIN that the card's holder was sent activates it at the first C_Login.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

LETTER=864213

letter() {
	printf '[Fields]\nPIN=\n[Description]\nSetPIN=true\nPIN=%s\nInitialPUK=%s\n' "$1" "${2:-#$SO}"
}

own_letter() {
	letter PIN | pickup "Field.PIN=file:$SCRATCH/letters/{serial}"
	blocked_card
	serial=$(once "$MODULE" token-info | sed -n 's/.* serial=\([^ ]*\).*/\1/p')
	mkdir -p "$SCRATCH/letters"
	rm -f "$SCRATCH/letters"/*
	echo "$LETTER" >"$SCRATCH/letters/$serial"
}

activates() {
	own_letter
	session_start desk "$LATCH"
	expect CKR_PIN_INCORRECT desk login user 111111
	is "$(set_pin "$LETTER" "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: a letter is no PUK for C_SetPIN"
	still_blocked "$kind: the card stays blocked" "$LETTER" "$PIN"
	expect CKR_OK desk login user "$LETTER"
	like "$(drive desk session-info)" "*state=RW_USER*" "$kind: the login goes on as any login"
	expect CKR_OK desk create-data mine 1234 private
	is_active "$LETTER" "$kind: the PIN of the letter is the card's PIN now"
	expect CKR_OK desk logout
	expect CKR_OK desk login user "$LETTER"
	expect CKR_OK desk set-pin "$LETTER" "$PIN_NEW"
	drive_stop desk
	is_active "$PIN_NEW" "$kind: and its holder may change it"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_PIN_INCORRECT "$kind: the letter is worth nothing then"
}

wrong_ones() {
	own_letter
	for n in 1 2 3; do
		is "$(login_rv "$LATCH" user 11111$n)" CKR_PIN_INCORRECT "$kind: wrong letter $n"
	done
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_PIN_LOCKED "$kind: after three wrong ones the right one is not taken"
	still_blocked "$kind: the card stays blocked" "$LETTER"
	logged "p11-latch reset" "$kind: the log says what opens it again"
	is "$(login_rv "$LATCH" user "$SO")" CKR_OK "$kind: the PUK is right all the same"
	still_blocked "$kind: which leaves the card blocked" "$LETTER"
	own_letter
	for n in 1 2 3 4; do
		login_rv "$LATCH" user 11111$n >/dev/null
	done
	passes "$kind: p11-latch reset" "$CMD" reset "$CARD"
	is "$(login_rv "$LATCH" user 111111)" CKR_PIN_INCORRECT "$kind: a letter is in force again"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "$kind: and activates the card"
	is_active "$LETTER" "$kind: active"
	is "$(private LetterWrong)" 0 "$kind: the wrong ones are forgotten"
}

# A literal is the same for every card: only where the policy says that this is meant.
literals() {
	letter "#$LETTER" | pickup
	blocked_card
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_PIN_LOCKED "$kind: a literal is no letter without PinLetter=yes"
	still_blocked "$kind: the card stays blocked" "$LETTER"
	letter "#$LETTER" | pickup PinLetter=yes
	is "$(login_rv "$LATCH" user 111111)" CKR_PIN_INCORRECT "$kind: with PinLetter=yes it is one"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "$kind: and activates the card"
	is_active "$LETTER" "$kind: active"
}

# Rows 1 and 2 need the policy's secret.
no_puk() {
	letter "#$LETTER" '!FROM_USER_DIALOG_1_FIELD' | pickup PinLetter=yes
	blocked_card
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_PIN_LOCKED "$kind: a letter is of no use where nobody holds the PUK"
	still_blocked "$kind: the card stays blocked" "$LETTER"
}

bad_letter() {
	letter "#12" | pickup PinLetter=yes
	blocked_card
	is "$(login_rv "$LATCH" user 12)" CKR_PIN_LEN_RANGE "$kind: a letter that the token does not take as PIN"
	logged "the PIN letter is no PIN that this card takes, with 4 to" "$kind: the log says so"
	still_blocked "$kind: the card stays blocked" 12
}

# Who locked the card was its user: not a matter of letters any more.
by_its_user() {
	own_letter
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "$kind: activated"
	for n in 1 2 3 4; do
		once "$LATCH" "login user 11111$n" >/dev/null
	done
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_PIN_LOCKED "$kind: the user locked the card: the letter is not taken"
	is "$(record State), $(record ByUser)" "blocked, true" "$kind: the record knows who did it"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: the PUK unblocks it"
	is_active "$PIN_NEW" "$kind: active"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	activates
	wrong_ones
	literals
	no_puk
	bad_letter
	[ "$kind" != opencryptoki ] || by_its_user
	no_secret "$kind: no letter or PUK stands in log or state" "$SO" "$LETTER"
	token_stop
done
done_testing
