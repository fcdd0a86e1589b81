# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card leaves its reader while it is unblocked, and is put back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"

setup() {
	blocked_before
}

by_so() {
	once "$LATCH" "login so $SO" "init-pin $PIN_NEW" logout
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
known_puk | pickup
pulled "C_SetPIN" by_set_pin by_set_pin pull pull-after
pulled "p11-latch unblock" by_command by_set_pin pull pull-after
pulled "SO login and C_InitPIN" by_so by_set_pin pull pull-after
no_secret "no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN_NEW"
token_stop
done_testing
