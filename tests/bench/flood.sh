# SPDX-License-Identifier: BSD-3-Clause
# How long an operator waits while strangers flood the socket for all: the slowest of some orders. Sourced by bench.sh.

. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/office.sh"
. "$SRCDIR/tests/lib/flood.sh"

FLOOD_ROUNDS=${BENCH_ROUNDS:-15}
FLOOD_GOAL_MS=1000

flood_unblocks() {
	for flood_round in $(seq "$FLOOD_ROUNDS"); do
		as operator "$CMD" block "pkcs11:token=$LABEL" >/dev/null 2>&1 || bail_out "block"
		as operator "$BENCH/run" "$CMD" unblock --pin "$PIN_NEW" "pkcs11:token=$LABEL" ||
			bail_out "unblock"
	done
}

flood_slowest() {
	sort -n "$SCRATCH/flood" | tail -n 1
}

# office_start is a test's, and says "ok" now and then.
bench_flood() {
	users_make >/dev/null
	for kind in $TOKENS; do
		title "An operator's p11-latch unblock behind the sockets, $kind, the slowest of $FLOOD_ROUNDS"
		office_start "$kind" >/dev/null
		flood_unblocks >"$SCRATCH/flood"
		row_of_one "nobody else there" "$(flood_slowest)" - ms
		flood_start
		wait_for 10 lock_is_taken || bail_out "the flood does not begin"
		flood_unblocks >"$SCRATCH/flood"
		flood_stop
		row_of_one "a flood on helper.sock" "$(flood_slowest)" "$FLOOD_GOAL_MS" ms
		office_ends >/dev/null
	done
}
