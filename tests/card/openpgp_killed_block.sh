# SPDX-License-Identifier: BSD-3-Clause
# Personalization and block of an OpenPGP card, killed at each call of OpenSC and at each write of state.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"
. "$SRCDIR/tests/lib/interrupted.sh"

# What interrupted.sh asks by logins, which are tries, the card says by itself.
known_state() {
	card_judged
}

goes_on() {
	pulled_goes_on
}

setup() {
	unpersonalized
	BEFORE=$(card_pin card pw1)
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
faulty_start
fault none
known_puk | pickup
interrupt "personalization, the program itself" p11drive personalizes
interrupt "personalization, its watcher" p11-latch-helper personalizes
passes "no helper is left" wait_for 5 no_helpers
no_secret "no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN_NEW"
token_stop
done_testing
