# SPDX-License-Identifier: BSD-3-Clause
# Odd callers behind the sockets: with descriptors and credentials in their frames, from another process namespace, and
# one that talks on and on to keep the card.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/office.sh"

URI=pkcs11:token=latch

# Nine descriptors in each frame, that are no process: none is waited for, none is kept.
descriptors() {
	who operator
	raw operators fds:9 so-login "id=hex:$ID" "pin=$SO" ask fds:9 ask fds:253 ask fds:9 ask ms:3000 \
		>"$SCRATCH/descriptors" &
	descriptors_pid=$!
	passes "$kind: a frame with descriptors of a file is answered, and so are those after it" \
		wait_for 10 four_answers
	watcher=$(helpers)
	is "$(find "/proc/$watcher/fd" -lname /dev/null ! -name '[01]')" "" "$kind: and the helper keeps none of them"
	kill "$descriptors_pid"
	wait "$descriptors_pid" 2>/dev/null
	passes "$kind: it ends with its caller" wait_for 10 no_helpers
}

four_answers() {
	[ "$(grep -c ^answer "$SCRATCH/descriptors")" = 4 ]
}

# Init-pin takes the card's lock; every 50 ms it says something then, for as long as it is let.
talks_on() {
	talk=
	for i in $(seq 1000); do
		talk="$talk ms:50 send"
	done
	# shellcheck disable=SC2086
	raw helper so-login "id=hex:$ID" pin=11112222 ask init-pin "id=hex:$ID" "token-flags=u32:0x40d" ask \
		$talk end
}

card_is_locked() {
	! flock -n "$STATE/private/$NAME.lock" true
}

card_is_free() {
	flock -n "$STATE/private/$NAME.lock" true
}

talkative() {
	who anyone
	talks_on >"$SCRATCH/talk" 2>&1 &
	talk_pid=$!
	passes "$kind: somebody has the card, and talks on" wait_for 10 card_is_locked
	passes "$kind: that does not give more time than silence" wait_for 15 card_is_free
	kill "$talk_pid"
	wait "$talk_pid" 2>/dev/null
	talks_on >"$SCRATCH/talk" 2>&1 &
	talk_pid=$!
	passes "$kind: somebody has the card again" wait_for 10 card_is_locked
	begin=$(date +%s%3N)
	passes "$kind: an operator's order is carried out" as operator "$CMD" reset "$URI"
	note "$kind: within $(($(date +%s%3N) - begin)) ms"
	kill "$talk_pid"
	wait "$talk_pid" 2>/dev/null
}

elsewhere() {
	who root
	token_new
	token_share
	rm -rf "${STATE:?}"/*
	who operator
	rm -f "$SCRATCH/drive/far"
	unshare -p -f "$SCRATCH/bin/operator" "$BUILDDIR/tests/lib/p11drive" \
		--listen "$SCRATCH/drive/far" "$LATCH" </dev/null >"$SCRATCH/far.log" 2>&1 &
	far_pid=$!
	wait_for 10 test -S "$SCRATCH/drive/far" || bail_out "p11drive: $(cat "$SCRATCH/far.log")"
	must far initialize
	must far slot-label "$LABEL"
	must far open rw
	expect CKR_OK far login so "$SO"
	expect CKR_OK far init-pin "$PIN"
	is "$(record State)" personalizing "$kind: a program in another process namespace personalizes"
	drive far kill9 >/dev/null
	wait_for 10 gone "$far_pid"
	becomes blocked "$kind: and when it is killed the card is blocked"
	# Root of a namespace of users is nobody here.
	like "$(unshare_as_root "$CMD" block "$URI")" "*only operators*" \
		"$kind: who calls himself root in a namespace of his own is not root"
}

unshare_as_root() {
	as anyone unshare -U -r "$@" </dev/null 2>&1
}

users_make
for kind in $TOKENS; do
	office_start "$kind"
	descriptors
	talkative
	elsewhere
	office_ends
done
done_testing
