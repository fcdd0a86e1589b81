# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card that another process logs in and out of all the time: what is reported of it is true, no try is lost.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/contention.sh"
. "$SRCDIR/tests/lib/openpgp.sh"

# The moment between C_Login as SO and C_InitPIN is too short to be met by chance.
logged_out_in_between() {
	known_puk | pickup "$@"
	blocked_card
	fault p11-latch C_InitPIN "$n" rv 101
	"$CMD" unblock --pin "@$SCRATCH/pin" "$CARD" >"$SCRATCH/out" 2>&1
	unblocked=$?
	fault none
	passes "$*: the login was lost before C_InitPIN" faulted
}

once_lost() {
	n=1
	for profile in opensc-openpgp opensc; do
		logged_out_in_between Profile=$profile
		is "$unblocked" 0 "$profile: it is tried again, and unblocked"
		is "$(card_pin card pw1), $(card_pin card pw3), $(private SOWrong)" "3 $PIN, 3 $SO, 0" \
			"$profile: no try of the SO PIN is lost, and none is counted"
	done
	# Where C_Login proves nothing, each may have been a try.
	n=0
	logged_out_in_between Profile=opensc
	is "$unblocked, $(private SOWrong)" "1, 2" "opensc, lost again and again: given up, and both counted"
	fails "opensc: the last try is kept" "$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
	logged_out_in_between Profile=opensc-openpgp
	is "$unblocked, $(private SOWrong)" "1, 0" "opensc-openpgp, lost again and again: given up, and none counted"
}

openpgp_start_at init_pin_in_so_session
echo "$PIN" >"$SCRATCH/pin"
faulty_start
fault none
once_lost
known_puk | pickup
fresh
personalize_direct
passes "adopted" "$CMD" adopt "$CARD"
contention 15 "${PAUSE:-5}"
is "$(card_pin card pw3), $(private SOWrong)" "3 $SO, 0" "no try of the SO PIN is lost"
token_stop
done_testing
