# SPDX-License-Identifier: BSD-3-Clause
# Flows on a PIV card behind OpenSC, killed at a sample of their steps; make check-kill has all.
set -u
: "${P11_LATCH_KILL_MOST:=4}"
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

kill_flows piv-opensc block-lock personalize-lock setpin command-puk
done_testing
