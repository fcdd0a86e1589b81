# SPDX-License-Identifier: BSD-3-Clause
# OpenSC's pkcs11-spy between p11-latch and the vendor's module, for those who look for a fault.
set -u
. "$SRCDIR/tests/lib/all.sh"

SPY=$(multiarch_file pkcs11/pkcs11-spy.so) || bail_out "opensc is not installed"

token_start softhsm
latch_setup
personalize_direct "$PIN"
sed -i "s|^Path=.*|Path=$SPY|" "$P11_LATCH_CONF"
PKCS11SPY=$MODULE
PKCS11SPY_OUTPUT=$SCRATCH/spy
export PKCS11SPY PKCS11SPY_OUTPUT
is "$(login_rv "$LATCH" user "$PIN")" CKR_OK "a program logs in through it"
passes "and it has seen that" grep -q C_Login "$SCRATCH/spy"
is "$(login_rv "$LATCH" user 00000000)" CKR_PIN_INCORRECT "a wrong PIN"
token_stop
done_testing
