# SPDX-License-Identifier: BSD-3-Clause
# Configuration that changes while cards are in every state: what was begun is ended, and nothing is lost.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# --- The states -------------------------------------------------------------------------------------

# held: a program personalizes it, and lives.
state_held() {
	token_new
	rm -rf "${STATE:?}"/*
	personalize desk
}

# left: a program and its watcher were killed together.
state_left() {
	state_held
	watcher=$(watcher) || bail_out "$watcher"
	kill -STOP "$watcher"
	drive_stop desk
	kill -9 "$watcher"
	wait_for 5 gone "$watcher" || bail_out "the watcher lives"
}

state_blocked() {
	blocked_card
}

state_active() {
	blocked_card
	[ "$(set_pin "$SO" "$PIN_NEW")" = CKR_OK ] || bail_out "not unblocked: $(log_text | tail -n 5)"
}

# interrupted: blocked, and an unblocking was announced that never came.
state_interrupted() {
	blocked_card
	sed -i 's/^Journal=none/Journal=unblock/' "$STATE"/private/*.state
}

# --- The changes ------------------------------------------------------------------------------------

change_method() {
	known_puk | pickup "BlockMethod=$1"
}

# The other way than the profile's own.
change_block_method() {
	case $kind in
	opencryptoki) change_method scramble ;;
	*) change_method lock ;;
	esac
}

change_profile() {
	latch_conf "spawn:$HELPER" generic
}

change_unblock_asked() {
	asked_puk | pickup
}

change_unblock_new_puk() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
}

change_no_unblock() {
	pickup </dev/null
}

change_no_binding() {
	policy_clear
}

change_state_moved() {
	mv "$STATE" "$SCRATCH/elsewhere"
	STATE=$SCRATCH/elsewhere
	latch_conf "spawn:$HELPER"
}

change_state_lost() {
	STATE=$SCRATCH/empty
	install -d -m 755 "$STATE"
	latch_conf "spawn:$HELPER"
}

changes="block_method profile unblock_asked unblock_new_puk no_unblock no_binding state_moved state_lost"

all_is_as_before() {
	rm -rf "$SCRATCH/elsewhere" "$SCRATCH/empty" "$SCRATCH/state"
	STATE=$SCRATCH/state
	install -d -m 755 "$STATE"
	latch_conf "spawn:$HELPER"
	known_puk | pickup
	log_clear
}

# --- What must be so ----------------------------------------------------------------------------------

# The holder goes on, and its end blocks the card, as it was told at the beginning or as it is told now.
then_held() {
	must desk logout
	expect CKR_OK desk login user "$PIN"
	must desk finalize
	drive_stop desk
	wait_for 15 no_helpers || bail_out "the watcher does not end"
	# The watcher cannot write where its state was: the record that was moved says what is still to be done.
	[ "$change" != state_moved ] || "$CMD" recover >"$SCRATCH/out" 2>&1
	refuses "$PIN"
}

# Where nothing says any more what is to happen to it, or that it ever was being personalized, it keeps its PIN.
then_left() {
	"$CMD" recover >"$SCRATCH/out" 2>&1
	case $change:$kind in
	no_binding:softhsm | state_lost:*)
		passes "$name: the PIN that was set is known" vendor_takes "$PIN"
		;;
	profile:opencryptoki) passes "$name: the card is not touched" vendor_takes "$PIN" ;;
	unblock_asked:softhsm | no_unblock:softhsm)
		# A token that does not lock, and no PUK any more to scramble it with.
		is "$(record Method), $(login_rv "$LATCH" user "$PIN")" "refuse, CKR_PIN_LOCKED" \
			"$name: it is refused by p11-latch"
		;;
	*) refuses "$PIN" ;;
	esac
}

then_blocked() {
	refuses "$PIN"
}

then_interrupted() {
	"$CMD" recover >"$SCRATCH/out" 2>&1
	refuses "$PIN"
}

then_active() {
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$name: the PIN goes on"
}

refuses() {
	fails "$name: the card itself refuses the PIN" vendor_takes "$1"
}

# Whatever it was: with the PUK the card is made usable, and its PUK is one that is known.
can_be_unblocked() {
	unblock_rv=$(set_pin "$SO" "$PIN_NEW")
	vendor_takes "$PIN_NEW" ||
		unblock_out=$("$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD" 2>&1)
	vendor_takes "$PIN_NEW" || once "$LATCH" "login so $SO" "init-pin $PIN_NEW" close >/dev/null
	vendor_takes "$PIN_NEW" && { so_is "$SO" || so_is "$SO_NEW"; }
}

# The policy's PUK is wrong: no try goes on it before somebody asks, one where an operator does, and none is left over
# when it is corrected. The description is edited while the card is blocked.
corrected_puk() {
	name="$kind, the policy's PUK"
	all_is_as_before
	blocked_card
	known_puk 11112222 | pickup
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_PIN_INCORRECT "$name is wrong: the right one is not the policy's"
	fails "$name is wrong: p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	still_blocked "$name is wrong: still blocked" "$PIN" "$PIN_NEW"
	known_puk | pickup
	passes "$name is corrected: p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$name is corrected: active"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$name is corrected: no wrong try is left on the card"
	is "$(private SOWrong)" 0 "$name is corrected: nor here"
	block_again
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	is "$(set_pin "$SO" "$PIN")" CKR_OK "$kind: a new PUK was written into the description meanwhile"
	passes "$kind: and it is in force" so_is "$SO_NEW"
	block_again
	known_puk "$SO_NEW" | pickup
	is "$(set_pin "$SO_NEW" "$PIN_NEW")" CKR_OK "$kind: and then written as the one that is valid"
	is_active "$PIN_NEW" "$kind: active"
}

# Both of openCryptoki's slots have one serial number, which is all that the generic profile goes by.
profile_is_refused() {
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$name: what cannot be told apart is refused"
	logged "nothing tells them apart" "$name: the log says why"
	latch_conf "spawn:$HELPER"
	"$CMD" recover >"$SCRATCH/out" 2>&1
	[ "$state" = active ] || refuses "$PIN"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	for state in held left blocked interrupted active; do
		for change in $changes; do
			name="$kind, $state, $change"
			all_is_as_before
			"state_$state"
			"change_$change"
			"then_$state"
			[ "$change:$kind" != profile:opencryptoki ] || profile_is_refused
			if can_be_unblocked; then
				ok "$name: the PUK makes it usable"
			else
				not_ok "$name: the PUK makes it usable" "$unblock_rv, $unblock_out" "$(log_text | tail)"
			fi
			passes "$name: no helper stays" wait_for 15 no_helpers
		done
	done
	corrected_puk
	token_stop
done
done_testing
