# SPDX-License-Identifier: BSD-3-Clause
# Recovery on openCryptoki from flows that were killed, killed at a sample of its steps too; make check-kill has all.
set -u
: "${P11_LATCH_KILL_MOST:=4}"
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

# shellcheck disable=SC2046
kill_flows opencryptoki $(flows_of opencryptoki | grep recover- | grep -v response)
done_testing
