# SPDX-License-Identifier: BSD-3-Clause
# Wrong cookies without end: the hold's watcher is asked once in a conversation, says so a few times, and blocks its
# card when its holder ends, whoever stands at its door.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

WRONG=00000000000000000000000000000000

hold_start() {
	rm -f "$SCRATCH/cookie"
	chmod a+rwx "$SCRATCH"
	as operator env P11_LATCH_CONF="$P11_LATCH_CONF" "$CMD" personalize -- \
		sh -c "echo \$P11_LATCH_HOLD >'$SCRATCH/cookie'; exec sleep 600" &
	hold_pid=$!
	wait_for 10 test -s "$SCRATCH/cookie" || bail_out "no hold: $(log_text)"
	HOLD=$(cut -d : -f 1 "$SCRATCH/cookie")
	P11_LATCH_HOLD=$(cat "$SCRATCH/cookie") once "$LATCH" "login so $SO" "init-pin $PIN" >/dev/null
	passes "$kind: the hold has its card" wait_for 10 handed_over
	ID=$(record Token)
}

handed_over() {
	state_is personalizing && [ "$(helpers | wc -l)" = 1 ]
}

told() {
	log_text | grep -c "shows a wrong cookie to a hold"
}

# Each is slow, and comes again at once: somebody always waits to be let in.
stand_at_the_door() {
	python3 - "$STATE/private/hold-$HOLD.sock" "$SCRATCH/enough" <<-'EOF'
		import os, socket, sys, time
		for i in range(3):
		    if os.fork() == 0:
		        break
		begin = time.time()
		while time.time() < begin + 30 and not os.path.exists(sys.argv[2]):
		    s = socket.socket(socket.AF_UNIX)
		    try:
		        s.connect(sys.argv[1])
		        time.sleep(0.2)
		        s.send(b"\1\x16\0\0\0\0\0\0")
		        s.recv(99)
		    except OSError:
		        pass
		    s.close()
	EOF
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	sockets_desk
	sockets_start
	who operator
	hold_start

	log_clear
	who anyone
	frame="so-login id=hex:$ID cookie=$HOLD:$WRONG ask"
	# shellcheck disable=SC2086
	raw helper $frame $frame $frame $frame $frame shut end >/dev/null
	is "$(told)" 1 "$kind: of one conversation the hold is asked once"

	stand_at_the_door &
	door_pid=$!
	wait_for 10 eval '[ "$(told)" -ge 10 ]' || bail_out "nobody is at the door"
	begin=$(date +%s%3N)
	kill -9 "$(pgrep -P "$hold_pid")" "$hold_pid"
	becomes blocked "$kind: the hold ends, and its card is blocked"
	ms=$(($(date +%s%3N) - begin))
	[ "$ms" -lt 8000 ] && ok "$kind: at once" || not_ok "$kind: at once" "after $ms ms"
	is "$(told)" 10 "$kind: the log does not tell of each"
	touch "$SCRATCH/enough"
	wait "$door_pid"
	rm -f "$SCRATCH/enough"
	fails "$kind: the PIN that was set is right no more" test "$(who root && login_rv "$MODULE" user "$PIN")" = CKR_OK
	who root
	passes "$kind: no helper is left" wait_for 10 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN"
	sockets_stop
	token_stop
done
done_testing
