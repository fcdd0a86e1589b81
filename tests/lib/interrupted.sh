# SPDX-License-Identifier: BSD-3-Clause
# Unblocking that is killed at each of its steps, and what the card is afterwards. Sourced, after pickup.sh.
#
#	interrupt TEXT PROGRAM ACTION   ACTION is killed at each call and each write of PROGRAM in turn; TEXT is for the
#	                                results. Before it, setup (a function of the test) makes the card
#
# The action changes the PIN to PIN_NEW, or leaves it; and the PUK from SO to SO_NEW, or leaves it.

STEPS_MOST=40

interrupted_now() {
	rm -f "$FAULTY_FILE.done"
	fault "$1" "$2" "$3" "$4"
	preloaded "$BUILDDIR/tests/card/faulty.so" "$5" >"$SCRATCH/action" 2>&1
	fault none
	wait_for 10 no_helpers || bail_out "$5: a helper does not end"
	faulted
}

recover() {
	"$CMD" recover >/dev/null 2>&1
}

# The person who was interrupted tries the same once more.
next_request() {
	interrupt_rv=$(set_pin "$SO" "$PIN_NEW")
}

# Blocked for everybody, and the policy can unblock it; or active, and the PIN is known.
known_state() {
	case $(record State) in
	blocked)
		if vendor_takes "$PIN" || vendor_takes "$PIN_NEW" || vendor_takes "$SO"; then
			echo "blocked by its record, but it takes a PIN"
		fi
		;;
	active) vendor_takes "$PIN_NEW" || vendor_takes "$PIN" || echo "active, with a PIN that nobody knows" ;;
	*) echo "its record says $(record State)" ;;
	esac
	[ "$(private Journal)" = none ] || echo "its journal says $(private Journal)"
	so_is "$SO" || so_is "$SO_NEW" || echo "its PUK is unknown"
}

# The policy knows which of its PUKs is valid: it unblocks with it, at once.
goes_on() {
	interrupt_out=$("$CMD" unblock --pin "$PIN" "$CARD" 2>&1) || echo "not unblocked: $interrupt_out"
	[ "$(record State), $(login_rv "$MODULE" user "$PIN")" = "active, CKR_OK" ] ||
		echo "p11-latch unblock does not make it active: $(record State)"
}

judge() {
	interrupt_state=$(known_state)
	[ -n "$interrupt_state" ] || interrupt_state=$(goes_on 2>&1)
	if [ -n "$interrupt_state" ]; then
		not_ok "$1" "$interrupt_state" "$(cat "$SCRATCH/action")" "$(log_text | tail -n 20)"
		return
	fi
	interrupt_good=$((interrupt_good + 1))
}

# Every second time nobody recovers, and the next request comes at once.
interrupt_at() {
	interrupt_n=1
	interrupt_then=recover
	while setup && log_clear && interrupted_now "$2" "$3" "$interrupt_n" "$4" "$5"; do
		"$interrupt_then"
		# What the next request was told by an active card is the card's own answer.
		[ "$interrupt_then" = recover ] || recover
		judge "$1: $4 $3 number $interrupt_n, then $interrupt_then"
		interrupt_all=$((interrupt_all + 1))
		interrupt_n=$((interrupt_n + 1))
		[ "$interrupt_n" -lt "$STEPS_MOST" ] || bail_out "$1 does not end"
		[ "$interrupt_then" = recover ] && interrupt_then=next_request || interrupt_then=recover
	done
}

interrupt() {
	interrupt_good=0
	interrupt_all=0
	for interrupt_call in C_Login C_InitPIN C_SetPIN; do
		interrupt_at "$1" "$2" "$interrupt_call" kill-before "$3"
		interrupt_at "$1" "$2" "$interrupt_call" kill-after "$3"
	done
	[ "$2" = p11drive ] || interrupt_at "$1" "$2" rename kill-after "$3"
	is "$interrupt_good" "$interrupt_all" "$1: killed at each of its $interrupt_all steps, the card is known and goes on"
	[ "$interrupt_all" -gt 1 ] || not_ok "$1: there are steps to be killed at"
}
