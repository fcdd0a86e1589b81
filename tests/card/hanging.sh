# SPDX-License-Identifier: BSD-3-Clause
# A module that hangs, or is slow: the application has an answer in bounded time, and other cards go on.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

LIMIT=1

now() {
	date +%s
}

# in_time SECONDS TEXT: since begin.
in_time() {
	if [ $(($(now) - begin)) -le "$1" ]; then
		ok "$2, in time"
	else
		not_ok "$2, in time" "it took $(($(now) - begin)) s"
	fi
}

hangs() {
	fault p11-latch-helper "$1" "${2:-1}" hang
	log_clear
	begin=$(now)
}

# C_Finalize hangs when the new PIN is set already: the next request finds that out, and then the PUK is no PIN.
unblock_again() {
	case $call in
	C_Finalize) unblock_rv=CKR_PIN_INCORRECT ;;
	*) unblock_rv=CKR_OK ;;
	esac
	is "$(set_pin "$SO" "$PIN_NEW")" "$unblock_rv" "$kind, $call hung: once it is well again, unblocking goes on"
}

# The helper never comes back from one call of the vendor's.
unblock_hangs() {
	for call in C_Initialize C_Login C_InitPIN C_Finalize; do
		blocked_card
		hangs "$call"
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind, $call hangs: C_SetPIN has an answer"
		in_time 20 "$kind, $call hangs"
		passes "$kind, $call hangs: it came to that" faulted
		logged "$call of the vendor's module has not come back after $LIMIT s" "$kind, $call hangs: the log names it"
		passes "$kind, $call hangs: no helper is left with the card's lock" wait_for 5 no_helpers
		fault none
		unblock_again
		is_active "$PIN_NEW" "$kind, $call hung: and all is well"
	done
}

# While a helper hangs with one card, the other card is personalized, blocked and unblocked.
others_go_on() {
	token_new
	token_second
	rm -rf "${STATE:?}"/*
	once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
	latch_conf "spawn:$HELPER" auto 4
	faulty_start
	hangs C_Login
	set_pin "$SO" "$PIN_NEW" >"$SCRATCH/hung" &
	hung=$!
	wait_for 5 faulted || bail_out "nothing hangs"
	begin_other=$(now)
	LABEL=$SECOND_LABEL
	FAULTY_FILE=$SCRATCH/no-fault
	once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
	is "$(record State "$(second_record)")" blocked "$kind: another card is personalized and blocked meanwhile"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: and unblocked"
	passes "$kind: while the first still hangs" kill -0 "$hung"
	note "$kind: the other card took $(($(now) - begin_other)) s"
	LABEL=latch
	wait "$hung"
	is "$(cat "$SCRATCH/hung")" CKR_FUNCTION_FAILED "$kind: whose program has an answer, too"
	FAULTY_FILE=$SCRATCH/fault
	fault none
	latch_conf "spawn:$HELPER" auto "$LIMIT"
	faulty_start
}

# Records are named by serial number, openCryptoki's by the label as well.
second_record() {
	case $kind in
	opencryptoki) echo "$SECOND_LABEL" ;;
	*) once "$MODULE" token-info >/dev/null && LABEL=$SECOND_LABEL once "$MODULE" token-info |
		sed -n 's/.* serial=\([^ ]*\) .*/\1/p' ;;
	esac
}

# Who waits for the lock of a card whose helper hangs has it as soon as that has ended.
waits_for_lock() {
	blocked_card
	hangs C_Login
	set_pin "$SO" "$PIN_NEW" >"$SCRATCH/hung" &
	wait_for 5 faulted || bail_out "nothing hangs"
	FAULTY_FILE=$SCRATCH/no-fault
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: the next program unblocks the card"
	in_time 20 "$kind: after the one that hung"
	FAULTY_FILE=$SCRATCH/fault
	wait $!
	fault none
	is_active "$PIN_NEW" "$kind: and it is active"
}

# The watcher hangs while it blocks: close has an answer, nobody gets in, and the next one blocks the card.
block_hangs() {
	fresh
	personalize desk
	hangs C_Login 0
	like "$(rv desk close)" "CKR_*" "$kind: C_CloseSession has an answer though the block hangs"
	in_time 20 "$kind: C_CloseSession"
	drive_stop desk
	passes "$kind: no helper is left" wait_for 10 no_helpers
	is "$(record State)" personalizing "$kind: what was not blocked says so"
	fault none
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: nobody gets in"
	is_blocked "$kind: and whoever comes next blocks it"
}

command_hangs() {
	blocked_card
	fault p11-latch C_Login 1 hang
	begin=$(now)
	printf '%s\n' "$SO" | "$CMD" unblock --puk - --pin "$PIN_NEW" "$CARD" >"$SCRATCH/out" 2>&1
	is $? 1 "$kind: the command fails where the module hangs"
	in_time 20 "$kind: the command"
	like "$(cat "$SCRATCH/out")" "*C_Login of the vendor's module has not come back*" "$kind: and says so"
	fault none
}

# The application's own process hangs in the vendor's module: its other threads' and others' cards go on.
application_hangs() {
	token_new
	token_second
	rm -rf "${STATE:?}"/*
	session_start desk "$LATCH"
	must desk login so "$SO"
	fault p11drive C_InitPIN 1 hang
	drive desk init-pin "$PIN" >/dev/null 2>&1 &
	hung=$!
	wait_for 5 faulted || bail_out "nothing hangs"
	fault none
	LABEL=$SECOND_LABEL
	once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
	is "$(record State "$(second_record)")" blocked "$kind: a program hangs in C_InitPIN, and another card is blocked"
	LABEL=latch
	drive_stop desk
	wait "$hung"
	passes "$kind: killed, its card is dealt with" wait_for 15 no_helpers
	is "$(record State "$(first_record)")" none "$kind: it has no PIN, so that nothing is to be blocked"
}

first_record() {
	case $kind in
	opencryptoki) echo "$LABEL" ;;
	*) once "$MODULE" token-info | sed -n 's/.* serial=\([^ ]*\) .*/\1/p' ;;
	esac
}

# In a world of its own, beside all the others: nothing is refused because a card takes 30 s for a call.
slow_begins() {
	softhsm_start
	latch_setup
	known_puk | pickup
	cp "$HELPER" "$SCRATCH/slow-helper"
	latch_conf "spawn:$SCRATCH/slow-helper"
	blocked_card
	faulty_start
	mv "$STATE" "$SCRATCH/slow-state"
	mv "$SCRATCH/softhsm" "$SCRATCH/slow-softhsm"
	sed "s|^Policy=.*|Policy=$SCRATCH/slow/policy.conf|; s|^StateDirectory=.*|StateDirectory=$SCRATCH/slow-state|" \
		"$P11_LATCH_CONF" >"$CONF_DIR/slow.conf"
	mv "$CONF_DIR" "$SCRATCH/slow"
	sed 's|/softhsm$|/slow-softhsm|' "$SOFTHSM2_CONF" >"$SCRATCH/slow-softhsm2.conf"
	echo 'slow-helper C_Login 1 late 7530' >"$SCRATCH/slow-fault"
	slow_began=$(now)
	slow_vendor=$MODULE
	slow "set-pin $SO $PIN_NEW" >"$SCRATCH/slow-out" &
	slow_pid=$!
}

slow() (
	LABEL=latch
	SOFTHSM2_CONF=$SCRATCH/slow-softhsm2.conf
	P11_LATCH_CONF=$SCRATCH/slow/slow.conf
	FAULTY_FILE=$SCRATCH/slow-fault
	FAULTY_VENDOR=$slow_vendor
	export SOFTHSM2_CONF P11_LATCH_CONF FAULTY_FILE FAULTY_VENDOR
	once "$LATCH" "$@"
)

slow_ends() {
	wait "$slow_pid"
	passes "slow: a call took 30 s" test -e "$SCRATCH/slow-fault.done"
	is "$(last_rv <"$SCRATCH/slow-out")" CKR_OK "slow: and the card was unblocked"
	rm "$SCRATCH/slow-fault"
	is "$(slow "login user $PIN_NEW" | last_rv)" CKR_OK "slow: with the new PIN"
	note "the script has run for $(($(now) - slow_began)) s"
}

slow_begins
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	latch_conf "spawn:$HELPER" auto "$LIMIT"
	faulty_start
	if [ "$kind" = softhsm ]; then
		known_puk | pickup
	else
		asked_puk | pickup
	fi
	case $kind in
	opencryptoki) unblock_hangs ;;
	esac
	others_go_on
	waits_for_lock
	block_hangs
	command_hangs
	application_hangs
	token_stop
done
slow_ends
done_testing
