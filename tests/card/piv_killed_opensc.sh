# SPDX-License-Identifier: BSD-3-Clause
# Blocking and unblocking of a PIV card behind OpenSC is killed at each step.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"
. "$SRCDIR/tests/lib/piv_killed.sh"

kind=piv-opensc
piv_killed
done_testing
