# SPDX-License-Identifier: BSD-3-Clause
# behind.sh USER ARG...: p11drive with ARGs by that user, and the helper behind both sockets, as long as that lasts. By
# flows.sh, for killer to see all of it; SCRATCH and STATE are the test's.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

HELPER=$BUILDDIR/p11-latch-helper
P11_LATCH_CONF=$SCRATCH/behind.conf
export P11_LATCH_CONF
sockets_serve
who=$1
shift
as "$who" "$BUILDDIR/tests/lib/p11drive" "$@"
status=$?
sockets_stop
exit "$status"
