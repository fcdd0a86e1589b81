# SPDX-License-Identifier: BSD-3-Clause
# A stranger removes all tickets and boxes: a machine that has a copy of the newest box opens the card with the key, no
# other harms it. And many wrong responses, on cards with tickets and on one without.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

all_removed() {
	stranger_does remove ticket- box-
	is "$(objects)" "" "$kind: all tickets and boxes are removed"
}

# The office made them, and has the box.
at_the_office() {
	all_removed
	fresh_elsewhere
	fails "$kind: all removed: a machine that never saw the card has no challenge" "$CMD" challenge "$CARD"
	is "$(set_pin 1111222233334444 "$PIN_NEW")" "$1" "$kind: all removed: nor does a response open anything there"
	tries_kept "all removed, elsewhere"
	at_desk
	fails "$kind: all removed: nor a desk with the key that has no copy" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	tries_kept "all removed, at a desk without a copy"
	at_office
	passes "$kind: all removed: the office unblocks it, by its copy" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: all removed: the card is unblocked"
	tries_kept "all removed, at the office"
	passes "$kind: all removed: and makes new tickets" \
		"$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key"
	is "$(objects ticket | wc -l) $(objects box | wc -l)" "4 1" "$kind: all removed: they are there"
	whole "all removed"
}

# The newest box is that of the machine where the last ticket was used: the key is typed there.
at_the_phone() {
	passes "$kind: the holder unblocks it by phone" by_response phone
	offline_block_again
	all_removed
	fails "$kind: removed after a use: there is no challenge" "$CMD" challenge "$CARD"
	passes "$kind: removed after a use: the key, typed where the ticket was used" typed "$MANAGER_KEY"
	is_active "$PIN_NEW" "$kind: removed after a use: the card is unblocked"
	tries_kept "removed after a use"
}

# Nothing reaches the card, and nothing is used up.
many_wrong() {
	at_office
	offline_card
	at_phone
	shown=$(challenge)
	before=$(flags "$MODULE")
	faulty_start
	fault p11-latch C_Login 0 kill-before
	for n in 10 11 12 13 14 15 16 17 18 19 20 21; do
		! "$CMD" unblock --response "11112222333344$n" --pin "$PIN_NEW" "$CARD" >/dev/null 2>&1 ||
			not_ok "$kind: wrong response $n"
	done
	fails "$kind: twelve wrong responses: nobody logged in to the card" faulted
	fault none
	sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
	is "$(flags "$MODULE")" "$before" "$kind: twelve wrong responses: its flags are what they were"
	is "$(private ResponseWrong) $(challenge)" "12 $shown" "$kind: they are counted, and the challenge is the same"
	passes "$kind: the right one still unblocks it" by_response phone
	at_phone
	unblocked "after wrong responses"
	is "$(private ResponseWrong)" none "$kind: and ends the count"
}

# What looks like a response is none where there are no tickets.
without_tickets() {
	token_new
	fresh_elsewhere
	known_puk "$SO" | description unblock
	description personalize <<-'END'
		[Application_B]
		BlockCard=true
	END
	policy_clear
	printf 'Personalize=personalize.dsc\nUnblock=unblock.dsc\n' | policy
	tool --login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN" >/dev/null
	is "$(record State)" blocked "$kind: a card without tickets"
	is "$(set_pin 1111222233334444 "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: without tickets: a response of 16 digits is wrong"
	is "$(set_pin 11112222333344445555666677778888 "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: without tickets: and one of 32"
	fails "$kind: without tickets: unblock --response" "$CMD" unblock --response 1111222233334444 --pin "$PIN_NEW" "$CARD"
	tries_kept "without tickets"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: without tickets: its PUK unblocks it"
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=4
	at_the_office "CKR_PIN_INCORRECT"
	at_the_phone
	many_wrong
	without_tickets
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
