# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card leaves its reader while its PIN letter unblocks it, and is put back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"
. "$SRCDIR/tests/lib/openpgp_pulled.sh"

setup() {
	blocked_before
	"$CMD" reset "$CARD" >/dev/null 2>&1
}

by_letter() {
	login_rv "$LATCH" user "$PIN_NEW"
}

openpgp_start_at init_pin_in_so_session
opensc_knows_the_card
printf '[Description]\nSetPIN=true\nPIN=#%s\nInitialPUK=#%s\n' "$PIN_NEW" "$SO" | pickup PinLetter=yes
pulled "PIN letter" by_letter by_letter pull pull-after
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN_NEW"
token_stop
done_testing
