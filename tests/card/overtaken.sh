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

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	desk_knows "$SO"
	told
	told_and_dies
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
