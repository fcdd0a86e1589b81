# SPDX-License-Identifier: BSD-3-Clause
# Blocking and unblocking of a PIV card behind ykcs11 is killed at each step.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"
. "$SRCDIR/tests/lib/piv_killed.sh"

kind=piv-ykcs11
piv_killed
done_testing
