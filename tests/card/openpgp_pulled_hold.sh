# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card leaves its reader under p11-latch personalize, and is put back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"

setup() {
	unpersonalized
}

# Two programs: one makes the PIN, the next uses it.
by_hold() {
	"$CMD" personalize -- sh -c '
		"$1" "$2" initialize "slot-label \"$3\"" "open rw" "login so $4" "init-pin $5" close
		"$1" "$2" initialize "slot-label \"$3\"" "open rw" "login user $5" close' \
		sh "$P11DRIVE" "$LATCH" "$LABEL" "$SO" "$PIN"
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
known_puk | pickup
pulled "p11-latch personalize" by_hold log_in pull pull-after
no_secret "no PIN and no PUK in log and state" "$SO"
token_stop
done_testing
