# SPDX-License-Identifier: BSD-3-Clause
# Silent, slow and many clients: they are dropped, and keep neither the card nor operators waiting.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/flood.sh"

URI=pkcs11:token=latch

now() {
	date +%s%3N
}

# dropped NAME: it was, after the 5 seconds that it may be silent, and not much later.
dropped() {
	dropped_ms=$(sed -n 's/.*closed after \([0-9]*\) ms/\1/p' "$SCRATCH/$1")
	if [ -n "$dropped_ms" ] && [ "$dropped_ms" -le 15000 ]; then
		ok "$kind: $2"
	else
		not_ok "$kind: $2" "$(cat "$SCRATCH/$1")"
	fi
}

silent_ones() {
	who anyone
	silent_pids=
	raw helper end >"$SCRATCH/silent" &
	silent_pids="$silent_pids $!"
	raw helper login "id=hex:$ID" "pin=$PIN" half end >"$SCRATCH/half" &
	silent_pids="$silent_pids $!"
	raw helper zeros:3 end >"$SCRATCH/header" &
	silent_pids="$silent_pids $!"
	raw helper login "id=hex:$ID" "pin=$PIN" slow end >"$SCRATCH/slow" &
	silent_pids="$silent_pids $!"
	raw helper raw:0101000000ffffff zeros:100 end >"$SCRATCH/large" &
	silent_pids="$silent_pids $!"
	raw helper so-login "id=hex:$ID" "pin=$SO" ask end >"$SCRATCH/idle" &
	silent_pids="$silent_pids $!"
	raw operators end >"$SCRATCH/none" 2>&1
	sits_on_the_lock >"$SCRATCH/lock" &
	passes "$kind: a client sits on the card's lock" wait_for 10 lock_is_taken
	begin=$(now)
	passes "$kind: an operator's order is carried out all the same" \
		as operator "$CMD" unblock --pin "$PIN_NEW" "$URI"
	passes "$kind: within the time that a silent client may have" test $(($(now) - begin)) -le 15000
	# shellcheck disable=SC2086
	wait $silent_pids $!
	dropped silent "a client that says nothing is dropped"
	dropped half "so is one that stops in the middle of a frame"
	dropped header "and in the middle of a header"
	dropped slow "one that sends a byte now and then"
	dropped large "one that announces more than it sends"
	dropped idle "one that logs in as SO and then does nothing"
	dropped lock "one that sits on the card's lock"
	like "$(cat "$SCRATCH/none")" "*Permission denied*" "$kind: and nobody else talks to operators.sock"
}

flood() {
	as operator "$CMD" block "$URI" >/dev/null 2>&1
	flood_start
	passes "$kind: a flood has the card's lock" wait_for 10 lock_is_taken
	begin=$(now)
	passes "$kind: an operator unblocks, with a flood on the other socket" \
		as operator "$CMD" unblock --pin "$PIN_NEW" "$URI"
	passes "$kind: and blocks" as operator "$CMD" block "$URI"
	note "$kind: two orders in a flood took $(($(now) - begin)) ms"
	flood_stop
}

holder_may_sit() {
	who root
	token_new
	token_share
	rm -rf "${STATE:?}"/*
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	# openCryptoki's is as long as it takes to say so.
	[ "$kind" = opencryptoki ] || drive desk sleep 6500 >/dev/null
	is "$(record State)" personalizing "$kind: the holder of a card may take its time"
	expect CKR_OK desk close
	is "$(record State)" blocked "$kind: and the card is blocked at its end"
	drive_stop desk
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	sockets_desk
	sockets_start
	holder_may_sit
	ID=$(record Token)
	if [ "$kind" = opencryptoki ]; then
		silent_ones
		flood
	fi
	who root
	passes "$kind: no helper is left" wait_for 20 no_helpers
	sockets_stop
	token_stop
done
done_testing
