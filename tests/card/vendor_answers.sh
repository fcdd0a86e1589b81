# SPDX-License-Identifier: BSD-3-Clause
# Answers of a vendor's module that no flow expects: what the application is told of them, and what becomes of the card.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# Whatever the module answers in the helper, the application hears what p11-latch(7) lists, and the log has the answer.
told() {
	for answer in 0x2:CKR_HOST_MEMORY 0x31:CKR_DEVICE_MEMORY 0x7:CKR_ARGUMENTS_BAD 0xb1:CKR_SESSION_COUNT \
		0x200:CKR_FUNCTION_REJECTED 0x80000123:CKR_0x80000123 0x1000000a0:CKR_0x1000000a0; do
		for call in C_OpenSession C_Login; do
			blocked_card
			log_clear
			fault p11-latch-helper "$call" 0 rv "${answer%%:*}"
			is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind: $call answers ${answer#*:}: C_SetPIN"
			logged "answers ${answer#*:}" "$kind: $call answers ${answer#*:}: the log says so"
			is "$(once "$LATCH" "login user $SO" | last_rv)" CKR_FUNCTION_FAILED \
				"$kind: $call answers ${answer#*:}: C_Login with the PUK"
			fault none
			still_blocked "$kind: $call answered ${answer#*:}: the card is as it was" "$PIN" "$PIN_NEW"
		done
	done
	is "$(set_pin "$SO" null)" CKR_ARGUMENTS_BAD "$kind: a new PIN that is NULL is the application's own fault"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: all is well again"
}

# A value of which 32 bits are those of CKR_OK is none.
wide() {
	blocked_card
	fault p11drive C_InitPIN 0 rv 0x100000000
	unlike "$(once "$LATCH" "login so $SO" "init-pin $PIN_NEW" | last_rv)" CKR_OK "$kind: C_InitPIN answers 0x100000000"
	fault none
	is "$(record State)" blocked "$kind: nobody takes it for CKR_OK: the card is blocked"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: and the next request unblocks it"
	is_active "$PIN_NEW" "$kind: it is active"
}

# A module that works though its C_Initialize says no is no way around p11-latch.
initialized_all_the_same() {
	for answer in 0x5:CKR_GENERAL_ERROR 0x191:CKR_CRYPTOKI_ALREADY_INITIALIZED 0x7:CKR_ARGUMENTS_BAD; do
		fresh
		fault p11drive C_Initialize 0 after "${answer%%:*}"
		like "$(once "$LATCH" "login so $SO" "init-pin $PIN" close)" "initialize ${answer#*:}*init-pin CKR_OK*" \
			"$kind: C_Initialize says ${answer#*:}, and a card is personalized"
		fault none
		is_blocked "$kind: C_Initialize said ${answer#*:}"
	done
}

# The first PIN may be set though the module answers an error: then it is not left open.
applied() {
	new_life "$PIN" BlockCard=true
	for answer in 0x2:CKR_HOST_MEMORY 0x80000001:CKR_0x80000001 0xa1:CKR_PIN_INVALID; do
		factory
		fault p11-latch C_InitPIN 1 after "${answer%%:*}"
		"$CMD" apply "$CONF_DIR/now.dsc" pkcs11: >"$SCRATCH/out" 2>&1
		passes "$kind: apply, C_InitPIN: it came to that" faulted
		fault none
		is_blocked "$kind: apply, C_InitPIN answered ${answer#*:}"
	done
}

# What C_InitPIN and C_SetPIN did is seen on the card, where a wrong value costs it nothing.
done_all_the_same() {
	for answer in 0x7:CKR_ARGUMENTS_BAD 0xa1:CKR_PIN_INVALID 0xa4:CKR_PIN_LOCKED; do
		blocked_card
		"$CMD" unblock --pin "$PIN" "$CARD" >/dev/null 2>&1
		fault p11-latch C_InitPIN 1 after "${answer%%:*}"
		passes "$kind: p11-latch block, C_InitPIN is done and answers ${answer#*:}" "$CMD" block "$CARD"
		passes "$kind: p11-latch block: it came to that" faulted
		is "$(record State),$(record Method)" blocked,scramble "$kind: the card is blocked"
		fault p11-latch C_InitPIN 1 after "${answer%%:*}"
		passes "$kind: p11-latch unblock, C_InitPIN is done and answers ${answer#*:}" "$CMD" unblock --pin "$PIN" "$CARD"
		is_active "$PIN" "$kind: the card is active"
		fault none
	done
}

# The new PUK is in force, whatever C_SetPIN said; or the old one is, and no try is lost.
puk_all_the_same() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	for answer in 0xa1:CKR_PIN_INVALID 0x7:CKR_ARGUMENTS_BAD; do
		blocked_card
		fault p11-latch C_SetPIN 1 after "${answer%%:*}"
		passes "$kind: C_SetPIN sets the PUK and answers ${answer#*:}" "$CMD" unblock --pin "$PIN" "$CARD"
		passes "$kind: C_SetPIN: it came to that" faulted
		fault none
		is "$(private NewValid)" true "$kind: the new PUK is known to be in force"
		block_again
		is "$(set_pin "$SO_NEW" "$PIN_NEW")" CKR_OK "$kind: and unblocks"
		blocked_card
		fault p11-latch C_SetPIN 1 rv "${answer%%:*}"
		passes "$kind: C_SetPIN refuses the PUK by ${answer#*:}" "$CMD" unblock --pin "$PIN" "$CARD"
		fault none
		is "$(private NewValid),$(private Journal)" none,none "$kind: the old PUK is known to be in force"
		unlike "$(flags "$MODULE")" "* SO_PIN_COUNT_LOW*" "$kind: which cost no try"
	done
	known_puk | pickup
}

# The change of the PUK was interrupted after it was done, and whether the new one is in force is asked: a module that
# refuses it once, and the old one too, is asked again.
refused_all_the_same() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	fault p11-latch C_SetPIN 1 kill-after
	"$CMD" unblock --pin "$PIN" "$CARD" >/dev/null 2>&1
	passes "$kind: killed in C_SetPIN as SO" faulted
	fault p11-latch C_Login 1 rv 0xa0
	passes "$kind: the new PUK is refused: recover" "$CMD" recover
	passes "$kind: the new PUK is refused: it came to that" faulted
	fault none
	is "$(private NewValid),$(private Journal)" true,none "$kind: it is known to be in force all the same"
	block_again
	passes "$kind: and the policy unblocks the card with it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: the card is active"
	unlike "$(flags "$MODULE")" "* SO_PIN_COUNT_LOW*" "$kind: and no try is lost"
	known_puk | pickup
}

# More slots than there was room for are no reason to read what lies behind.
many_slots() {
	fresh
	session_start desk "$LATCH"
	must desk login so "$SO"
	for number in ffffffffffffffff 7fffffff 401; do
		fault p11drive C_GetSlotList 0 many "$number"
		is "$(rv desk init-pin "$PIN")" CKR_FUNCTION_FAILED "$kind: C_GetSlotList tells 0x$number slots: C_InitPIN"
		passes "$kind: C_GetSlotList tells 0x$number slots: it came to that" faulted
	done
	fault none
	is "$(rv desk init-pin "$PIN")" CKR_OK "$kind: and C_InitPIN, when it does not"
	drive_stop desk
	wait_for 10 state_is blocked
	is_blocked "$kind: C_GetSlotList told too many slots"
}

# CKR_OK, and nothing is written: what lay there before is taken for no card, and nobody's memory is in record and log.
silent() {
	fresh
	session_start desk "$LATCH"
	fault p11drive C_GetTokenInfo 0 rv 0
	must desk login so "$SO"
	is "$(rv desk init-pin "$PIN")" CKR_FUNCTION_FAILED "$kind: C_GetTokenInfo says CKR_OK and nothing else: C_InitPIN"
	passes "$kind: C_GetTokenInfo: it came to that" faulted
	fault none
	drive_stop desk
	is "$(record State)" none "$kind: C_GetTokenInfo says CKR_OK and nothing else: there is no record of a card"
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: C_GetTokenInfo says CKR_OK and nothing else: no PIN is set"
	blocked_card
	fault p11-latch C_GetTokenInfo 0 rv 0
	fails "$kind: C_GetTokenInfo says CKR_OK and nothing else: p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	fault none
	still_blocked "$kind: C_GetTokenInfo said nothing: the card is as it was" "$PIN" "$PIN_NEW"
}

# A login of which the session shows nothing is none: nobody takes the PUK for the PIN of a card that was unblocked elsewhere.
logged_in_not() {
	asked_puk | pickup
	blocked_card
	fault p11-latch-helper C_Login 1 rv 0
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: C_Login says CKR_OK and does nothing: C_SetPIN with the PUK"
	passes "$kind: C_Login: it came to that" faulted
	fault none
	is_active "$PIN_NEW" "$kind: the card is active, with the new PIN"
	known_puk | pickup
}

# A module that shows a card as locked, once, and never again: it is in use, with the PIN that was set.
locked_not() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	locked_at= locked_n=1
	while [ "$locked_n" -lt 60 ]; do
		blocked_card
		fault p11-latch C_SetPIN 1 kill-after
		"$CMD" unblock --pin "$PIN" "$CARD" >/dev/null 2>&1
		fault p11-latch C_GetTokenInfo "$locked_n" flags 40000
		"$CMD" recover >/dev/null 2>&1
		faulted || break
		fault none
		[ "$(record State)" = active ] || locked_at="$locked_at $locked_n"
		locked_n=$((locked_n + 1))
	done
	fault none
	passes "$kind: C_GetTokenInfo shows once that the card is locked: that is at some calls" test "$locked_n" -gt 5
	is "$locked_at" "" "$kind: C_GetTokenInfo shows once that the card is locked: it is recorded as active"
	known_puk | pickup
}

# An answer to a PIN, of a call that is given none, or the new one alone, says nothing of the PUK: no try is counted, and the
# card is unblocked.
presented_nothing() {
	for call in C_GetSlotList C_OpenSession C_InitPIN; do
		number=1
		refused_at=
		while [ "$number" -lt 60 ]; do
			blocked_card
			fault p11-latch "$call" "$number" rv 0xa0
			"$CMD" unblock --pin "$PIN_NEW" "$CARD" >"$SCRATCH/out" 2>&1
			unblocked=$?
			faulted || break
			fault none
			[ "$unblocked,$(record State),$(private SOWrong)" = 0,active,0 ] || refused_at="$refused_at $number"
			number=$((number + 1))
		done
		fault none
		passes "$kind: $call answers CKR_PIN_INCORRECT once: that is at some calls" test "$number" -gt 1
		is "$refused_at" "" "$kind: $call answers CKR_PIN_INCORRECT once: p11-latch unblock unblocks all the same"
	done
}

# A card that its module says is gone, and is not, gets no PIN that nobody would block.
gone_all_the_same() {
	for answer in 0xe0:CKR_TOKEN_NOT_PRESENT 0x32:CKR_DEVICE_REMOVED 0xb3:CKR_FUNCTION_FAILED; do
		fresh
		session_start desk "$LATCH"
		fault p11drive C_GetTokenInfo 0 rv "${answer%%:*}"
		must desk login so "$SO"
		is "$(rv desk init-pin "$PIN")" "${answer#*:}" "$kind: C_GetTokenInfo answers ${answer%%:*}: C_InitPIN"
		fault none
		drive_stop desk
		unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: C_GetTokenInfo answers ${answer%%:*}: no PIN is set"
	done
}

# Where none was set, it is as new.
applied_in_vain() {
	new_life "$PIN" BlockCard=true
	factory
	fault p11-latch C_InitPIN 0 rv 0xa1
	fails "$kind: apply, C_InitPIN refuses the PIN" "$CMD" apply "$CONF_DIR/now.dsc" pkcs11:
	passes "$kind: apply, C_InitPIN: it came to that" faulted
	fault none
	is "$(record State)" none "$kind: apply, C_InitPIN refused the PIN: the card is new"
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: apply, C_InitPIN refused the PIN: and has none"
}

# What is done to a token from the factory.
new_life() {
	new_life_puk=
	[ "$kind" = softhsm ] || new_life_puk=PUK=#$SO
	cat >"$CONF_DIR/now.dsc" <<-END
		[Application_B]
		$2

		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=$LABEL
		InitialPUK=#$(factory_puk)
		$new_life_puk
		PIN=#$1
	END
}

factory_puk() {
	[ "$kind" = softhsm ] && echo "$SO" || echo 87654321
}

factory() {
	token_new
	if [ "$kind" = opencryptoki ]; then
		opencryptoki_wipe
		token_second
	fi
	rm -rf "${STATE:?}"/*
}

# A C_Finalize that fails leaves the module as it was: it is begun anew all the same.
finalized_not() {
	blocked_card
	fault p11-latch-helper C_Finalize 1 rv 0x80000001
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: C_Finalize fails once: C_SetPIN unblocks all the same"
	fault none
	is_active "$PIN_NEW" "$kind: and the card is active"
}

# A card that is found unlocked because its unblocking was interrupted is not asked by a wrong PIN.
costs_no_try() {
	blocked_card
	fault p11-latch C_InitPIN 1 kill-after
	"$CMD" unblock --pin "$PIN_NEW" "$CARD" >/dev/null 2>&1
	passes "$kind: killed in C_InitPIN" faulted
	fault none
	passes "$kind: killed in C_InitPIN: recover" "$CMD" recover
	unlike "$(flags "$MODULE")" "*USER_PIN_COUNT_LOW*" "$kind: which costs its user no try"
	is_active "$PIN_NEW" "$kind: and the card is active"
}

# The program's own module sets the new PIN with R, and says that it does not take it.
set_with_r_all_the_same() {
	blocked_card
	fault p11drive C_SetPIN 1 after 0xa1
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: C_SetPIN with R is done and answers CKR_PIN_INVALID"
	passes "$kind: C_SetPIN with R: it came to that" faulted
	fault none
	is_active "$PIN_NEW" "$kind: the card is active"
}

# The same where a program has logged in with the PUK before.
set_after_login_all_the_same() {
	for answer in 0xa1:CKR_PIN_INVALID 0xa2:CKR_PIN_LEN_RANGE; do
		blocked_card
		fault p11drive C_SetPIN 1 after "${answer%%:*}"
		is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK \
			"$kind: after a login with the PUK C_SetPIN is done and answers ${answer#*:}"
		passes "$kind: C_SetPIN after a login: it came to that" faulted
		fault none
		is_active "$PIN_NEW" "$kind: the card is active"
		blocked_card
		fault p11drive C_SetPIN 1 rv "${answer%%:*}"
		is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW" | last_rv)" "${answer#*:}" \
			"$kind: after a login with the PUK C_SetPIN refuses the new PIN by ${answer#*:}"
		fault none
		is "$(record State)" blocked "$kind: the card is blocked"
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: and takes another one"
	done
}

# C_Login with R says CKR_OK and does nothing: no C_SetPIN in a public session, which costs openCryptoki's objects.
login_with_r_not() {
	blocked_card
	fault p11drive C_Login 1 rv 0
	like "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW")" "*login CKR_FUNCTION_FAILED*set-pin CKR_OK*" \
		"$kind: C_Login with R says CKR_OK and does nothing"
	passes "$kind: C_Login with R: it came to that" faulted
	fault none
	is_active "$PIN_NEW" "$kind: the card is active"
}

# A module that ends its process is not taken for one that did its work.
exits() {
	for call in C_GetFunctionList C_Initialize C_Login C_InitPIN; do
		blocked_card
		log_clear
		fault p11-latch "$call" 1 exit 0
		fails "$kind: $call calls exit(0): p11-latch unblock fails" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
		passes "$kind: $call: it came to that" faulted
		logged "$call of the vendor's module has ended this process" "$kind: $call calls exit(0): the log says so"
		# Not always called there.
		[ "$call" != C_InitPIN ] || continue
		fault p11-latch-helper "$call" 1 exit 0
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind: $call calls exit(0) in the helper: C_SetPIN fails"
		fault none
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: $call called exit(0): the next request unblocks the card"
	done
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	known_puk | pickup
	told
	wide
	initialized_all_the_same
	finalized_not
	applied
	applied_in_vain
	[ "$kind" != softhsm ] || done_all_the_same
	[ "$kind" != softhsm ] || set_with_r_all_the_same
	set_after_login_all_the_same
	login_with_r_not
	puk_all_the_same
	refused_all_the_same
	many_slots
	silent
	[ "$kind" != opencryptoki ] || locked_not
	logged_in_not
	presented_nothing
	gone_all_the_same
	[ "$kind" != opencryptoki ] || costs_no_try
	exits
	token_stop
done
done_testing
