# SPDX-License-Identifier: BSD-3-Clause
# However a holder ends, and whatever ends its watcher, its card is blocked.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

# Goodbyes: when the call returns, the card is blocked.
says_goodbye() {
	for end in close close-all finalize; do
		fresh
		personalize desk
		expect CKR_OK desk "$end"
		is "$(record State)" blocked "$kind, $end: the card is blocked when the call returns"
		is_blocked "$kind, $end"
		passes "$kind, $end: the watcher has ended" wait_for 5 no_helpers
		drive_stop desk
	done
}

# One session of two is not the last.
closes_one_of_two() {
	fresh
	personalize desk
	must desk open rw second
	must desk close second
	is "$(record State)" personalizing "$kind: a session that is not the last may close"
	must desk close
	is "$(record State)" blocked "$kind: the last one may not"
	drive_stop desk
}

just_ends() {
	for end in exit _exit abort kill9 term; do
		fresh
		personalize desk
		drive desk "$end" >/dev/null
		is_blocked "$kind, $end of the holder"
		passes "$kind, $end: the watcher has ended" wait_for 5 no_helpers
	done
}

execs() {
	fresh
	personalize desk
	drive desk exec sleep 600 >/dev/null
	is_blocked "$kind, exec of another program"
	fails "$kind: the process lives on" gone "$(drive_pid desk)"
	drive_stop desk
}

leaves_a_child() {
	for end in kill9 exit; do
		fresh
		personalize desk
		child=$(drive desk fork-hold 600000 | cut -d ' ' -f 3)
		drive desk "$end" >/dev/null
		is_blocked "$kind, $end of the holder, a forked child has its socket"
		fails "$kind: the child lives on" gone "$child"
		kill -9 "$child"
	done
}

# The machine shuts down, or the watcher alone is told to end: it blocks the card first.
watcher_told() {
	for signal in TERM INT HUP; do
		fresh
		personalize desk
		watcher=$(watcher)
		kill "-$signal" "$watcher"
		is_blocked "$kind, SIG$signal to the watcher"
		passes "$kind: the watcher has ended" wait_for 5 gone "$watcher"
		fails "$kind: its holder has not" gone "$(drive_pid desk)"
		must desk logout
		expect CKR_PIN_LOCKED desk login user "$PIN"
		drive_stop desk
	done
	fresh
	personalize desk
	kill -TERM "$(watcher)" "$(drive_pid desk)"
	is_blocked "$kind, SIGTERM to both"
}

# The watcher is not the holder's own process, and behind the socket it may be another user's.
behind_the_socket() {
	latch_conf "unix:$SCRATCH/run/helper.sock"
	helper_socket operators --operators
	for end in close finalize exit kill9 leaves_a_child; do
		fresh
		personalize desk
		child=
		if [ "$end" = leaves_a_child ]; then
			child=$(drive desk fork-hold 600000 | cut -d ' ' -f 3)
			end=kill9
		fi
		drive desk "$end" >/dev/null
		is_blocked "$kind, behind the socket, $end${child:+ with a child}"
		drive_stop desk
		[ -z "$child" ] || kill -9 "$child"
	done
	helper_socket_stop operators
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	desk
	says_goodbye
	closes_one_of_two
	just_ends
	execs
	leaves_a_child
	watcher_told
	behind_the_socket
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN"
	token_stop
done
done_testing
