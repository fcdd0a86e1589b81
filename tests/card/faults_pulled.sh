# SPDX-License-Identifier: BSD-3-Clause
# A card that is pulled between any two steps is blocked or active when it is back, and nothing is lost.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/forged.sh"

PULLS_MOST=60

# in_steps N: the card is gone after N more calls to its module. back: it is in the reader again.
in_steps() {
	echo $(($(cat "$FORGED_DIR/calls") + $1)) >"$FORGED_DIR/pull"
}

was_pulled() {
	[ "$(cat "$FORGED_DIR/calls")" -gt "$(cat "$FORGED_DIR/pull")" ]
}

back() {
	rm "$FORGED_DIR/pull"
}

new_card() {
	rm -rf "${STATE:?}"/*
	forge honest "$SO" -
	log_clear
}

holder() {
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
}

pin_on_card() {
	cut -d ' ' -f 4 "$FORGED_DIR/token"
}

# Of all steps together, one test each: the first that goes wrong is told.
wrong() {
	[ -n "$faults" ] || faults="after $n steps: $*; the log: $(log_text | tail -n 8)"
}

unblocks() {
	out=$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)
	[ "$out" = CKR_OK ] || wrong "cannot be unblocked any more: $out"
	[ "$(pin_on_card)" = "$PIN_NEW" ] || wrong "the new PIN is not on the card"
	state_is active || wrong "is not active: $(record State)"
}

# While the end of a personalization is at work.
blocking() {
	n=0
	faults=
	while [ $n -lt $PULLS_MOST ]; do
		new_card
		holder
		in_steps $n
		drive desk close >/dev/null
		drive_stop desk
		wait_for 20 no_helpers || wrong "a helper hangs"
		was_pulled || break
		case $(record State) in
		personalizing)
			wait_for 5 log_has "CKR_\(DEVICE_REMOVED\|TOKEN_NOT_PRESENT\).*reader" || wrong "the log does not say it"
			"$CMD" status 2>/dev/null | grep -q personalizing || wrong "status does not list it"
			;;
		blocked) ;;
		*) wrong "state $(record State)" ;;
		esac
		back
		"$CMD" recover >/dev/null 2>&1 || wrong "recover fails"
		state_is blocked || wrong "not blocked when it is back: $(record State)"
		[ "$(once "$MODULE" "login user $PIN" | last_rv)" != CKR_OK ] || wrong "takes the first PIN"
		unblocks
		n=$((n + 1))
	done
	is "$faults" "" "$profile: pulled while it is blocked, at any of $n steps"
	passes "$profile: there are steps, and an end of them" test $n -ge 4 -a $n -lt $PULLS_MOST
	[ ! -e "$FORGED_DIR/pull" ] || back
	unblocks
}

blocked_true_card() {
	new_card
	holder
	must desk close
	drive_stop desk
	state_is blocked || bail_out "not blocked: $(log_text)"
}

# WORD...: while a request of C_SetPIN or C_Login is at work.
unblocking() {
	n=0
	faults=
	while [ $n -lt $PULLS_MOST ]; do
		blocked_true_card
		session_start user "$LATCH"
		in_steps $n
		out=$(rv user "$@")
		drive_stop user
		wait_for 20 no_helpers || wrong "a helper hangs"
		was_pulled || break
		back
		"$CMD" recover >/dev/null 2>&1 || wrong "recover fails"
		if [ "$(pin_on_card)" = "$PIN_NEW" ]; then
			is_in_use "$out"
		else
			[ "$out" != CKR_OK ] || [ "$1" = login ] || wrong "CKR_OK, but the PIN is not set"
			state_is blocked || wrong "still blocked, but recorded as $(record State)"
			unblocks
		fi
		n=$((n + 1))
	done
	is "$faults" "" "$profile: pulled during $1, at any of $n steps"
	passes "$profile: there are steps, and an end of them" test $n -ge 4 -a $n -lt $PULLS_MOST
	is "$out" CKR_OK "$profile: not pulled, $1 succeeds"
}

# The new PIN is set: whoever logs in with it is let in, and then it counts as active.
is_in_use() {
	[ "$(once "$LATCH" "login user $PIN_NEW" | last_rv)" = CKR_OK ] || wrong "$1, PIN set, but no login"
	state_is active || wrong "$1, PIN set and used, but recorded as $(record State)"
}

forged_start
latch_setup
for profile in softhsm generic opencryptoki; do
	latch_conf "spawn:$HELPER" "$profile"
	# By what it shows of itself it has to be able to be that.
	FORGED_PIN_MAX=$([ "$profile" = opencryptoki ] && echo 8 || echo 255)
	export FORGED_PIN_MAX
	known_puk | pickup
	blocking
	unblocking set-pin "$SO" "$PIN_NEW"
	[ "$profile" = generic ] || continue
	unblocking login user "$SO"
done
no_secret "no secret in log and state" "$SO" "$PIN_NEW"
done_testing
