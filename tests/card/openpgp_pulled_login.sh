# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card leaves its reader while a program logs in with the PUK and changes the PIN, and is put back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"

setup() {
	blocked_before
}

by_login() {
	once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW"
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
known_puk | pickup
pulled "C_Login and C_SetPIN" by_login by_login pull pull-after
no_secret "no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN_NEW"
token_stop
done_testing
