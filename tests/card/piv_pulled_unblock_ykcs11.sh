# SPDX-License-Identifier: BSD-3-Clause
# A PIV card behind ykcs11 is pulled, and put back, in the middle of being unblocked.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"
. "$SRCDIR/tests/lib/piv_pulled.sh"

kind=piv-ykcs11
piv_start
piv_pulled_unblocking
token_stop
done_testing
