# SPDX-License-Identifier: BSD-3-Clause
# Programs under p11-latch personalize. Sourced, after desk.sh.
#
#	hold_start         a hold whose COMMAND waits; programs of the test are under it from now on, by its cookie.
#	                   Sets hold_pid, and hold_watcher (its helper)
#	hold_command       the process id of its COMMAND
#	hold_end           COMMAND ends, and with it the hold
#	hold_forget        programs are under no hold any more
#	under LINE...      a program under the hold; what its last line ended with
#	outside LINE...    one that is not
#	only_the_watcher   no other helper than the hold's runs

hold_start() {
	rm -f "$SCRATCH/cookie"
	"$CMD" personalize -- sh -c "echo \$P11_LATCH_HOLD >'$SCRATCH/cookie'; exec sleep 600" &
	hold_pid=$!
	wait_for 10 test -s "$SCRATCH/cookie" || bail_out "no hold: $(log_text)"
	P11_LATCH_HOLD=$(cat "$SCRATCH/cookie")
	export P11_LATCH_HOLD
	hold_watcher=$(watcher) || bail_out "the hold's watcher is not alone: $(pgrep -a p11-latch)"
}

hold_command() {
	pgrep -P "$hold_pid"
}

hold_forget() {
	unset P11_LATCH_HOLD
}

hold_end() {
	kill "$(hold_command)"
	wait_for 10 gone "$hold_pid" || bail_out "p11-latch personalize does not end"
	hold_forget
}

under() {
	once "$LATCH" "$@" | last_rv
}

outside() {
	env -u P11_LATCH_HOLD "$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "$@" | last_rv
}

# The helper of a program that has just ended may be about to end, too.
only_the_watcher() {
	[ "$(helpers)" = "$hold_watcher" ]
}
