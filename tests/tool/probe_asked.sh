# SPDX-License-Identifier: BSD-3-Clause
# p11-latch probe: asks before what costs, refuses, is killed, and meets modules that answer what they like.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/probe.sh"

# --- Who is asked ----------------------------------------------------------------------------------

token_start softhsm
latch_setup
secrets
new_card
# on_terminal WORDS ANSWER...: an answer to each question when it is there, Ctrl-C at one too many.
questions() {
	[ "$(grep -o -e '\[y/N\]' -e '(empty: none):' "$SCRATCH/terminal" | wc -l)" -ge "$1" ]
}
over() {
	questions "$1" || grep -q '^status' "$SCRATCH/terminal"
}
on_terminal() {
	words=$1
	shift
	: >"$SCRATCH/terminal"
	{
		n=0
		for answer; do
			n=$((n + 1))
			wait_for 10 questions "$n" && printf '%s\n' "$answer"
		done
		wait_for 10 over $((n + 1)) && questions $((n + 1)) && printf '\003'
	} | {
		script -qec "exec '$CMD' probe 'pkcs11:token=$LABEL' $words" /dev/null
		echo "status $?"
	} >>"$SCRATCH/terminal" 2>&1
	OUT=$(cat "$SCRATCH/terminal")
}
on_terminal "" n
like "$OUT" "*Log in with the PIN.*It costs: if it is wrong, one of the user's tries. Do it? [[]y/N[]]*status 0" \
	"on a terminal: what it costs"
like "$OUT" "*PinDigits: not known: not done: declined*" "on a terminal: declined"
unlike "$OUT" "*login with*" "on a terminal: nothing is sent then"
on_terminal "" y "$PIN" n n n n
like "$OUT" "*PIN that is valid now*login with the PIN: CKR_OK*status 0" "on a terminal: the PIN is asked for"
unlike "$OUT" "*$PIN*" "on a terminal: without echo"
unlike "$OUT" "*Wrong PINs until*" "on a terminal: without --expendable no more is asked"

# --- What was given is wrong -----------------------------------------------------------------------

echo 999999 >"$SCRATCH/pin"
probe --yes --expendable
is "$STATUS,$(found "login with the PIN"),$(found "login with a wrong PIN")" 1,CKR_PIN_INCORRECT, \
	"a wrong PIN: one try, and no more"
like "$ERR" "*the PIN that was given is refused*not as it was found: flags were none*are COUNT_LOW*" \
	"a wrong PIN: said"
secrets
probe --yes
like "$(why UserCounter)" "flags show that tries were spent already*" "a card with tries spent: not without --expendable"
is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "the tries are given back"
echo 99999999 >"$SCRATCH/puk"
probe --yes
is "$STATUS,$(found "login with the SO secret"),$(found SoCounter)" 1,CKR_PIN_INCORRECT,null "a wrong PUK: one try"
is "$(found set-pin),$(found puk-pin)" CKR_PIN_INCORRECT, "a wrong PUK: one of the other calls"
is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "a wrong PUK: the PIN is as it was"
is "$(login_rv "$MODULE" so "$SO")" CKR_OK "and the PUK"

# --- Never -----------------------------------------------------------------------------------------

secrets
policy <<-'EOT'
	Profile.NeverGuess=true
EOT
probe --yes --expendable
is "$(found "login with the PIN"),$(found "login with a wrong PIN"),$(found "a wrong SO secret")" CKR_OK,, \
	"a TPM: the right values, and no wrong one"
is "$(why Caches)" "a TPM is never guessed at" "a TPM: why"
policy_clear
policy <<-'EOT'
	Profile.UnblockStyle=puk-pin
EOT
probe --yes --expendable
is "$(found "login with the SO secret"),$(found init-pin)" ",not sent" \
	"ykcs11's kind: no SO PIN of another form than a management key"
policy_clear

# --- Governed cards --------------------------------------------------------------------------------

"$CMD" adopt "pkcs11:token=$LABEL" >/dev/null
probe --yes
is "$STATUS,$(record State)" 0,active "an active card is measured"
exec 9>>"$STATE/private/$(basename "$(record_file)").lock"
flock 9
probe --yes 9>&-
is "$STATUS,$JSON" 1, "a card that another program works with: exit status"
like "$ERR" "*not measured: another program is working with this card*" "a card that another program works with: why"
exec 9>&-
"$CMD" block "pkcs11:token=$LABEL" --puk "@$SCRATCH/puk" >/dev/null 2>&1 || bail_out "not blocked"
probe --yes
is "$STATUS,$JSON" 1, "a blocked card: exit status"
like "$ERR" "*not measured: the card is blocked*" "a blocked card: why"

# --- Killed, and modules that answer what they like ------------------------------------------------

new_card
faulty_start
# after_kill NTH: the C_SetPINs are PIN to new, back, PUK to new, back; each was announced.
after_kill() {
	fault p11-latch C_SetPIN "$1" kill-after
	probe --yes
	faulted || bail_out "C_SetPIN $1 was never called"
	fault none
	[ "$STATUS" -ge 128 ] && ok "killed after C_SetPIN $1" || not_ok "killed after C_SetPIN $1" "$STATUS"
}
after_kill 1
like "$ERR" "*the PIN is the second one from here on" "killed: what was changed was printed before"
is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_OK "killed: the PIN is the second one"
new_card
after_kill 3
like "$ERR" "*the SO secret is the second one from here on" "killed: the PUK too"
is "$(login_rv "$MODULE" so "$SO_NEW"),$(login_rv "$MODULE" user "$PIN")" CKR_OK,CKR_OK \
	"killed: the PUK is the second one"

# absurd CALL RV TEXT: each call of that name answers so; it ends, and the card is as it was.
absurd() {
	new_card
	fault p11-latch "$1" 0 rv "$2"
	timeout 60 "$CMD" probe "$(uri)" --pin "@$SCRATCH/pin" --puk "@$SCRATCH/puk" --new-pin \
		"@$SCRATCH/new-pin" --new-puk "@$SCRATCH/new-puk" --yes --expendable >"$SCRATCH/out" 2>&1
	STATUS=$?
	fault none
	[ "$STATUS" -lt 2 ] && ok "$3: it ends" || not_ok "$3: it ends" "$STATUS" "$(cat "$SCRATCH/out")"
	is "$(login_rv "$MODULE" so "$SO"),$(login_rv "$MODULE" user "$PIN")" CKR_OK,CKR_OK "$3: PIN and PUK"
}
absurd C_Login 0 "every login is right"
like "$(cat "$SCRATCH/out")" "*login with a wrong PIN: CKR_OK: C_Login takes any PIN*" "every login is right: seen"
absurd C_Login 5 "every login is CKR_GENERAL_ERROR"
absurd C_InitPIN 54 "C_InitPIN is not supported"
like "$(cat "$SCRATCH/out")" "*C_InitPIN in an SO session: CKR_FUNCTION_NOT_SUPPORTED*" \
	"C_InitPIN is not supported: seen"
absurd C_SetPIN 0 "C_SetPIN does nothing"
absurd C_Initialize 5 "C_Initialize fails"
absurd C_Finalize 5 "C_Finalize does nothing"
token_stop
done_testing
