# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card leaves its reader, or loses its power, while it is personalized and blocked, and is put back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"

setup() {
	unpersonalized
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
known_puk | pickup
pulled "C_InitPIN and block" personalizes log_in pull pull-after reset reset-after
no_secret "no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN_NEW"
token_stop
done_testing
