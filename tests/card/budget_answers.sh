# SPDX-License-Identifier: BSD-3-Clause
# Modules that answer a wrong SO PIN with another error, show no SO flags, or let C_Login take any: no try is wasted.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/forged.sh"
. "$SRCDIR/tests/lib/pickup.sh"

WRONG_PUK=11112222

# forged_so: the SO secrets that it was given; so_left: the tries of them that it still has.
forged_so() {
	given | grep -c '^login-so '
}

so_left() {
	cut -d ' ' -f 6 "$FORGED_DIR/token"
}

# locked FILE...: a card that its user has locked; FILEs are its traits.
locked() {
	rm -rf "${STATE:?}"/*
	forge honest "$SO" "$PIN"
	sed -i 's/ 3 3$/ 0 3/' "$FORGED_DIR/token"
	for trait; do
		echo "${trait#*=}" >"$FORGED_DIR/${trait%%=*}"
	done
	log_clear
}

# What else a disturbed module answers: the same value is not sent again.
other_answers() {
	asked_puk | pickup
	for answer in 0x101 0x5 0x6 0xb3 0x30 0x54; do
		locked flags=yes "so-rv=$answer"
		unlike "$(set_pin $WRONG_PUK "$PIN_NEW")" CKR_OK "$answer to a wrong PUK: refused"
		is "$(forged_so), $(so_left)" "1, 2" "$answer to a wrong PUK: it was sent once, and cost one try"
		is "$(record State), $(private Journal)" "blocked, none" "$answer: the card stays blocked, nothing is under way"
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$answer: the right PUK unblocks"
	done
	locked flags=yes so-rv=0x101
	is "$(set_pin $WRONG_PUK "$PIN_NEW")" CKR_PIN_INCORRECT "CKR_USER_NOT_LOGGED_IN from C_Login is a wrong PUK"
}

# A PUK that is wrong once, where nobody knows how many tries there are.
no_flags() {
	asked_puk | pickup
	for answer in 0xa0 0x5; do
		locked "so-rv=$answer"
		set_pin $WRONG_PUK "$PIN_NEW" >/dev/null
		is "$(set_pin 33334444 "$PIN_NEW")" CKR_PIN_LOCKED "no SO flags, $answer: after one wrong PUK no other is sent"
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_PIN_LOCKED "no SO flags, $answer: not even the right one"
		is "$(so_left)" 2 "no SO flags, $answer: one try is gone"
		logged "p11-latch unblock --last-try sends one" "no SO flags, $answer: the log says what does"
	done
	passes "no SO flags: --last-try unblocks" "$CMD" unblock --last-try --puk "@$SCRATCH/puk" --pin "$PIN_NEW" "$CARD"
	is "$(so_left)" 3 "no SO flags: with the right PUK"

	locked
	set_pin $WRONG_PUK "$PIN_NEW" >/dev/null
	passes "no SO flags: p11-latch reset" "$CMD" reset "$CARD"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "no SO flags: allows the next"

	# CKR_DEVICE_REMOVED: pulled in the middle of a try, which the card counted, or did not.
	locked so-rv=0x32
	set_pin $WRONG_PUK "$PIN_NEW" >/dev/null
	is "$(set_pin "$SO" "$PIN_NEW"), $(private SOGone)" "CKR_OK, none" "no SO flags, pulled once: goes on when it is back"
	locked so-rv=0x32
	for try in 1 2 3; do
		set_pin $WRONG_PUK "$PIN_NEW" >/dev/null
	done
	is "$(so_left), $(private SOWrong), $(private SOGone)" "1, 0, 2" \
		"no SO flags, pulled again and again: no third try is spent"
	logged "the card was gone each time.*p11-latch reset" "no SO flags, pulled: the log says so"
	passes "no SO flags, pulled: p11-latch reset" "$CMD" reset "$CARD"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "no SO flags, pulled: allows the next"

	asked_puk | pickup Profile.SoTries=3 Profile.SoCounter=hidden
	locked so-rv=0x5
	set_pin $WRONG_PUK "$PIN_NEW" >/dev/null
	set_pin 33334444 "$PIN_NEW" >/dev/null
	is "$(set_pin 55556666 "$PIN_NEW"), $(so_left)" "CKR_PIN_LOCKED, 1" \
		"no SO flags, but a known number: it is counted here, and the last is kept"
}

# A personalization is left behind, and whoever comes as SO next is no proof of anything.
believed_late() {
	known_puk | pickup BlockMethod=scramble Profile.UserCounter=false
	rm -rf "${STATE:?}"/*
	forge honest "$SO" -
	personalize desk
	kill -9 "$(watcher)"
	wait_for 5 no_helpers || bail_out "the watcher does not end"
	drive_stop desk
	echo late >"$FORGED_DIR/mode"
	once "$LATCH" "login so 00000000" >/dev/null
	"$CMD" recover >/dev/null 2>&1
	becomes blocked "C_Login as SO takes anything: the policy's PUK, which is right, blocks the card"
	fails "by its own means" vendor_takes "$PIN"
	is "$(private ForeignSO)" none "and it is still this card's"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "which unblocks it"
}

# One look that shows no lock is not believed.
blinks() {
	known_puk | pickup BlockMethod=lock
	for look in 1 2 3 4 5 6 7 8; do
		locked "blind=$look"
		login_rv "$LATCH" user "$PIN" >/dev/null
		"$CMD" unblock --puk "@$SCRATCH/wrong" --pin "$PIN_NEW" "$CARD" >/dev/null 2>&1
		state_is blocked || not_ok "look $look shows no lock" "$(record State)" "$(log_text | tail -n 5)"
	done
	is "$(record State),$(record Method)" blocked,lock "a card that shows no lock for a moment stays blocked"
}

forged_start
latch_setup
echo "$SO" >"$SCRATCH/puk"
echo 99999999 >"$SCRATCH/wrong"
other_answers
no_flags
believed_late
blinks
passes "no helper is left" wait_for 10 no_helpers
no_secret "no PUK stands in log or state" "$SO" "$WRONG_PUK"
done_testing
