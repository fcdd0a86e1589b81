# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card leaves its reader while it is unblocked and its PUK changed, and is put back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"

setup() {
	blocked_before
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
known_puk "$SO" "PUK=#$SO_NEW" | pickup
pulled "C_SetPIN, PUK=" by_set_pin by_set_pin pull pull-after
no_secret "no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN_NEW"
token_stop
done_testing
