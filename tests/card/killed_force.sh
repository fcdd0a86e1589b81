# SPDX-License-Identifier: BSD-3-Clause
# p11-latch block --force that is killed: whoever comes next locks the card, without proof that it can be unlocked.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

setup() {
	token_new
	rm -rf "${STATE:?}"/*
	personalize_direct
	"$CMD" adopt "$CARD" >/dev/null
}

# killed_at ACTION N: at its Nth call; false: it makes fewer.
killed_at() {
	setup
	fault p11-latch '*' "$2" "$1"
	"$CMD" block --force "$CARD" >/dev/null 2>&1
	fault none
	faulted
}

# As it was, where it was killed before anything was to be done.
goes_on() {
	case $2 in
	recover) "$CMD" recover >/dev/null 2>&1 ;;
	login) login_rv "$LATCH" user "$PIN" >/dev/null ;;
	esac
	case $(record State),$(record Method) in
	blocked,lock) locked=$((locked + 1)) ;;
	active,*) before=$((before + 1)) && return 0 ;;
	*) not_ok "$1, then $2" "$(record State) $(record Method): $(record Why)" "$(log_text | tail)" && return ;;
	esac
	! vendor_takes "$PIN" || not_ok "$1, then $2: the card itself refuses the PIN"
	so_is "$SO" || not_ok "$1, then $2: the SO PIN is right still"
}

token_start opencryptoki
latch_setup
faulty_start
asked_puk | pickup
for action in kill-before kill-after; do
	n=1 locked=0 before=0 next=recover
	while killed_at "$action" "$n"; do
		goes_on "$action of call $n" "$next"
		[ "$next" = recover ] && next=login || next=recover
		n=$((n + 1))
		[ "$n" -lt 60 ] || bail_out "blocking does not end"
	done
	is $((locked + before)) $((n - 1)) "$action of each of its calls: locked, or as it was"
	passes "$action: it comes to that" test "$locked" -gt 8
done
setup
fault p11-latch C_Login 1 kill-before
"$CMD" block --force "$CARD" >/dev/null 2>&1
fault p11-latch C_Initialize 0 rv 0x30
"$CMD" recover >/dev/null 2>&1
is "$(record State)" personalizing "recover with a module that fails does not end it"
fault none
"$CMD" recover >/dev/null 2>&1
is "$(record State),$(record Method)" blocked,lock "and the next one locks the card all the same"
token_stop
done_testing
