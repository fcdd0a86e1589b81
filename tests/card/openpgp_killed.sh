# SPDX-License-Identifier: BSD-3-Clause
# Unblocking of an OpenPGP card, killed at each call of OpenSC and at each write of state.
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
	blocked_before
	BEFORE=$(card_pin card pw1)
}

by_application() {
	once "$LATCH" "login so $SO" "init-pin $PIN_NEW" logout
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
faulty_start
fault none
known_puk "$SO" "PUK=#$SO_NEW" | pickup
interrupt "C_SetPIN, the helper" p11-latch-helper by_set_pin
interrupt "SO login and C_InitPIN, the program itself" p11drive by_application
passes "no helper is left" wait_for 5 no_helpers
no_secret "no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN_NEW"
token_stop
done_testing
