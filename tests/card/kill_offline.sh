# SPDX-License-Identifier: BSD-3-Clause
# Flows on cards with tickets, killed at a sample of their steps; make check-kill has all.
set -u
: "${P11_LATCH_KILL_MOST:=4}"
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

for kind in $TOKENS; do
	# shellcheck disable=SC2046
	kill_flows "$kind" $(flows_of "$kind" | grep -e offline- -e response)
done
done_testing
