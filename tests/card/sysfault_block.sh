# SPDX-License-Identifier: BSD-3-Clause
# System calls that fail, one a run, while a card is personalized and blocked, by lock and by scramble.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

# Goodbye is said, by C_Finalize at the latest.
do_personalize() {
	app "login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data keep $KEEP private" logout close
}

# It is not.
do_leave() {
	hurt "$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "login so $SO" "init-pin $PIN" logout _exit
}

# The SO secret is changed in the same sitting, as openCryptoki demands of a new token.
do_change_so() {
	app "login so $SO" "set-pin $SO $SO_NEW" "init-pin $PIN" logout close
}

do_block() {
	hurt "$CMD" block "$CARD"
}

do_hold() {
	hurt "$CMD" personalize -- "$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" \
		"login so $SO" "init-pin $PIN" logout
}

# A hold that lets no program in, since there are no descriptors left, ends with its command all the same.
hold_ends() {
	hold_door=$(calls_of hold factory p11-latch-helper accept4 | head -n 1)
	[ -n "$hold_door" ] || bail_out "$kind: a hold lets nobody in: $(cat "$SCRATCH/action")"
	# shellcheck disable=SC2086
	is "$(one_case hold factory recover $hold_door no-descriptors 2>&1)" "" \
		"$kind: a hold that has no descriptors left ends with its command"
}

# Its socket is not removed, and told of; a recovery removes it.
hold_leaves() {
	# Its helper is the one that lets programs in; the last that it removes is the door.
	hold_helper=$(calls_of hold factory p11-latch-helper accept4 | sed -n '1s/ [0-9]*$//p')
	hold_unlink=$(calls_of hold factory p11-latch-helper unlink | grep "^$hold_helper " | tail -n 1)
	[ -n "$hold_unlink" ] || bail_out "$kind: a hold removes nothing: $(cat "$SCRATCH/action")"
	# shellcheck disable=SC2086
	is "$(one_case hold factory recover $hold_unlink fail 2>&1)" "" "$kind: a hold's socket that stayed is removed by a recovery"
	like "$(log_text)" '*hold-*.sock: cannot be removed: *recover*' "$kind: and that it stayed is said"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faults_start
	known_puk | pickup
	snapshots_make
	faults personalize factory
	faults block active
	[ "$kind" = softhsm ] || {
		token_stop
		continue
	}
	faults leave factory
	faults change_so factory
	faults hold factory
	hold_ends
	hold_leaves
	token_stop
done
done_testing
