# SPDX-License-Identifier: BSD-3-Clause
# A forged card in place of one whose personalization or unblocking was interrupted learns nothing either.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/forged.sh"

# left STATE JOURNAL: as an interruption leaves record and journal.
left() {
	forgery "$mode"
	sed -i "s/^State=.*/State=$1/; s/^Method=.*/Method=$2/" "$STATE"/records/*
	sed -i "s/^Journal=.*/Journal=$3/" "$STATE"/private/*.state
	who anyone
	once "$LATCH" "login user $WRONG" "login user empty" "set-pin $WRONG $PIN_NEW" >/dev/null
	once "$LATCH" "login so $WRONG" "init-pin $PIN_NEW" logout >/dev/null
	as anyone "$CMD" recover "$URI" >/dev/null 2>&1
	raw helper release "id=hex:$ID" ask shut end >/dev/null
	learns_nothing "what was interrupted: $1, $3"
}

users_make
forged_start
latch_setup
for profile in generic softhsm; do
	office HELD
	sockets_start
	latch_conf "unix:$SCRATCH/run/helper.sock" "$profile"
	true_card
	ID=$(record Token)
	for mode in so no; do
		left personalizing none none
		left personalizing refuse none
		left blocked scramble so
		left blocked scramble unblock
		left blocked lock so-only
		left active none so
	done
	who root
	passes "$profile: no helper is left" wait_for 20 no_helpers
	sockets_stop
done
done_testing
