# SPDX-License-Identifier: BSD-3-Clause
# Flows on SoftHSM, killed at a sample of their steps; make check-kill has all.
set -u
: "${P11_LATCH_KILL_MOST:=4}"
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

# shellcheck disable=SC2046
kill_flows softhsm $(flows_of softhsm | grep -v -e recover- -e control -e offline-)
done_testing
