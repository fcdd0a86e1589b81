# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card leaves its reader while it is unblocked with its resetting code, and is put back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"

setup() {
	blocked_before
}

by_code() {
	set_pin "$PUK" "$PIN_NEW"
}

openpgp_start_at set_pin_in_unlogged_session
opensc_knows_the_card
known_puk "$PUK" | pickup Profile.UnblockStyle=set-pin
pulled "C_SetPIN with the resetting code" by_code by_code pull pull-after
is "$(card_pin card rc | cut -d ' ' -f 2)" "$PUK" "the resetting code is what it was"
no_secret "no PIN and no code in log and state" "$PUK" "$PIN_NEW"
token_stop
done_testing
