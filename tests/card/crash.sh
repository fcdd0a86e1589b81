# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of the watcher before and after each call of the vendor's while it blocks: no card is lost, none open.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

STEPS_MOST=60

# killed_at N ACTION: a card is to be blocked, and its watcher killed at its Nth call; false: it came through.
killed_at() {
	fresh
	personalize desk
	fault p11-latch-helper '*' "$1" "$2"
	drive desk _exit >/dev/null
	wait_for 10 no_helpers || bail_out "the watcher does not end"
	fault none
	drive_stop desk
	faulted
}

# goes_on HOW WHERE: whoever comes next settles it, and the PUK is right still.
goes_on() {
	case $1 in
	recover) "$CMD" recover >/dev/null 2>&1 ;;
	login) login_rv "$LATCH" user "$PIN" >/dev/null ;;
	esac
	if ! state_is blocked || vendor_takes "$PIN"; then
		not_ok "$2, then $1: the card is blocked" "$(record State)" "$(log_text | tail)"
	elif ! so_is "$SO"; then
		not_ok "$2, then $1: the PUK is right still" "$(log_text | tail)"
	else
		steps=$((steps + 1))
	fi
}

# each_step ACTION NAME
each_step() {
	n=1 steps=0 how=login
	while killed_at "$n" "$1"; do
		[ "$n" -lt "$STEPS_MOST" ] || bail_out "blocking does not end"
		goes_on "$how" "$2, $1 of call $n"
		[ "$how" = login ] && how=recover || how=login
		n=$((n + 1))
	done
	is "$steps" $((n - 1)) "$2: $1 of each of its calls, and the next one blocks the card"
	is "$(record State)" blocked "$2: unhurt, the watcher does"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	fault none
	for method in scramble lock; do
		[ "$method,$kind" != lock,softhsm ] || continue
		desk_knows "$SO" "BlockMethod=$method"
		each_step kill-before "$kind, $method"
		each_step kill-after "$kind, $method"
	done
	passes "$kind: no helper is left" wait_for 5 no_helpers
	token_stop
done
done_testing
