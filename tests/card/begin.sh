# SPDX-License-Identifier: BSD-3-Clause
# When a personalization begins, and when it ends: PersonalizeOn, BlockAfter, adopt, forget, a new life.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

URI=pkcs11:token=$LABEL

# by_so PIN: a program logs in as SO, makes this PIN, and ends; prints how C_InitPIN ended.
by_so() {
	once "$LATCH" "login so $SO" "init-pin $1" close finalize | sed -n 's/^init-pin //p'
}

# The same card initialised anew, elsewhere. openCryptoki breaks a token whose SO PIN is not the default.
new_life() {
	if [ "$kind" = opencryptoki ]; then
		token_new
	else
		token_lines "slot-label $LABEL" "init-token $SO $LABEL"
	fi
}

on_init_pin() {
	desk PersonalizeOn=init-pin
	fresh
	is "$(by_so "$PIN")" CKR_OK "$kind, init-pin: C_InitPIN"
	is_blocked "$kind, init-pin: C_InitPIN personalizes"
	is "$(by_so "$PIN_NEW")" CKR_OK "$kind: C_InitPIN on a blocked card"
	is "$(record State)" active "$kind: unblocks it, and is no personalization"
	is "$(by_so "$PIN")" CKR_OK "$kind: C_InitPIN on an active card"
	is "$(record State)" active "$kind: resets its PIN, and is no personalization"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_OK "$kind: which its user can log in with"

	fresh
	personalize_direct
	is "$(login_rv "$LATCH" user "$PIN")" CKR_OK "$kind, init-pin: a card that nothing is known of is used"
	session_start user "$LATCH"
	must user login user "$PIN"
	expect CKR_OK user set-pin "$PIN" "$PIN_NEW"
	must user close
	is "$(record State)" none "$kind, init-pin: its user's C_SetPIN is no personalization"
	drive_stop user
}

on_set_pin() {
	desk_knows "$SO" PersonalizeOn=set-pin
	fresh
	personalize_direct
	session_start desk "$LATCH"
	must desk login user "$PIN"
	is "$(record State)" none "$kind, set-pin: a login begins nothing"
	expect CKR_PIN_INCORRECT desk set-pin 999999 "$PIN_NEW"
	expect CKR_PIN_LEN_RANGE desk set-pin "$PIN" 1
	is "$(record State)" none "$kind, set-pin: nor does a C_SetPIN that changes nothing"
	expect CKR_OK desk set-pin "$PIN" "$PIN_NEW"
	is "$(record State)" personalizing "$kind, set-pin: the first C_SetPIN begins one"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_PIN_LOCKED "$kind, set-pin: nobody else can log in"
	expect CKR_OK desk set-pin "$PIN_NEW" "$PIN"
	must desk close
	is_blocked "$kind, set-pin, the holder has ended"
	drive_stop desk

	fresh
	is "$(by_so "$PIN")" CKR_OK "$kind, set-pin: C_InitPIN"
	is_blocked "$kind, set-pin: C_InitPIN on a new card personalizes, too"
}

on_command() {
	desk_knows "$SO" PersonalizeOn=command
	fresh
	is "$(by_so "$PIN")" CKR_OK "$kind, command: C_InitPIN"
	is "$(record State)" none "$kind, command: C_InitPIN begins no personalization"
	passes "$kind, command: the card has the PIN" vendor_takes "$PIN"
}

pick_up_desk() {
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=false
	EOF
	desk_binding
	fresh
	is "$(by_so "$PIN")" CKR_OK "$kind: C_InitPIN under BlockCard=false"
	passes "$kind: BlockCard=false: the card is not blocked" vendor_takes "$PIN"
	policy_clear
	fresh
	is "$(by_so "$PIN")" CKR_OK "$kind: C_InitPIN without a policy"
	is "$(record State)" none "$kind: without a policy nothing is recorded"
	passes "$kind: and nothing is blocked" vendor_takes "$PIN"
}

after_finalize() {
	desk BlockAfter=finalize
	fresh
	personalize desk
	must desk close
	is "$(record State)" personalizing "$kind, BlockAfter=finalize: the last session is closed"
	must desk open rw
	expect CKR_OK desk login user "$PIN"
	must desk close-all
	is "$(record State)" personalizing "$kind, BlockAfter=finalize: all are closed"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: nobody else can log in"
	must desk finalize
	is "$(record State)" blocked "$kind, BlockAfter=finalize: C_Finalize is called"
	is_blocked "$kind, BlockAfter=finalize"
	drive_stop desk
	fresh
	personalize desk
	must desk close
	drive desk kill9 >/dev/null
	is_blocked "$kind, BlockAfter=finalize, no C_Finalize but kill -9"
}

adopt_and_forget() {
	desk
	fresh
	personalize_direct
	passes "$kind: adopt" "$CMD" adopt "$URI"
	is "$(record State)" active "$kind, adopt: the card is active"
	is "$(by_so "$PIN_NEW")" CKR_OK "$kind, adopt: C_InitPIN"
	is "$(record State)" active "$kind, adopt: C_InitPIN is no personalization"
	passes "$kind, adopt: the card is not blocked" vendor_takes "$PIN_NEW"
	passes "$kind: forget" "$CMD" forget "$URI"
	is "$(record State)" none "$kind, forget: nothing is known of the card"
	is "$(by_so "$PIN")" CKR_OK "$kind, forget: C_InitPIN"
	is_blocked "$kind, forget: the next C_InitPIN is a personalization"
	fails "$kind: a blocked card is not adopted by mistake" "$CMD" adopt "$URI"
	is "$(record State)" blocked "$kind: it stays blocked"

	[ "$kind" = softhsm ] || return 0
	passes "$kind: forget" "$CMD" forget "$URI"
	passes "$kind: adopt all cards" "$CMD" adopt pkcs11:
	is "$(grep -h ^State= "$STATE"/records/*)" State=active "$kind: a slot without a token is none"
}

lives_anew() {
	desk
	fresh
	by_so "$PIN" >/dev/null
	is "$(record State)" blocked "$kind: a card of one life is blocked"
	new_life
	unlike "$(flags "$LATCH")" "* USER_PIN_LOCKED *" "$kind: initialised anew, it is not shown as locked"
	personalize desk "$PIN_NEW"
	expect CKR_OK desk logout
	expect CKR_OK desk login user "$PIN_NEW"
	must desk close
	is "$(record State)" blocked "$kind: C_InitPIN in a new life is a personalization"
	fails "$kind: the new PIN is right no more" vendor_takes "$PIN_NEW"
	drive_stop desk
}

# Its record is named by the label, and not for a file that is being written.
labelled_new() {
	desk
	token_new new
	rm -rf "${STATE:?}"/*
	LABEL=new
	is "$(by_so "$PIN")" CKR_OK "$kind: a card of the label new: C_InitPIN"
	like "$("$CMD" status pkcs11:token=new 2>&1)" "*: blocked by *" "$kind: a card of the label new is not overlooked"
	LABEL=latch
}

# killed_by WORD...: killer's words, while a program makes the first PIN.
killed_by() {
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 "$BUILDDIR/tests/kill/killer" "$@" "$SCRATCH/report" "$P11DRIVE" "$LATCH" \
		initialize "slot-label $LABEL" "open rw" "login so $SO" "init-pin $PIN" >"$SCRATCH/out" 2>&1
}

# Ended before its PIN: there is nothing to block, and nothing to complain of.
no_pin_yet() {
	desk
	fresh
	MARKS_VENDOR=$MODULE
	export MARKS_VENDOR
	sed -i.kept "s|^Path=.*|Path=$BUILDDIR/tests/kill/marks.so|" "$P11_LATCH_CONF"
	killed_by -l "$SCRATCH/list"
	before=$(awk '/^application call .* before C_InitPIN / { print $3 }' "$SCRATCH/list")
	for who in helper recover; do
		fresh
		log_clear
		case $who in
		helper) killed_by -k application call "$before" ;;
		recover)
			killed_by -k application call "$before" -a helper
			is "$(record State)" personalizing "$kind: ended before C_InitPIN, with its helper"
			passes "$kind: recover" "$CMD" recover
			;;
		esac
		wait_for 5 no_helpers
		is "$(cut -d' ' -f 1,2,5,6 "$SCRATCH/report")" "killed application before C_InitPIN" "$kind, $who: ended before its PIN"
		is "$(record State)" none "$kind, $who: a card that has no PIN yet is let go"
		logged "has no PIN yet" "$kind, $who: which is told"
		unlike "$(log_text)" "*CKR_*" "$kind, $who: and is no fault"
	done
	mv "$P11_LATCH_CONF.kept" "$P11_LATCH_CONF"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	on_init_pin
	on_set_pin
	on_command
	pick_up_desk
	after_finalize
	adopt_and_forget
	lives_anew
	no_pin_yet
	[ "$kind" != opencryptoki ] || labelled_new
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
