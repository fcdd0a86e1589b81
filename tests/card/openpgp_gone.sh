# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card that is pulled and does not come back, and a reader that is unplugged: answers come, and soon.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"

waits_for_its_card() {
	is "$(record State),$(record Method)" "personalizing,none" "$1: it stays personalizing"
	like "$("$CMD" status 2>&1)" "*ffff00000001*pulled*" "$1: status lists it"
	passes "$1: recover has nothing to do" "$CMD" recover
}

# Its holder goes on without it.
pulled_while_personalizing() {
	fresh
	personalize desk
	card_pull card
	for call in logout "login user $PIN" close; do
		# shellcheck disable=SC2086
		drive desk $call >/dev/null
	done
	drive desk kill9 >/dev/null
	passes "pulled while it is personalized: the watcher ends" wait_for 30 no_helpers
	logged "not blocked, since" "pulled while it is personalized: the log says so"
	waits_for_its_card "pulled while it is personalized"
	card_back card
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "put back: whoever comes first is refused"
	is_locked "put back"
}

pulled_while_blocked() {
	blocked_card
	session_start desk "$LATCH"
	card_pull card
	fails "pulled while it is blocked: p11-latch unblock says that it is not there" \
		"$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
	unlike "$(rv desk set-pin "$SO" "$PIN_NEW")" CKR_OK "pulled while it is blocked: C_SetPIN fails"
	drive_stop desk
	is "$(record State),$(private Journal)" "blocked,none" "pulled while it is blocked: as it was"
	card_back card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "put back: it is unblocked"
}

# pcscd ends with all its readers.
reader_gone() {
	fresh
	personalize desk
	readers_stop
	drive desk logout >/dev/null
	drive desk kill9 >/dev/null
	passes "the reader is unplugged: the watcher ends" wait_for 30 no_helpers
	is "$(record State),$(record Method)" "personalizing,none" "the reader is unplugged: it stays personalizing"
	fails "the reader is unplugged: p11-latch unblock says so" "$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
	readers_start Virtual
	card_insert card 0
	passes "the reader is back: recover" "$CMD" recover
	is_locked "the reader is back"
}

openpgp_start_at init_pin_in_so_session
echo "$PIN_NEW" >"$SCRATCH/pin"
known_puk | pickup
pulled_while_personalizing
pulled_while_blocked
reader_gone
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN_NEW"
token_stop
done_testing
