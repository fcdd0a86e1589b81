# SPDX-License-Identifier: BSD-3-Clause
# Smart cards: one whose SO PIN resets the user PIN gets tickets, which are files; the others are refused, with the reason.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

# The card has a PIN from the factory, which is not why it could not be personalized.
personalize_it() {
	once "$LATCH" "login so $SO" "init-pin $PIN" close | sed -n 's/^init-pin //p'
}

# any_card [LINE...]: LINEs go into the binding.
any_card() {
	offline_machines Tickets=3 "$@"
	CARD=pkcs11:serial=$(once "$MODULE" token-info | sed -n 's/.* serial=\([^ ]*\).*/\1/p')
	log_clear
}

takes() {
	kind="openpgp, init-pin"
	token_start openpgp
	any_card
	like "$(personalize_it)" "CKR_OK*" "$kind: personalized by any program"
	becomes blocked "$kind: it is blocked"
	is "$(record Tickets) $(ls "$STATE"/private | grep -c '\.ticket-')" "3 3" "$kind: and has its tickets, as files"
	passes "$kind: the response unblocks it" \
		"$CMD" unblock --response "$(respond "$(challenge)")" --pin "$PIN_NEW" "$CARD"
	is "$(record State) $(record Tickets)" "active 2" "$kind: and uses its ticket up"
	passes "$kind: its PIN is the new one" vendor_takes "$PIN_NEW"
	passes "$kind: the key blocks it" "$CMD" block "$CARD"
	passes "$kind: and unblocks it" "$CMD" unblock --pin "$PIN" "$CARD"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
}

# refuses REASON [LINE...]
refuses() {
	reason=$1
	shift
	any_card "$@"
	fails "$kind: apply" "$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" \
		--field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" --puk "$PUK"
	like "$("$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" \
		--field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" --puk "$PUK" 2>&1)" "*$reason*" "$kind: is refused with the reason"
	like "$("$CMD" challenge "$CARD" 2>&1)" "*a token of this module can have no tickets*" "$kind: challenge says so too"
	like "$("$CMD" explain "$CARD" 2>&1)" "*REFUSED: with this module no SO PIN unblocks a card*3 the response*no: with this module*" \
		"$kind: and explain"
	is "$(record State)" none "$kind: nothing is done"
	token_stop
}

takes
kind="openpgp, set-pin"
token_start openpgp set_pin_in_unlogged_session
refuses "no SO PIN resets the user PIN, but a PUK without a login" Profile.UnblockStyle=set-pin
kind="piv-ykcs11"
token_start piv-ykcs11
refuses "the key that it takes as SO PIN resets no user PIN"
done_testing
