# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of whoever unblocks, at each step: the card is blocked, or active with a known PIN, and its PUK is known.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/interrupted.sh"

setup() {
	blocked_card
}

by_set_pin() {
	set_pin "$SO" "$PIN_NEW"
}

by_command() {
	"$CMD" unblock --pin "$PIN_NEW" "$CARD"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	fault none
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	interrupt "$kind: C_SetPIN, the helper" p11-latch-helper by_set_pin
	interrupt "$kind: p11-latch unblock" p11-latch by_command
	token_stop
done
done_testing
