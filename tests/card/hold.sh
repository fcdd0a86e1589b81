# SPDX-License-Identifier: BSD-3-Clause
# Several programs under p11-latch personalize: what they hand on, and which of them dies when.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/hold.sh"

# The programs change the SO PIN in between: what blocks is the last one.
hands_on() {
	desk BlockMethod=scramble
	fresh
	hold_start
	is "$(under "login so $SO" "init-pin $PIN")" CKR_OK "$kind, hold: the first program makes the PIN"
	is "$(record State)" personalizing "$kind, hold: its end does not block the card"
	is "$(under "login user $PIN" gen-key)" CKR_OK "$kind, hold: the second makes a key"
	is "$(outside "login user $PIN")" CKR_PIN_LOCKED "$kind, hold: who is not under it cannot log in"
	is "$(outside "login so $SO" "init-pin $PIN_NEW")" CKR_FUNCTION_FAILED \
		"$kind, hold: nor make a PIN"
	is "$(under "login so $SO" "set-pin $SO $SO_NEW")" CKR_OK "$kind, hold: the third changes the SO PIN"
	is "$(under "login so $SO_NEW" "init-pin $PIN_NEW")" CKR_OK "$kind, hold: the fourth makes another PIN"
	is "$(under "login so $SO_NEW" "set-pin $SO_NEW $SO")" CKR_OK "$kind, hold: the last changes the SO PIN"
	is "$(under "login user $PIN_NEW")" CKR_OK "$kind, hold: and all the time they can log in"
	passes "$kind, hold: one watcher is there for all" wait_for 5 only_the_watcher
	hold_end
	is "$(record State),$(record Method)" blocked,scramble "$kind, hold: blocked when it has ended"
	fails "$kind, hold: the card itself refuses the PIN" vendor_takes "$PIN_NEW"
	unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind, hold: no SO try was wasted"
}

# A program dies: the hold has its card.
program_dies() {
	desk
	fresh
	hold_start
	personalize one
	drive one kill9 >/dev/null
	wait_for 10 eval '[ "$(helpers)" = "$hold_watcher" ]' || bail_out "its helper does not end"
	is "$(record State)" personalizing "$kind, hold: a program is killed: the card is not blocked yet"
	is "$(under "login user $PIN")" CKR_OK "$kind, hold: the next one goes on"
	hold_end
	is_blocked "$kind, hold, after the program that was killed"
}

# The hold's watcher dies: programs that live block their own cards, for the others it is too late.
watcher_dies() {
	desk_knows "$SO"
	fresh
	hold_start
	personalize one
	kill -9 "$hold_watcher"
	must one close
	is "$(record State)" blocked "$kind, the hold's watcher is killed: a program blocks its card itself"
	is_blocked "$kind, the hold's watcher is killed while a program has the card"
	drive_stop one
	hold_end

	fresh
	hold_start
	under "login so $SO" "init-pin $PIN" >/dev/null
	kill -9 "$hold_watcher"
	wait_for 5 no_helpers || bail_out "the watcher does not die"
	is "$(outside "login user $PIN")" CKR_PIN_LOCKED "$kind, it had the card: the next request is refused"
	is_blocked "$kind, the hold's watcher is killed while it has the card"
	hold_end
}

# COMMAND or p11-latch dies, a program of theirs lives on.
command_dies() {
	desk
	for victim in command latch both; do
		fresh
		hold_start
		under "login so $SO" "init-pin $PIN" >/dev/null
		session_start late "$LATCH"
		must late login user "$PIN"
		command=$(hold_command)
		case $victim in
		command) kill -9 "$command" ;;
		latch) kill -9 "$hold_pid" ;;
		both) kill -9 "$hold_pid" "$command" ;;
		esac
		is_blocked "$kind, kill -9 of $victim while a program lives"
		must late logout
		is "$(rv late login user "$PIN")" CKR_PIN_LOCKED "$kind, $victim: that program cannot log in again"
		drive_stop late
		kill -9 "$command" 2>/dev/null
		hold_forget
		passes "$kind, $victim: no helper is left" wait_for 5 no_helpers
	done
}

# What ends is the hold, and a program of its is in C_InitPIN: the PIN that it sets comes after the hold's block.
ends_in_init_pin() {
	desk
	faulty_start
	for victim in command latch watcher; do
		fresh
		hold_start
		under "login so $SO" "init-pin $PIN" >/dev/null
		session_start late "$LATCH"
		must late login so "$SO"
		fault p11drive C_InitPIN 1 late 7d0
		drive late init-pin "$PIN_NEW" >"$SCRATCH/late" 2>&1 &
		late=$!
		wait_for 5 faulted || bail_out "no C_InitPIN: $(cat "$SCRATCH/late")"
		command=$(hold_command)
		case $victim in
		command) kill "$command" ;;
		latch) kill -9 "$hold_pid" ;;
		watcher) kill -9 "$hold_watcher" ;;
		esac
		# The command recovers what its watcher left, where the card can be blocked without an SO secret.
		case $victim,$kind in
		watcher,softhsm) ;;
		*) becomes blocked "$kind, $victim ends while a program is in C_InitPIN: it is blocked" ;;
		esac
		wait "$late"
		fault none
		is "$(cut -d ' ' -f 2 "$SCRATCH/late")" CKR_OK "$kind, $victim: C_InitPIN is the vendor's"
		if [ "$victim,$kind" = watcher,softhsm ]; then
			is "$(record State)" personalizing "$kind, watcher: its program is the holder now"
			is "$(under "login so $SO" "init-pin $PIN")" CKR_FUNCTION_FAILED "$kind, watcher: and nobody else"
			must late close
		else
			logged "ended while a program of its set a PIN" "$kind, $victim: the log says that it ended too early"
		fi
		is "$(record State)" blocked "$kind, $victim: once more when C_InitPIN has ended"
		fails "$kind, $victim: the card itself refuses the new PIN" vendor_takes "$PIN_NEW"
		is_blocked "$kind, $victim, in C_InitPIN"
		drive_stop late
		kill -9 "$command" 2>/dev/null
		hold_forget
		passes "$kind, $victim: no helper is left" wait_for 5 no_helpers
	done
}

# The lock is the first one's yet, which hands it over at its end.
two_at_once() {
	fresh
	hold_start
	personalize one
	begin=$(date +%s)
	is "$(under "login so $SO" "init-pin $PIN_NEW")" CKR_OK "$kind, hold: a second program makes a PIN beside the first"
	passes "$kind, hold: at once" test $(($(date +%s) - begin)) -le 4
	must one close
	is "$(record State)" personalizing "$kind, hold: the hold has it when both have ended"
	drive_stop one
	hold_end
	is "$(record State)" blocked "$kind, hold: and blocks it"
	fails "$kind, hold: the card itself refuses the second's PIN" vendor_takes "$PIN_NEW"
}

# One that is killed in there has no word for it.
dies_in_init_pin() {
	fresh
	hold_start
	under "login so $SO" "init-pin $PIN" >/dev/null
	session_start late "$LATCH"
	must late login so "$SO"
	fault p11drive C_InitPIN 1 late 7d0
	drive late init-pin "$PIN_NEW" >"$SCRATCH/late" 2>&1 &
	late=$!
	wait_for 5 faulted || bail_out "no C_InitPIN: $(cat "$SCRATCH/late")"
	hold_end
	is "$(record State)" blocked "$kind: a hold ends while a program is in C_InitPIN"
	sequence=$(record Sequence)
	drive_stop late
	wait "$late"
	fault none
	passes "$kind: which is killed there" wait_for 10 no_helpers
	is "$(record State)" blocked "$kind: the card is blocked then"
	unlike "$(record Sequence)" "$sequence" "$kind: once more"
	is_blocked "$kind, killed in C_InitPIN after the hold"
}

wrong_cookie() {
	desk
	fresh
	hold_start
	id=${P11_LATCH_HOLD%%:*}
	for P11_LATCH_HOLD in "$id:00000000000000000000000000000000" "nonsense" \
		"0000000000000000:00000000000000000000000000000000"; do
		personalize one
		case $P11_LATCH_HOLD in
		"$id:"*) logged "a program shows a wrong cookie" "$kind: the log tells of a wrong cookie" ;;
		esac
		must one close
		is "$(record State)" blocked "$kind: a wrong cookie is no hold: the card is blocked at its end"
		is_blocked "$kind, a wrong cookie"
		drive_stop one
		"$CMD" forget "pkcs11:token=$LABEL" >/dev/null
		token_new
	done
	P11_LATCH_HOLD=$(cat "$SCRATCH/cookie")
	no_secret "$kind: no cookie in log and state" "${P11_LATCH_HOLD#*:}"
	hold_end
}

two_cards() {
	desk
	fresh
	token_second
	hold_start
	under "login so $SO" "init-pin $PIN" >/dev/null
	LABEL=$SECOND_LABEL
	under "login so $SO" "init-pin $PIN" >/dev/null
	LABEL=latch
	is "$(cat "$STATE"/records/* | grep -c State=personalizing)" 2 "$kind, hold: two cards"
	hold_end
	is "$(cat "$STATE"/records/* | grep -c State=blocked)" 2 "$kind, hold: both are blocked at its end"
	for LABEL in $SECOND_LABEL latch; do
		fails "$kind, hold: the card $LABEL refuses its PIN" vendor_takes "$PIN"
	done
}

# What a hold that is killed leaves in the state directory goes when the next one begins; one that lives keeps its own.
sockets_left() {
	desk
	fresh
	hold_start
	dead=$STATE/private/hold-${P11_LATCH_HOLD%%:*}.sock
	dead_command=$(hold_command)
	kill -9 "$hold_watcher" "$hold_pid"
	wait_for 5 no_helpers || bail_out "the watcher does not end"
	kill "$dead_command"
	hold_forget
	passes "$kind: a hold that is killed leaves its socket" test -S "$dead"
	hold_start
	lives=$STATE/private/hold-${P11_LATCH_HOLD%%:*}.sock
	passes "$kind: it may be one that is just beginning" test -S "$dead"
	touch -d "-2 minutes" "$dead" "$lives"
	"$CMD" personalize -- true
	fails "$kind: but not after a minute" test -e "$dead"
	is "$(under "login so $SO" "init-pin $PIN")" CKR_OK "$kind: the other hold keeps its own"
	hold_end
	is "$(record State)" blocked "$kind: and blocks its card"
	is "$(find "$STATE/private" -name 'hold-*')" "" "$kind: no socket is left"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	hands_on
	program_dies
	watcher_dies
	command_dies
	wrong_cookie
	two_cards
	sockets_left
	ends_in_init_pin
	dies_in_init_pin
	two_at_once
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
