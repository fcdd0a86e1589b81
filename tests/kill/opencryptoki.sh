# SPDX-License-Identifier: BSD-3-Clause
# openCryptoki: every flow killed at every step.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

kill_flows opencryptoki
done_testing
