# SPDX-License-Identifier: BSD-3-Clause
# A holder's C_SetPIN that ends while its card is being blocked, whose record says personalizing yet: where the vendor's
# module keeps what it read, the card has the new PIN after the block, and is blocked once more.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/hold.sh"

# races PROGRAM NTH: "desk" changes its PIN, which takes 1 s; the block of PROGRAM's takes longer from its NTH C_Finalize on.
races() {
	rm -f "$FAULTY_FILE.done"
	printf 'p11drive C_SetPIN 1 late 3e8\n%s C_Finalize %d late 7d0\n' "$1" "$2" >"$FAULTY_FILE"
	drive desk set-pin "$PIN" "$PIN_NEW" >"$SCRATCH/slow" 2>&1 &
	slow=$!
	wait_for 5 faulted || bail_out "no C_SetPIN: $(cat "$SCRATCH/slow")"
}

# lost TEXT: the new PIN is worth nothing when C_SetPIN has come back.
lost() {
	wait "$slow"
	is "$(cut -d ' ' -f 2 "$SCRATCH/slow")" CKR_OK "$1: C_SetPIN is the vendor's"
	rm -f "$FAULTY_FILE"
	becomes blocked "$1: the card is blocked"
	fails "$1: and refuses the new PIN" vendor_takes "$PIN_NEW"
	drive_stop desk
	passes "$1: no helper is left" wait_for 10 no_helpers
}

alone() {
	fresh
	personalize desk
	must desk logout
	must desk login user "$PIN"
	races p11-latch-helper "$1"
	kill "$(watcher)"
	lost "the watcher is told to end ($1)"
}

# A hold has the card, and a program of its is logged in.
held() {
	fresh
	hold_start
	under "login so $SO" "init-pin $PIN" >/dev/null
	passes "a hold has the card" wait_for 10 only_the_watcher
	session_start desk "$LATCH"
	must desk login user "$PIN"
}

of_hold() {
	held
	races p11-latch-helper "$1"
	kill "$(hold_command)"
	lost "the hold ends ($1)"
	wait_for 10 gone "$hold_pid" || bail_out "p11-latch personalize does not end"
	hold_forget
}

# Who finds a dead hold's card blocks it.
of_dead_hold() {
	held
	command=$(hold_command)
	kill -9 "$hold_pid" "$hold_watcher"
	wait_for 5 no_helpers || bail_out "the watcher does not die"
	races p11-latch "$1"
	"$CMD" recover >/dev/null &
	lost "the hold is dead, and its card is recovered ($1)"
	wait $!
	kill "$command"
	hold_forget
}

token_start softhsm
latch_setup
desk_knows "$SO" BlockMethod=scramble
faulty_start
# The C_Finalize after which nobody looks any more whether the card is what the block has made of it.
alone 5
of_hold 5
of_dead_hold 6
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
token_stop
done_testing
