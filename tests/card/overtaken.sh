# SPDX-License-Identifier: BSD-3-Clause
# A watcher that ends while its holder's call of the vendor's runs: the PIN that the call sets comes after the block.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

# slowly CALL MS COMMAND...: the program "desk" runs it, and the vendor's call takes so long, in hexadecimal digits.
slowly() {
	fault p11drive "$1" 1 late "$2"
	shift 2
	drive desk "$@" >"$SCRATCH/slow" 2>&1 &
	slow_pid=$!
	wait_for 5 faulted || bail_out "$*: $(cat "$SCRATCH/slow")"
}

# slow_ends RV TEXT: it came to its end, and that is how.
slow_ends() {
	wait "$slow_pid"
	fault none
	is "$(cut -d ' ' -f 2 "$SCRATCH/slow")" "$1" "$2"
}

new_desk() {
	fresh
	session_start desk "$LATCH"
	must desk login so "$SO"
}

# takes_none TEXT PIN...: by now it is blocked, and the card itself takes none of them.
takes_none() {
	takes_text=$1
	shift
	becomes blocked "$takes_text: the card is blocked"
	for takes_pin in "$@"; do
		fails "$takes_text: the card itself refuses $takes_pin" vendor_takes "$takes_pin"
	done
	is "$(login_rv "$LATCH" user "$1")" CKR_PIN_LOCKED "$takes_text: and nobody gets in"
}

# Told to end, it first waits for the call's result.
told() {
	for signal in TERM INT HUP; do
		new_desk
		slowly C_InitPIN 5dc init-pin "$PIN"
		kill "-$signal" "$(watcher)"
		is "$(record State)" personalizing "$kind, SIG$signal in the first C_InitPIN: the watcher waits for its end"
		slow_ends CKR_OK "$kind, SIG$signal: which is the vendor's"
		takes_none "$kind, SIG$signal in the first C_InitPIN" "$PIN"
		passes "$kind, SIG$signal: the watcher has ended" wait_for 5 no_helpers
		unlike "$(log_text)" "*helper ended without an answer*" "$kind, SIG$signal: not before it had its word"
		drive_stop desk
	done

	fresh
	personalize desk
	slowly C_InitPIN 5dc init-pin "$PIN_NEW"
	kill -TERM "$(watcher)"
	slow_ends CKR_OK "$kind, SIGTERM in another C_InitPIN"
	takes_none "$kind, SIGTERM in another C_InitPIN" "$PIN_NEW" "$PIN"
	drive_stop desk
}

# Nor for longer than the holder lives.
told_and_dies() {
	fresh
	personalize desk
	slowly C_InitPIN 3a98 init-pin "$PIN_NEW"
	kill -TERM "$(watcher)"
	drive_stop desk
	takes_none "$kind, SIGTERM in C_InitPIN, and the holder is killed" "$PIN" "$PIN_NEW"
	wait "$slow_pid"
	fault none
}

# settled TEXT STATE: the watcher is killed, and somebody else has the card blocked while the call runs.
settled() {
	kill -9 "$(watcher)"
	wait_for 5 no_helpers || bail_out "the watcher does not die"
	"$CMD" recover >/dev/null
	is "$(record State)" "$2" "$kind, $1: who comes meanwhile finds it $2"
}

killed() {
	new_desk
	slowly C_InitPIN 7d0 init-pin "$PIN"
	settled "killed in the first C_InitPIN" none
	slow_ends CKR_OK "$kind, killed in the first C_InitPIN: it ends as the vendor's does"
	takes_none "$kind, killed in the first C_InitPIN" "$PIN"
	logged "a PIN was set after its watcher had ended" "$kind: the log tells of it"
	drive_stop desk

	fresh
	personalize desk
	slowly C_InitPIN 7d0 init-pin "$PIN_NEW"
	settled "killed in another C_InitPIN" blocked
	slow_ends CKR_OK "$kind, killed in another C_InitPIN"
	takes_none "$kind, killed in another C_InitPIN" "$PIN_NEW" "$PIN"
	drive_stop desk

	# What was blocked and not changed since is left as it is.
	fresh
	personalize desk
	slowly C_InitPIN 7d0 init-pin 1
	settled "killed in a C_InitPIN that fails" blocked
	sequence=$(record Sequence)
	slow_ends CKR_PIN_LEN_RANGE "$kind, killed in a C_InitPIN that fails"
	is "$(record State),$(record Sequence)" "blocked,$sequence" "$kind: which leaves the card as it is"
	drive_stop desk
}

# The holder's own C_SetPIN, of which no watcher is told.
killed_in_set_pin() {
	fresh
	personalize desk
	must desk logout
	must desk login user "$PIN"
	slowly C_SetPIN 7d0 set-pin "$PIN" "$PIN_NEW"
	settled "killed in the holder's C_SetPIN" blocked
	wait "$slow_pid"
	fault none
	takes_none "$kind, killed in the holder's C_SetPIN" "$PIN_NEW" "$PIN"
	drive_stop desk
}

# PersonalizeOn=set-pin: the personalization begins with this very call.
set_pin_begins() {
	desk_knows "$SO" PersonalizeOn=set-pin
	for signal in KILL TERM; do
		fresh
		personalize_direct
		session_start desk "$LATCH"
		must desk login user "$PIN"
		slowly C_SetPIN 5dc set-pin "$PIN" "$PIN_NEW"
		is "$(record State)" personalizing "$kind, set-pin: C_SetPIN begins a personalization"
		kill "-$signal" "$(watcher)"
		slow_ends CKR_OK "$kind, set-pin, SIG$signal in it: C_SetPIN"
		takes_none "$kind, set-pin, SIG$signal in it" "$PIN_NEW" "$PIN"
		drive_stop desk
	done
}

# Who types on a reader's PIN pad is not waited for by a machine that shuts down.
told_and_slow() {
	new_desk
	slowly C_InitPIN 61a8 init-pin "$PIN"
	kill -TERM "$(watcher)"
	passes "$kind, SIGTERM in a C_InitPIN of 25 s: the watcher ends before it" wait_for 24 no_helpers
	slow_ends CKR_OK "$kind, SIGTERM in a C_InitPIN of 25 s"
	takes_none "$kind, SIGTERM in a C_InitPIN of 25 s" "$PIN"
	drive_stop desk
}

# And then the module reaches no other helper: whoever comes next settles what the first left.
told_and_alone() {
	cp "$HELPER" "$SCRATCH/p11-latch-helper"
	told_helper=$HELPER
	HELPER=$SCRATCH/p11-latch-helper
	sed -i "s|^Helper=.*|Helper=spawn:$HELPER|" "$P11_LATCH_CONF"
	fresh
	personalize desk
	slowly C_InitPIN 59d8 init-pin "$PIN_NEW"
	kill -TERM "$(watcher)"
	passes "$kind, SIGTERM in a C_InitPIN of 23 s: the watcher ends before it" wait_for 22 no_helpers
	mv "$HELPER" "$HELPER.away"
	slow_ends CKR_OK "$kind, no helper is there when it ends"
	is "$(record State)" personalizing "$kind, nor was the card left as blocked"
	mv "$HELPER.away" "$HELPER"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_PIN_LOCKED "$kind, whoever comes next does not get in"
	takes_none "$kind, and has it blocked" "$PIN_NEW" "$PIN"
	drive_stop desk
	HELPER=$told_helper
	sed -i "s|^Helper=.*|Helper=spawn:$HELPER|" "$P11_LATCH_CONF"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	desk_knows "$SO"
	told
	told_and_dies
	killed
	killed_in_set_pin
	case $kind in
	softhsm) told_and_slow ;;
	*) told_and_alone ;;
	esac
	set_pin_begins
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
