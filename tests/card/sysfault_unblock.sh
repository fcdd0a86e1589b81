# SPDX-License-Identifier: BSD-3-Clause
# System calls that fail, one a run, while a card is unblocked in each of the ways that there are.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

do_set_pin() {
	app "set-pin $SO $PIN_NEW" close
}

do_login() {
	app "login user $SO" "set-pin $SO $PIN_NEW" logout close
}

do_command() {
	hurt "$CMD" unblock --pin "$PIN_NEW" "$CARD"
}

do_own() {
	app "login so $SO" "init-pin $PIN_NEW" logout close
}

for kind in softhsm; do
	token_start "$kind"
	latch_setup
	faults_start
	known_puk | pickup
	snapshots_make
	faults set_pin blocked p11-latch.so
	faults login blocked p11-latch.so
	faults command blocked
	faults own blocked p11-latch.so
	token_stop
done
done_testing
