# SPDX-License-Identifier: BSD-3-Clause
# Flows on an OpenPGP card, killed at a sample of their steps; make check-kill has all.
set -u
: "${P11_LATCH_KILL_MOST:=4}"
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

kill_flows openpgp block-scramble personalize-lock hold setpin login own-puk apply-puk
done_testing
