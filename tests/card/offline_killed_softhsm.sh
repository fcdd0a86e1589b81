# SPDX-License-Identifier: BSD-3-Clause
# Tickets on softhsm: the helper is killed at each step of making and using them, and no card is lost.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline_killed.sh"

offline_killed softhsm
done_testing
