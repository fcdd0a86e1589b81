# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card behind OpenSC: however the program ends that made its PIN, the card is blocked, as it says itself.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"

# Goodbyes: when the call returns, the card is blocked.
says_goodbye() {
	for end in close close-all finalize; do
		fresh
		personalize desk
		is "$(card_pin card pw1)" "3 $PIN" "$end: it is the application's own PIN that was set"
		expect CKR_OK desk "$end"
		is_locked "$end"
		drive_stop desk
	done
}

just_ends() {
	for end in exit kill9; do
		fresh
		personalize desk
		drive desk "$end" >/dev/null
		becomes blocked "$end of the holder: the card is blocked"
		is_locked "$end of the holder"
	done
	is "$(login_rv "$MODULE" user "$PIN")" CKR_PIN_LOCKED "OpenSC itself says that the PIN is locked"
	like "$(flags "$MODULE")" "* USER_PIN_LOCKED *" "and shows it"
	passes "and its SO PIN is as before" so_is "$SO"
}

# The holder's own SO PIN is what R is made of; the policy has none.
by_scramble() {
	desk BlockMethod=scramble
	fresh
	personalize desk
	expect CKR_OK desk close
	is_scrambled "BlockMethod=scramble"
	drive_stop desk
	is "$(login_rv "$MODULE" user "$PIN")" CKR_PIN_INCORRECT "BlockMethod=scramble: OpenSC refuses the PIN"
}

# A card that others personalized: nothing has shown that it can be unlocked.
by_command() {
	desk
	fresh
	personalize_direct
	fails "p11-latch block without an SO PIN: is refused" "$CMD" block "$CARD"
	card_says "p11-latch block without an SO PIN: nothing happened" "none,none 3 3 3"
	desk_knows "$SO_NEW"
	fails "p11-latch block, and the policy's SO PIN is wrong: is refused" "$CMD" block "$CARD"
	card_says "p11-latch block, and the policy's SO PIN is wrong: one try, and no more" "none,none 3 3 2"
	fails "p11-latch block, a second time: is refused, too" "$CMD" block "$CARD"
	card_says "p11-latch block, a second time" "none,none 3 3 1"
	desk_knows "$SO"
	fails "p11-latch block with the right one: the last try is kept" "$CMD" block "$CARD"
	card_says "p11-latch block with the right one" "none,none 3 3 1"
	fresh
	personalize_direct
	passes "p11-latch block with the right one" "$CMD" block "$CARD"
	is_locked "p11-latch block with the right one"
	desk
	fresh
	personalize_direct
	passes "p11-latch block --force: needs none" "$CMD" block --force "$CARD"
	is_locked "p11-latch block --force"
}

openpgp_start_at init_pin_in_so_session
desk
says_goodbye
just_ends
by_scramble
by_command
passes "no helper is left" wait_for 5 no_helpers
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN" "$SO_NEW"
token_stop
done_testing
