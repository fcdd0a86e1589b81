# SPDX-License-Identifier: BSD-3-Clause
# Flows on a YubiKey's PIV, killed at a sample of their steps; make check-kill has all.
set -u
: "${P11_LATCH_KILL_MOST:=4}"
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

kill_flows piv-ykcs11 block-lock hold setpin-puk command-asked letter apply-manager recover-setpin-puk
done_testing
