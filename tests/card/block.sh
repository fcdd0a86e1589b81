# SPDX-License-Identifier: BSD-3-Clause
# How a card is blocked: by its own lock or by scrambling, and by its lock only after proof.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

URI=pkcs11:token=$LABEL

# block [OPTION...]: the command, with the PUK that it may ask for on standard input; exit status.
block() {
	"$CMD" block "$@" "$URI" >"$SCRATCH/out" 2>&1
	block_status=$?
	cat "$SCRATCH/out" >>"$LOG"
	return $block_status
}

# in_use: a card that was personalized elsewhere, with an object of its user's.
in_use() {
	fresh
	personalize_direct
	once "$MODULE" "login user $PIN" "create-data kept hex:01 private" >/dev/null
}

# keeps_objects TEXT: they are there again once the card has a PIN that somebody knows.
keeps_objects() {
	once "$MODULE" "login so $SO" "init-pin $PIN_NEW" >/dev/null
	like "$(once "$MODULE" "login user $PIN_NEW" "find kept" | tail -n 1)" "find CKR_OK n=1 *" \
		"$1: the user's private objects are kept"
}

by_method() {
	desk "BlockMethod=$1"
	fresh
	personalize desk
	must desk logout
	must desk login user "$PIN"
	must desk create-data kept hex:01 private
	must desk close
	is "$(record State),$(record Method)" "blocked,$2" "$kind, BlockMethod=$1: blocked by $2"
	is_blocked "$kind, BlockMethod=$1"
	case $2 in
	lock) like "$(flags "$MODULE")" "* USER_PIN_LOCKED *" "$kind, $1: the card shows that it is locked" ;;
	*) unlike "$(flags "$MODULE")" "* USER_PIN_LOCKED *" "$kind, $1: the card is not locked" ;;
	esac
	passes "$kind, BlockMethod=$1: its SO secret is as before" so_is "$SO"
	keeps_objects "$kind, BlockMethod=$1"
	drive_stop desk
}

# Nobody has shown that the card can be unlocked again.
without_proof() {
	desk
	in_use
	fails "$kind: without an SO secret anywhere, p11-latch block does nothing" block
	passes "$kind: the PIN is as before" vendor_takes "$PIN"
	is "$(record State)" none "$kind: and the card unknown as before"

	desk_knows "$SO_NEW"
	fails "$kind: nor with an SO secret that is wrong" block
	passes "$kind: the PIN is as before" vendor_takes "$PIN"
	is "$(record State)" none "$kind: and the card unknown as before"
	logged "CKR_PIN_INCORRECT" "$kind: the log says what the card answered"
	unlike "$(flags "$MODULE")" "* SO_PIN_FINAL_TRY *" "$kind: it was tried once, not again and again"

	desk_knows "$SO"
	in_use
	passes "$kind: with the right one the card is blocked" block
	is "$(record State),$(record Method)" "blocked,$(auto_method)" "$kind: by $(auto_method)"
	is_blocked "$kind, with the policy's SO secret"
	unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind: no SO try was wasted"
	keeps_objects "$kind, with the policy's SO secret"

	desk
	in_use
	printf '99999999\n' >"$SCRATCH/puk"
	fails "$kind: nor with one that is presented and wrong" block --puk "@$SCRATCH/puk"
	like "$(cat "$SCRATCH/out")" "*: not blocked, since * answers CKR_PIN_INCORRECT; its PIN is as before*" \
		"$kind: it says why, and that the PIN is as before"
	unlike "$(cat "$SCRATCH/out")" "*refused by p11-latch*" "$kind: and nothing that is not so"
	passes "$kind: the PIN is as before" vendor_takes "$PIN"
	is "$(record State)" none "$kind: and the card unknown as before"
	printf '%s\n' "$SO" >"$SCRATCH/puk"
	passes "$kind: or with one that is presented" block --puk "@$SCRATCH/puk"
	is_blocked "$kind, with an SO secret presented"
	passes "$kind: blocking a blocked card is no failure" block
}

# The watcher has no proof either, where the personalization began with C_SetPIN.
refused_without_proof() {
	desk PersonalizeOn=set-pin
	in_use
	session_start desk "$LATCH"
	must desk login user "$PIN"
	expect CKR_OK desk set-pin "$PIN" "$PIN_NEW"
	is "$(record State)" personalizing "opencryptoki, set-pin: a personalization began"
	must desk close
	is "$(record State),$(record Method)" personalizing,refuse \
		"opencryptoki, set-pin: the card is not locked, since nobody could unlock it"
	passes "opencryptoki, set-pin: its PIN is as the holder set it" vendor_takes "$PIN_NEW"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_PIN_LOCKED "opencryptoki, set-pin: but refused"
	drive_stop desk
	passes "opencryptoki: block --force locks all the same" block --force
	is "$(record State),$(record Method)" blocked,lock "opencryptoki: --force: locked"
	fails "opencryptoki: --force: the card refuses its PIN" vendor_takes "$PIN_NEW"
}

# A card that is to be scrambled and cannot be: by force its own lock is what is left.
force_is_last() {
	desk_knows "$SO_NEW" BlockMethod=scramble
	in_use
	log_clear
	fails "$kind, BlockMethod=scramble: without a right SO secret p11-latch block fails" block
	logged "; its PIN is as before" "$kind: and says that the card is as before"
	if [ "$kind" = softhsm ]; then
		fails "$kind: nor by force: it has no lock" block --force
		passes "$kind: and its PIN is as before" vendor_takes "$PIN"
		unlike "$(log_text)" "*--force*" "$kind: nobody is told that force would help"
		return
	fi
	logged "--force" "$kind: and that force would help"
	passes "$kind: by force the card is locked" block --force
	is "$(record State),$(record Method)" blocked,lock "$kind: and recorded so"
	fails "$kind: it refuses its PIN" vendor_takes "$PIN"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	by_method auto "$(auto_method)"
	by_method scramble scramble
	by_method lock "$(auto_method)"
	[ "$kind" = opencryptoki ] || logged "does not lock" "$kind: that it cannot lock is in the log"
	without_proof
	force_is_last
	[ "$kind" = softhsm ] || refused_without_proof
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
