# SPDX-License-Identifier: BSD-3-Clause
# Blocking and unblocking of a PIV card, killed at each call into the module that may change it, and each write. Sourced,
# after piv.sh.
#
#	piv_killed     all of it, for the token of $kind

. "$SRCDIR/tests/lib/interrupted.sh"

goes_on() {
	interrupt_out=$("$CMD" unblock --pin "$PIN" "$CARD" 2>&1) || echo "not unblocked: $interrupt_out"
	[ "$(record State), $(card_pin card pin)" = "active, 3 $PIN" ] ||
		echo "p11-latch unblock does not make it active: $(record State), $(card_pin card pin)"
}

action_command() {
	"$CMD" unblock --pin "$PIN_NEW" "$CARD"
}

action_program() {
	once "$LATCH" "set-pin $PUK $PIN_NEW"
}

# An active card that has never been unblocked: its PUK has to prove that it can be.
action_block() {
	"$CMD" block "$CARD"
}

fielded_card() {
	fresh
	once "$MODULE" "login user $CARD_PIN" "set-pin $CARD_PIN $PIN" >/dev/null
	"$CMD" adopt "$CARD" >/dev/null 2>&1
}

ask() {
	login_rv "$LATCH" user "$PIN" >/dev/null
}

unblocking() {
	setup() {
		blocked_card
	}
	next_request() {
		interrupt_rv=$(set_pin "$SO" "$PIN_NEW")
	}
	interrupt "$kind: unblock by the command" p11-latch action_command
	interrupt "$kind: C_SetPIN, the helper" p11-latch-helper action_program
}

blocking() {
	setup() {
		fielded_card
	}
	next_request() {
		ask
	}
	interrupt "$kind: block by the command" p11-latch action_block
}

piv_killed() {
	piv_start
	faulty_start
	known_puk | pickup
	unblocking
	blocking
	token_stop
}
