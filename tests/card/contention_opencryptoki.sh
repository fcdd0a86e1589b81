# SPDX-License-Identifier: BSD-3-Clause
# 300 blocks and unblocks on openCryptoki, with another process that logs in and out all the time.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/contention.sh"

token_start opencryptoki
latch_setup
known_puk | pickup
blocked_card
"$CMD" unblock --pin "$PIN" "$CARD" >/dev/null 2>&1 || bail_out "not unblocked"
contention 300 5
token_stop
done_testing
