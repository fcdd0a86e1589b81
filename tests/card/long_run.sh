# SPDX-License-Identifier: BSD-3-Clause
# A sample of the long run: an application that goes on for ever grows no more than the vendor's module does.
# make check-long runs the whole.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/secrets.sh"
. "$SRCDIR/tests/lib/longrun.sh"

long_run 2000 100 40
done_testing
