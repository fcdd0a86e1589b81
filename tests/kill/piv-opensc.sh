# SPDX-License-Identifier: BSD-3-Clause
# A PIV card behind OpenSC: every flow killed at every step.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

kill_flows piv-opensc
done_testing
