# SPDX-License-Identifier: BSD-3-Clause
# The module with the real helper in programs of odd habits: SIGCHLD ignored, a thread that waits for every child,
# standard descriptors closed, no descriptor left, threads, forks.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"

# whole_life TEXT COMMAND: a program with that habit personalizes, blocks, unblocks, and logs in.
whole_life() {
	EXPECT_NOTE="$kind, $1"
	fresh
	session_start odd "$LATCH"
	expect CKR_OK odd $2
	expect CKR_OK odd login so "$SO"
	expect CKR_OK odd init-pin "$PIN"
	is "$(record State)" personalizing "$kind, $1: it personalizes"
	expect CKR_OK odd logout
	expect CKR_OK odd login user "$PIN"
	expect CKR_OK odd gen-key
	expect CKR_OK odd close
	is_blocked "$kind, $1: closed"
	# SoftHSM keeps the PIN that it had, so that a program has to initialise anew.
	expect CKR_OK odd finalize
	must odd initialize
	must odd open rw
	expect CKR_PIN_LOCKED odd login user "$PIN"
	expect CKR_OK odd set-pin "$SO" "$PIN_NEW"
	expect CKR_OK odd login user "$PIN_NEW"
	expect CKR_OK odd sign
	active_is "$PIN_NEW" "$kind, $1: it unblocks"
	passes "$kind, $1: no helper is left" wait_for 10 no_helpers
	is "$(children odd)" "" "$kind, $1: it has no child left"
}

# Its children, dead ones too.
children() {
	cat "/proc/$(drive_pid "$1")/task/"*/children 2>/dev/null | tr -d ' \n'
}

habits() {
	whole_life "SIGCHLD ignored" ignore-sigchld
	drive_stop odd
	whole_life "a thread waits for every child" reap
	drive_stop odd
	whole_life "descriptors 0 to 2 closed" close-fds
	# openCryptoki's lock files may be there.
	is "$(readlink "/proc/$(drive_pid odd)/fd/"[012] | grep -c -e socket: -e pidfd -e "$STATE" \
		-e /dev/null)" 0 "$kind: nothing of p11-latch's has taken their places"
	drive_stop odd
	EXPECT_NOTE=
}

# line COMMAND PATTERN TEXT: how that command ended in the output of one run.
line() {
	like "$(printf '%s\n' "$run_out" | grep "^$1 " | tail -n 1 | cut -d ' ' -f 2)" "$2" "$kind, $3"
}

# A program with no descriptor left is told so and does no harm; with one again, all is well. A holder that has
# none has its watcher already.
no_descriptors() {
	fresh
	with_leaks=${ASAN_OPTIONS:-}
	export ASAN_OPTIONS="$with_leaks:detect_leaks=0" # a report has no descriptor either, and LeakSanitizer hangs
	# In one run: no second program can connect to one that has no descriptor left.
	run_out=$(ulimit -n 128 && once "$LATCH" "login so $SO" "init-pin $PIN" fill-fds close)
	line init-pin CKR_OK "a full table: personalizing before"
	is_blocked "$kind, a full table: the holder closes"

	# CKR_GENERAL_ERROR is SoftHSM's own.
	run_out=$(ulimit -n 128 && once "$LATCH" fill-fds "login user $PIN")
	line login "CKR_[FG]*" "a full table: C_Login on a blocked card fails"
	run_out=$(ulimit -n 128 && once "$LATCH" fill-fds "set-pin $SO $PIN_NEW" free-fds finalize \
		initialize token-info)
	line set-pin "CKR_[FG]*" "a full table: C_SetPIN on a blocked card fails"
	line token-info CKR_OK "a full table: all is well when it is emptied"
	is "$(record State)" blocked "$kind, a full table: the card is blocked still"
	run_out=$(ulimit -n 128 && once "$LATCH" fill-fds free-fds "set-pin $SO $PIN_NEW" \
		"login user $PIN_NEW")
	line set-pin CKR_OK "a table that was full: C_SetPIN unblocks"
	line login CKR_OK "a table that was full: the new PIN is right"
	ASAN_OPTIONS=$with_leaks
}

many_threads() {
	"$CMD" forget "pkcs11:token=$LABEL" >"$SCRATCH/forget.log" 2>&1
	personalize_direct
	"$CMD" adopt "pkcs11:token=$LABEL" >"$SCRATCH/adopt.log" 2>&1 || bail_out "adopt"
	session_start crowd "$LATCH"
	like "$(drive crowd threads 8 50 open)" "threads CKR_OK threads=8 errors=0" \
		"$kind: 8 threads open and close sessions"
	like "$(drive crowd threads 8 50 info)" "threads CKR_OK threads=8 errors=0" \
		"$kind: 8 threads ask for the token"
	like "$(drive crowd threads 8 20 login "$PIN")" "threads CKR_OK threads=8 errors=0" \
		"$kind: 8 threads log in to an active card"
	drive_stop crowd

	block_card
	session_start crowd "$LATCH"
	like "$(drive crowd threads 4 3 login "$PIN")" "threads CKR_PIN_LOCKED threads=4 errors=12" \
		"$kind: 4 threads are refused on a blocked card, each time"
	is "$(record State)" blocked "$kind: which is blocked still"
	expect CKR_OK crowd set-pin "$SO" "$PIN_NEW"
	like "$(drive crowd threads 8 5 login "$PIN_NEW")" "threads CKR_OK threads=8 errors=0" \
		"$kind: 8 threads log in once it is unblocked"
	drive_stop crowd
}

# A child that only lives, and one that uses what it inherited, leave the card to its holder.
forks() {
	fresh
	personalize parent
	child=$(drive parent fork-hold 600000 | cut -d ' ' -f 3)
	like "$(drive parent in-child finalize)" "in-child CKR_OK *" "$kind: a forked child calls C_Finalize"
	is "$(record State)" personalizing "$kind: the card is its parent's still"
	expect CKR_OK parent logout
	expect CKR_OK parent login user "$PIN"
	expect CKR_OK parent close
	is_blocked "$kind: the parent closes, with a child alive"
	kill -9 "$child"
	drive_stop parent
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk
	habits
	no_descriptors
	many_threads
	forks
	no_secret "$kind: no log and no record holds a PIN or PUK" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
