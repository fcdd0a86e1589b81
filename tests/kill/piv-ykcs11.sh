# SPDX-License-Identifier: BSD-3-Clause
# A YubiKey's PIV behind ykcs11: every flow killed at every step.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/kill/steps.sh"

kill_flows piv-ykcs11
done_testing
