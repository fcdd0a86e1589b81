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

# door_case WHICH CALL WAY: the first or last place of that CALL in the helper that lets a hold's programs in, as a case
# for one_case(). How often it lets one in, and from where it looks once more, differs from run to run.
door_case() {
	run_traced hold factory
	wait_for "$CASE_MOST_S" quiet || bail_out "$kind, hold: a helper is left"
	door=$(awk -v which="$1" -v call="$2" -v way="$3" '
		$1 != "p11-latch-helper" { next }
		$5 == "accept4" { lets_in = $2 }
		$5 == call && (which == "last" || !($2 in one)) { one[$2] = $1 " 0 " $3 " 0 " way " " call " " $6 }
		END { print one[lets_in] }' "$FAULTS/trace")
	rm -f "$FAULTS/trace"
	[ -n "$door" ] || bail_out "$kind, hold: no $2 at its door: $(cat "$SCRATCH/action")"
	echo "$door"
}

# at_door WHICH CALL WAY: that case until it comes to pass; what is wrong then, and what came to pass.
at_door() {
	for at_door_try in 1 2 3 4 5; do
		at_door_case=$(door_case "$@") || bail_out "$at_door_case"
		# shellcheck disable=SC2086
		at_door_wrong=$(one_case hold factory recover $at_door_case 2>&1)
		[ ! -e "$FAULTS/done" ] || break
	done
	echo "$at_door_wrong$(cat "$FAULTS/done")"
}

# A hold that lets no program in, since there are no descriptors left, ends with its command all the same.
hold_ends() {
	is "$(at_door first accept4 no-descriptors)" "accept4 no-descriptors" \
		"$kind: a hold that has no descriptors left ends with its command"
}

# Its socket is not removed, and told of; a recovery removes it.
hold_leaves() {
	# The last that it removes is the door.
	is "$(at_door last unlink fail)" "unlink fail" "$kind: a hold's socket that stayed is removed by a recovery"
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
