# SPDX-License-Identifier: BSD-3-Clause
# Several at the same moment: two that unblock one card, two that work on two cards, and who comes in between.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

ROUNDS=6

# Both begin when the file is there, which both have been waiting for.
at_once() {
	until [ -e "$SCRATCH/go" ]; do
		sleep 0.005
	done
	rv "$@"
}

# Two programs with two new PINs: one of the two is the card's at the end, whatever order they had.
one_card() {
	wrong=
	for round in $(seq $ROUNDS); do
		blocked_card
		session_start first "$LATCH"
		session_start second "$LATCH"
		rm -f "$SCRATCH/go"
		at_once first set-pin "$SO" 111111 >"$SCRATCH/first" &
		first_pid=$!
		at_once second set-pin "$SO" 222222 >"$SCRATCH/second" &
		second_pid=$!
		: >"$SCRATCH/go"
		wait $first_pid $second_pid
		drive_stop first
		drive_stop second
		results="$(cat "$SCRATCH/first") $(cat "$SCRATCH/second")"
		pin=
		[ "$(login_rv "$MODULE" user 111111)" != CKR_OK ] || pin=${pin}1
		[ "$(login_rv "$MODULE" user 222222)" != CKR_OK ] || pin=${pin}2
		state_is active || wrong="$wrong state:$(record State)"
		case "$pin $results" in
		# The one that came second found an active card, of which the PUK is not the PIN.
		"1 CKR_OK CKR_PIN_INCORRECT" | "2 CKR_PIN_INCORRECT CKR_OK") ;;
		# In a process that is older than the change, its vendor's word does not count.
		"1 CKR_OK CKR_FUNCTION_FAILED" | "2 CKR_FUNCTION_FAILED CKR_OK") ;;
		*) wrong="$wrong round $round: PIN $pin, $results;" ;;
		esac
	done
	is "$wrong" "" "$kind: of two that unblock one card at once, one succeeds, and its PIN is the card's"
}

# The command and an application, too.
command_and_program() {
	wrong=
	for round in $(seq $ROUNDS); do
		blocked_card
		"$CMD" unblock --puk "$SO" --pin 111111 "$CARD" >"$SCRATCH/command" 2>&1 &
		command_pid=$!
		out=$(once "$LATCH" "set-pin $SO 222222" | last_rv)
		wait $command_pid
		state_is active || wrong="$wrong state:$(record State)"
		if [ "$out" = CKR_OK ]; then
			pin=222222
		else
			pin=111111
		fi
		# The command unblocks what is active, as a reset of the PIN.
		[ "$(login_rv "$MODULE" user $pin)" = CKR_OK ] || [ "$(login_rv "$MODULE" user 111111)" = CKR_OK ] ||
			wrong="$wrong round $round: no known PIN, $out, $(cat "$SCRATCH/command")"
	done
	is "$wrong" "" "$kind: a program and the command at once leave a card in use, with the PIN of one of them"
}

# Each application has a card of its own, personalized and blocked side by side.
two_cards() {
	token_new
	token_second
	rm -rf "${STATE:?}"/*
	session_start first "$LATCH"
	LABEL=$SECOND_LABEL
	session_start second "$LATCH"
	LABEL=latch
	for name in first second; do
		rm -f "$SCRATCH/go"
		must $name login so "$SO"
	done
	at_once first init-pin 111111 >"$SCRATCH/first" &
	first_pid=$!
	at_once second init-pin 222222 >"$SCRATCH/second" &
	second_pid=$!
	: >"$SCRATCH/go"
	wait $first_pid $second_pid
	is "$(cat "$SCRATCH/first") $(cat "$SCRATCH/second")" "CKR_OK CKR_OK" "$kind: two cards are personalized at once"
	is "$(grep -l State=personalizing "$STATE"/records/* | wc -l)" 2 "$kind: each has its record"
	kill -9 "$(drive_pid first)" "$(drive_pid second)"
	passes "$kind: and its watcher, which ends with it" wait_for 20 no_helpers
	is "$(grep -l State=blocked "$STATE"/records/* | wc -l)" 2 "$kind: both are blocked at the end"
	for name in first second; do
		drive_stop $name
	done
	once "$LATCH" "set-pin $SO 111111" >"$SCRATCH/first" &
	first_pid=$!
	(LABEL=$SECOND_LABEL && once "$LATCH" "set-pin $SO 222222") >"$SCRATCH/second"
	wait $first_pid
	is "$(last_rv <"$SCRATCH/first") $(last_rv <"$SCRATCH/second")" "CKR_OK CKR_OK" "$kind: and unblocked at once"
	is "$(login_rv "$MODULE" user 111111)" CKR_OK "$kind: the first with its PIN"
	is "$(LABEL=$SECOND_LABEL && login_rv "$MODULE" user 222222)" CKR_OK "$kind: the second with its own"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	one_card
	command_and_program
	two_cards
	passes "$kind: no helper is left" wait_for 20 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" 111111 222222
	token_stop
done
done_testing
