# SPDX-License-Identifier: BSD-3-Clause
# The PUK of a PIV card: wrong ones, the last try, one that is locked, of another length; and PUK=, which ykcs11 can set.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"

WRONG=99999999

unblock_with() {
	printf '%s\n' "$1" >"$SCRATCH/puk"
	shift
	"$CMD" unblock --puk @"$SCRATCH/puk" --pin "$PIN_NEW" "$@" "$CARD" >"$SCRATCH/out" 2>&1
}

# No flag shows how many are left: they are counted here.
last_try_is_kept() {
	asked_puk | pickup
	blocked_card
	is "$(set_pin $WRONG "$PIN_NEW"), $(counters)" "CKR_PIN_INCORRECT, 0 2" "$kind: a wrong PUK, one"
	is "$(private SOWrong)" 1 "$kind: is counted here"
	is "$(set_pin $WRONG "$PIN_NEW"), $(counters)" "CKR_PIN_INCORRECT, 0 1" "$kind: two"
	is "$(set_pin $WRONG "$PIN_NEW"), $(counters)" "CKR_PIN_LOCKED, 0 1" "$kind: the third is not tried"
	is "$(set_pin "$PUK" "$PIN_NEW"), $(counters)" "CKR_PIN_LOCKED, 0 1" "$kind: nor is the right one"
	logged "only the last try of the SO PIN remains" "$kind: the log says so"
	fails "$kind: p11-latch unblock does not try it either" unblock_with "$PUK"
	is "$(counters)" "0 1" "$kind: the last try is there"
	passes "$kind: --last-try does" unblock_with "$PUK" --last-try
	is "$(record State), $(counters), $(private SOWrong)" "active, 3 3, 0" "$kind: active, and all tries are back"
}

# The card's word that it is locked is final.
locked_puk() {
	asked_puk | pickup
	blocked_card
	set_pin $WRONG "$PIN_NEW" >/dev/null
	set_pin $WRONG "$PIN_NEW" >/dev/null
	fails "$kind: a wrong last try" unblock_with $WRONG --last-try
	is "$(counters)" "0 0" "$kind: locks the PUK"
	is "$(set_pin "$PUK" "$PIN_NEW")" CKR_PIN_LOCKED "$kind: C_SetPIN says so"
	fails "$kind: and the command" unblock_with "$PUK" --last-try
	like "$(cat "$SCRATCH/out")" "*no use any more*" "$kind: that no PUK is of use any more"
	is "$(record State) $(private Journal)" "blocked none" "$kind: it stays blocked, nothing under way"
}

# A program with a stored PIN must not cost the PUK its tries.
by_login() {
	asked_puk | pickup
	blocked_card
	is "$(login_rv "$LATCH" user $WRONG), $(counters)" "CKR_PIN_LOCKED, 0 3" "$kind: C_Login tries nothing as PUK"
	asked_puk | pickup UnblockByLogin=yes
	is "$(login_rv "$LATCH" user $WRONG), $(counters)" "CKR_PIN_LOCKED, 0 2" "$kind: UnblockByLogin=yes tries one"
	is "$(login_rv "$LATCH" user $WRONG), $(counters)" "CKR_PIN_LOCKED, 0 2" "$kind: and no other"
	is "$(set_pin "$PUK" "$PIN_NEW"), $(counters)" "CKR_OK, 3 3" "$kind: C_SetPIN may try the right one"
}

# A policy that holds a PUK sends no other, and its own wrong one no more than it may.
of_policy() {
	known_puk $WRONG | pickup
	blocked_card
	is "$(set_pin "$PUK" "$PIN_NEW"), $(counters)" "CKR_PIN_INCORRECT, 0 3" "$kind: what is not the policy's is not sent"
	is "$(set_pin $WRONG "$PIN_NEW"), $(counters)" "CKR_FUNCTION_FAILED, 0 2" "$kind: the policy's wrong one is, once"
	logged "refuses the policy's PUK" "$kind: the log says what is wrong"
}

# Both are padded, each for itself, so that nothing of one can become part of the other.
other_lengths() {
	for puk in 246813 2468135 123456789 "${PUK}1" ab; do
		asked_puk | pickup
		blocked_card
		set_pin $puk "$PIN_NEW" >"$SCRATCH/rv"
		case $puk in
		246813 | 2468135) left="0 2" ;;
		*) left="0 3" ;;
		esac
		is "$(cat "$SCRATCH/rv"), $(counters), $(record State)" "CKR_PIN_INCORRECT, $left, blocked" \
			"$kind: a PUK of ${#puk} characters is wrong, and sent where one may have that length"
		is "$(set_pin "$PUK" "$PIN_NEW"), $(card_pin card pin)" "CKR_OK, 3 $PIN_NEW" "$kind: the right one unblocks"
	done
	known_puk 123456789 | pickup
	blocked_card
	is "$(set_pin 123456789 "$PIN_NEW"), $(counters)" "CKR_FUNCTION_FAILED, 0 3" "$kind: the policy's of nine is not sent"
	logged "PUK has 9 characters, but this token takes a PUK of 6 to 8" "$kind: the log says why"
}

# PUK= where the module has a call for it.
is_set() {
	known_puk "$PUK" "PUK=#$PUK_NEW" | pickup
	blocked_card
	passes "$kind: p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is "$(card_pin card puk), $(card_pin card pin)" "3 $PUK_NEW, 3 $PIN_NEW" "$kind: PIN and PUK are the new ones"
	logged "the new PUK is in force" "$kind: the log says so"
	block_again
	is "$(set_pin "$PUK_NEW" "$PIN")" CKR_OK "$kind: from then on the new one is the policy's"
	is "$(card_pin card puk), $(card_pin card pin)" "3 $PUK_NEW, 3 $PIN" "$kind: and serves for both"
	block_again
	is "$(set_pin "$PUK" "$PIN"), $(counters)" "CKR_PIN_INCORRECT, 0 3" "$kind: the old one is no PUK, and not sent"
	known_puk "$PUK" "PUK=#1234" | pickup
	blocked_card
	is "$(set_pin "$PUK" "$PIN_NEW"), $(card_pin card puk)" "CKR_OK, 3 $PUK" "$kind: one too short is not sent"
	logged "PIN unblocked, PUK unchanged: the new one has 4 characters" "$kind: the log says so"
}

alone() {
	cat >"$SCRATCH/alone.dsc" <<-EOF
		[Description]
		SetPIN=true
		InitialPUK=#$PUK
		PUK=#$PUK_NEW
	EOF
	known_puk | pickup
	blocked_card
	"$CMD" apply "$SCRATCH/alone.dsc" "$CARD" >"$SCRATCH/out" 2>&1
	is "$? $(record State) $(private Journal), $(card_pin card puk)" "$1, 3 $2" "$kind: PUK= alone$3"
}

# And where it has none, the PIN is set all the same, and what is not done is said.
is_not_set() {
	known_puk "$PUK" "PUK=#$PUK_NEW" | pickup
	blocked_card
	is "$(set_pin "$PUK" "$PIN_NEW")" CKR_OK "$kind: C_SetPIN, where PUK= cannot be set"
	is "$(card_pin card puk), $(card_pin card pin)" "3 $PUK, 3 $PIN_NEW" "$kind: the PIN is set, the PUK as it was"
	logged "PIN unblocked, PUK unchanged: its module has no call for that" "$kind: the log says so"
	block_again
	is "$(set_pin "$PUK" "$PIN")" CKR_OK "$kind: the policy's stays the valid one"
}

# A program that knows ykcs11 changes the PUK where the card is its user's, and not where it is blocked.
by_program() {
	known_puk | pickup
	blocked_card
	is "$(set_pin "puk:$PUK" "puk:$PUK_NEW")" CKR_FUNCTION_FAILED "$kind: a blocked card's PUK is not a program's to change"
	is "$(set_pin "puk:$PUK" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind: also not by a new value that is not marked as PIN"
	logged "its PUK is not changed by a program" "$kind: the log says so"
	is "$(card_pin card puk), $(record State)" "3 $PUK, blocked" "$kind: nothing was changed"
	set_pin "$PUK" "$PIN_NEW" >/dev/null
	is "$(set_pin "puk:$PUK" "puk:$PUK_NEW"), $(card_pin card puk)" "CKR_OK, 3 $PUK_NEW" "$kind: an active card's is"
	fresh
	once "$LATCH" "login user $CARD_PIN" "set-pin puk:$PUK puk:$PUK_NEW" close >/dev/null
	is "$(record State), $(card_pin card puk)" "none, 3 $PUK_NEW" "$kind: it begins no personalization"
}

for kind in $PIV_KINDS; do
	piv_start
	last_try_is_kept
	locked_puk
	by_login
	of_policy
	other_lengths
	case $kind in
	*ykcs11)
		is_set
		by_program
		alone "0 blocked none" "$PUK_NEW" ": changes the PUK and leaves the card blocked"
		;;
	*)
		is_not_set
		alone "1 blocked none" "$PUK" ": is refused"
		;;
	esac
	no_secret "$kind: no PUK stands in log or state" "$PUK" "$PUK_NEW" $WRONG
	token_stop
done
done_testing
