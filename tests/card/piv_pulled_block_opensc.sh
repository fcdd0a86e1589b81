# SPDX-License-Identifier: BSD-3-Clause
# A PIV card behind OpenSC is pulled, and put back, in the middle of being blocked.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"
. "$SRCDIR/tests/lib/piv_pulled.sh"

kind=piv-opensc
piv_start
piv_pulled_blocking
token_stop
done_testing
