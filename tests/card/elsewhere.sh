# SPDX-License-Identifier: BSD-3-Clause
# The card is the truth, the record a memory of it: unblocked, blocked or initialised by others meanwhile.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

unblock_elsewhere() {
	once "$MODULE" "login so $SO" "init-pin $PIN_NEW" >/dev/null
	state_is blocked || bail_out "the record knows of it"
}

# By C_Login with the PIN, in a program that goes on.
found_by_login() {
	blocked_card
	unblock_elsewhere
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$PIN_NEW"
	is_active "$PIN_NEW" "$1: unblocked elsewhere: the first right PIN tells"
	logged "unblocked elsewhere" "$1: and the log says so"
	expect CKR_OK desk logout
	expect CKR_OK desk login user "$PIN_NEW"
	expect CKR_OK desk set-pin "$PIN_NEW" "$PIN"
	drive_stop desk
	is_active "$PIN" "$1: the program goes on without a restart"
}

found_by_set_pin() {
	blocked_card
	unblock_elsewhere
	is "$(set_pin "$PIN_NEW" "$PIN")" CKR_OK "$1: unblocked elsewhere: C_SetPIN from the PIN to another"
	is_active "$PIN" "$1: the new one is in force"
	blocked_card
	unblock_elsewhere
	is "$(login_rv "$LATCH" user 999999)" "$2" "$1: unblocked elsewhere: a wrong PIN"
	passes "$1: does not do the card any harm" vendor_takes "$PIN_NEW"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$1: and the right one is right after it"
	is_active "$PIN_NEW" "$1: active"
}

puk_comes_first() {
	blocked_card
	unblock_elsewhere
	unlike "$(set_pin "$SO" "$PIN")" CKR_PIN_LOCKED "$1: unblocked elsewhere, and somebody comes with the PUK"
	is "$(record State)" active "$1: active"
}

# Locked by others, and not known here: as good as blocked here.
locked_elsewhere() {
	token_new
	rm -rf "${STATE:?}"/*
	personalize_direct
	for n in 1 2 3 4; do
		once "$MODULE" "login user 99999$n" >/dev/null
	done
	is "$(record State)" none "$kind: locked at another desk"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: its PIN is refused"
	is "$(record State), $(record ByUser)" "blocked, none" "$kind: and it counts as blocked"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: the PUK unblocks it"
	is_active "$PIN_NEW" "$kind: and from then on it has a record"
	for n in 1 2 3 4; do
		once "$MODULE" "login user 99999$n" >/dev/null
	done
	is "$(set_pin 99999999 "$PIN")" CKR_PIN_INCORRECT "$kind: locked by its user: a wrong PUK"
	is "$(record State), $(record ByUser)" "blocked, true" "$kind: it is noted who locked it"
	is "$(once "$LATCH" "login user $SO" "set-pin $SO $PIN" | last_rv)" CKR_OK "$kind: the PUK unblocks it, by C_Login"
	is_active "$PIN" "$kind: active"
}

# A new life of the card: nothing of the last one is true of it.
new_life() {
	blocked_card
	token_new
	unlike "$(once "$LATCH" token-info)" "*USER_PIN_LOCKED*" "$kind: a new life: the card does not show itself blocked"
	unlike "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: nor is a login refused"
	once "$LATCH" "login so $SO" "init-pin $PIN_NEW" close >/dev/null
	case $(cat "$STATE"/records/*) in
	*State=personalizing* | *State=active*) not_ok "$kind: its first PIN is a personalization" ;;
	*) ok "$kind: its first PIN is a personalization" ;;
	esac
	fails "$kind: which blocks it" vendor_takes "$PIN_NEW"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	wrong=CKR_PIN_INCORRECT
	[ "$kind" != softhsm ] || wrong=CKR_PIN_LOCKED
	found_by_login "$kind"
	found_by_set_pin "$kind" "$wrong"
	puk_comes_first "$kind"
	known_puk | pickup BlockMethod=scramble
	[ "$kind" = softhsm ] || found_by_login "$kind, scrambled"
	[ "$kind" = softhsm ] || found_by_set_pin "$kind, scrambled" CKR_PIN_LOCKED
	known_puk | pickup
	new_life
	[ "$kind" = softhsm ] || locked_elsewhere
	token_stop
done
done_testing
