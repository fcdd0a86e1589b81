# SPDX-License-Identifier: BSD-3-Clause
# Guessing behind the sockets, many at once and over restarts of the sockets: as many tries as there are, and no more.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/office.sh"

URI=pkcs11:token=latch
INCORRECT=0xa0
LOCKED=0xa4

# guess COUNT WORD...: that many at once, each with another value; their answers, a line each.
guess() {
	guess_count=$1
	shift
	guess_pids=
	for guess_i in $(seq "$guess_count"); do
		raw helper "$@" "pin=5550${guess_i}0" ask shut end >"$SCRATCH/guess.$guess_i" 2>&1 &
		guess_pids="$guess_pids $!"
	done
	# shellcheck disable=SC2086
	wait $guess_pids
	cat "$SCRATCH"/guess.*
	rm "$SCRATCH"/guess.*
}

answered() {
	grep -c "^answer .* rv=$1 "
}

restart() {
	sockets_stop
	sockets_start
}

private() {
	sed -n "s/^$1=//p" "$STATE/private/$NAME.state"
}

letters() {
	who anyone
	out=$(guess 7 login "id=hex:$ID")
	is "$(printf '%s\n' "$out" | answered $INCORRECT)" 3 \
		"$kind: of seven PIN letters at once three are looked at"
	is "$(printf '%s\n' "$out" | answered $LOCKED)" 4 "$kind: and the others are told that it is closed"
	is "$(private LetterWrong)" 3 "$kind: three are counted"
	restart
	out=$(guess 2 login "id=hex:$ID")
	is "$(printf '%s\n' "$out" | answered $LOCKED)" 2 "$kind: the sockets are new, and the count is not"
	is "$(raw helper login "id=hex:$ID" "pin=$LETTER" ask shut end | answered $LOCKED)" 1 \
		"$kind: the right letter is too late"
	as operator "$CMD" reset "$URI" >/dev/null
	is "$(private LetterWrong)" 0 "$kind: an operator begins anew"
	guess 1 login "id=hex:$ID" >/dev/null
	restart
	guess 1 login "id=hex:$ID" >/dev/null
	is "$(private LetterWrong)" 2 "$kind: one before and one after a restart are two"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "$kind: the right letter before the third wrong one"
	is "$(record State)" active "$kind: activates the card"
	as operator "$CMD" block "$URI" >/dev/null
}

# A guess at the policy's PUK costs a second, however many guess at once, and operators do not wait for it.
puks() {
	who anyone
	begin=$(date +%s)
	out=$(guess 4 set-pin "id=hex:$ID" new=88888888)
	is "$(printf '%s\n' "$out" | answered $INCORRECT)" 4 "$kind: four wrong PUKs at once are wrong"
	passes "$kind: in a second each" test $(($(date +%s) - begin)) -ge 3
	is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: and none of them reached the card"
}

# The SO secret is asked of people: what is presented is tried on the card, by C_Login once, and never the last try.
asked() {
	description unblock <<-'EOF'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	EOF
	policy_clear
	policy <<-EOF
		Personalize=personalize.dsc
		Unblock=unblock.dsc
		UnblockByLogin=yes
	EOF
	shut_away
	who anyone
	out=$(guess 6 login "id=hex:$ID" flags=u32:8)
	is "$(printf '%s\n' "$out" | answered $LOCKED)" 6 "$kind: six at once by C_Login, none is right"
	if [ "$kind" = opencryptoki ]; then
		is "$(private LoginWrong)" 1 "$kind: one of them was tried"
		unlike "$(flags "$MODULE")" "*SO_PIN_FINAL_TRY*" "$kind: and no more, as the card shows"
		restart
		guess 8 set-pin "id=hex:$ID" new=88888888 >/dev/null
		restart
		guess 4 set-pin "id=hex:$ID" new=88888888 >/dev/null
		like "$(flags "$MODULE")" "*SO_PIN_FINAL_TRY*" "$kind: twelve more leave the card its last SO try"
		unlike "$(flags "$MODULE")" "*SO_PIN_LOCKED*" "$kind: which nobody could spend"
	fi
}

users_make
for kind in $TOKENS; do
	office_start "$kind"
	letters
	puks
	asked
	office_ends_by "$CMD" unblock --last-try --puk "$SO" --pin "$PIN_NEW" "$URI"
done
done_testing
