# SPDX-License-Identifier: BSD-3-Clause
# Cards with tickets at a desk that has the card manager key: unblocked by it anywhere, filled up again, another key.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

unblock_by_phone() {
	at_phone
	offline_out=$("$CMD" unblock --response "$(respond "$(challenge)" "$@")" --pin "$PIN_NEW" "$CARD" 2>&1)
}

# Every ticket there is, and then none.
all_used() {
	for n in 1 2 3; do
		log_clear
		unblock_by_phone || not_ok "$kind: ticket $n" "$offline_out"
		[ "$n" = 3 ] || offline_block_again
	done
	is_active "$PIN_NEW" "$kind: the last ticket unblocks the card"
	logged "its last ticket is used up: next time it needs a desk" "$kind: the log says so"
	like "$("$CMD" status "$CARD" 2>&1)" "*needs a desk*offline:  0 tickets left*" "$kind: and status"
	offline_block_again
	log_clear
	fails "$kind: there is no challenge any more" "$CMD" challenge "$CARD"
	is "$(objects ticket | wc -l) $(objects box | wc -l)" "0 1" "$kind: one box lies there, and no ticket"
}

# The key opens the box after any number of uses, on a machine that has never seen the card.
desk_unblocks() {
	at_desk
	passes "$kind: $1: a desk elsewhere unblocks it with the key, presented to nobody" \
		"$CMD" unblock --pin "$PIN" "$CARD"
	is_active "$PIN" "$kind: $1: active"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: $1: without losing an SO try"
}

refill() {
	at_office
	passes "$kind: apply of the description that it was made by" \
		"$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key"
	is "$(objects ticket | wc -l) $(record Tickets)" "3 3" "$kind: there are three tickets again"
	is "$(objects ticket | head -n 1)" "p11-latch ticket 4" "$kind: whose numbers go on"
	is "$(objects box | wc -l)" 1 "$kind: and one box"
	is "$(record State)" blocked "$kind: the card is blocked"
	unblock_by_phone || note "$offline_out"
	is_active "$PIN_NEW" "$kind: and unblocked by phone"
	offline_block_again
}

# The description of the desk that gives the card another key; the same one serves the next time.
rotate() {
	printf '%s\n' "$MANAGER_KEY_NEW" >"$SCRATCH/new.key"
	chmod 600 "$SCRATCH/new.key"
	at_desk
	offline_unblock NewCardManagerKey=NEW_KEY | description unblock
	policy_clear
	printf 'Unblock=unblock.dsc\nTickets=2\nField.CARD_MANAGER_KEY=file:%s\nField.NEW_KEY=file:%s\n' \
		"$SCRATCH/manager.key" "$SCRATCH/new.key" | policy
	desk_unblocks "another key"
	is "$(objects ticket | wc -l) $(objects box | wc -l)" "2 1" "$kind: all tickets are new"
	shown=$(challenge)
	passes "$kind: the card is blocked again, by what the new key opens" "$CMD" block "$CARD"
	at_phone
	fails "$kind: the old key's response opens nothing" \
		"$CMD" unblock --response "$(respond "$shown")" --pin "$PIN_NEW" "$CARD"
	unblock_by_phone "$SCRATCH/new.key" || note "$offline_out"
	is_active "$PIN_NEW" "$kind: the new key's does"
	at_desk
	is "$(objects box)" "$(objects box | head -n 1)" "$kind: there is one box"
	passes "$kind: blocked by the same description" "$CMD" block --force "$CARD"
	box=$(objects box)
	desk_unblocks "the same description once more"
	is "$(objects box)" "$box" "$kind: which changes nothing any more"
}

# explains PATTERN TEXT: p11-latch explain says so, and spends no SO try.
explains() {
	like "$("$CMD" explain "$CARD" 2>&1)" "*$1*" "$kind: explain: $2"
}

explained() {
	explains "InitCRKey=true*CardManagerKey=*which answers challenges and opens the card's box*Tickets=3 *" "the description"
	explains "then the card gets 3 tickets, and a random PUK" "the end of a personalization"
	explains "1 the policy's own PUK or key, presented: yes: CardManagerKey=" "the key"
	explains "3 the response to the challenge of its ticket: yes, to $(challenge); 3 tickets left" "the challenge"
	explains "by C_SetPIN and p11-latch unblock: no: the policy holds" "another value"
	at_phone
	explains "3 the response to the challenge of its ticket: yes, to $(challenge); 3 tickets left" "on a machine without the key"
	at_office
}

# A desk whose description is still that of cards with a PUK: the PUK that the policy has is none of this card's.
puk_desk() {
	at_office
	{
		printf 'Personalize=offline.dsc\nUnblock=puk.dsc\nTickets=3\n'
		printf 'Field.CARD_MANAGER_KEY=file:%s\n' "$SCRATCH/manager.key"
	} >"$SCRATCH/mixed"
	cp "$POLICY" "$SCRATCH/policy.kept"
	known_puk | description puk
	policy_clear
	policy <"$SCRATCH/mixed"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: the PUK that it was personalized with is not its PUK any more"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: and is not sent to it"
	passes "$kind: it is unblocked by the key of its personalization" "$CMD" unblock --pin "$PIN" "$CARD"
	is_active "$PIN" "$kind: active"
	cat "$SCRATCH/policy.kept" >"$POLICY"
	passes "$kind: blocked again" "$CMD" block "$CARD"
}

so_flags() {
	flags "$MODULE" | grep -o 'SO_PIN_[CFL][A-Z_]*' | tr '\n' ' '
}

# The PUK of before the tickets is sent to no card that has any.
old_puk() {
	at_office
	passes "$kind: unblocked at the office" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	before=$(so_flags)
	log_clear
	passes "$kind: p11-latch block --puk with the PUK of before" "$CMD" block --puk "$SO" "$CARD"
	is "$(record State),$(so_flags)" "blocked,$before" "$kind: blocks it all the same, and sends it not"
}

# Another desk with the key, which never saw the card: what its last SO try is for is a person's to say.
last_try_elsewhere() {
	at_desk
	rm -rf "${STATE:?}"/*
	like "$("$CMD" unblock --last-try --puk 31415926 --pin "$PIN" "$CARD" 2>&1)" "*without --puk tries the box*" \
		"$kind: --last-try is for the last one only"
	is "$(so_flags)" "" "$kind: and sends nothing before"
	login_rv "$MODULE" so 11112222 >/dev/null
	login_rv "$MODULE" so 11112222 >/dev/null
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "$kind: one SO try is left"
	like "$("$CMD" unblock --puk "$SO" --pin "$PIN" "$CARD" 2>&1)" \
		"*nothing was sent*--last-try without --puk sends what is in the box*made to the end*" \
		"$kind: it is said what to know before it is spent"
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "$kind: it is there yet"
	passes "$kind: --last-try without it" "$CMD" unblock --last-try --pin "$PIN" "$CARD"
	is_active "$PIN" "$kind: unblocks the card"
	offline_block_again
}

# A description with a key that is typed, and another one: the card is blocked with what the new one opens.
apply_new_key() {
	at_office
	printf '%s\n' "$MANAGER_KEY_NEW" >"$SCRATCH/new.key"
	cat >"$SCRATCH/now.dsc" <<-END
		[Application_B]
		BlockCard=true

		[Fields]
		NEW_KEY=

		[Description]
		SetPIN=true
		PIN=#$PIN
		InitCRKey=true
		UseCardManagerKey=true
		CardManagerKey=!FROM_USER_DIALOG_1_FIELD
		NewCardManagerKey=NEW_KEY
	END
	{
		sleep 2
		cat "$SCRATCH/manager.key"
		sleep 1
	} | script -qec "'$CMD' apply '$SCRATCH/now.dsc' --field 'NEW_KEY=@$SCRATCH/new.key' '$CARD'" /dev/null >"$SCRATCH/out"
	like "$(cat "$SCRATCH/out")" "*: blocked by *" "$kind: p11-latch apply with a key that is typed, and a new one"
	is "$(record State)" blocked "$kind: the card is blocked anew"
	fails "$kind: and refuses its PIN" vendor_takes "$PIN"
}

for kind in $TOKENS; do
	token_start "$kind"
	offline_machines Tickets=3
	offline_card
	is "$(objects ticket | wc -l)" 3 "$kind: Tickets=3"
	explained
	puk_desk
	at_desk
	like "$("$CMD" unblock --puk 31415926 --pin "$PIN" "$CARD" 2>&1)" "*opens a box*without --puk tries the box*" \
		"$kind: a PUK beside a box that nothing is known of: it is said what comes first"
	desk_unblocks "no ticket used"
	is "$(objects ticket | wc -l)" 3 "$kind: and uses no ticket up"
	offline_block_again
	old_puk
	[ "$kind" = softhsm ] || last_try_elsewhere
	at_office
	all_used
	desk_unblocks "no ticket left"
	offline_block_again
	refill
	rotate
	rm -rf "${SCRATCH:?}"/office "$SCRATCH"/phone "$SCRATCH"/desk
	offline_machines
	token_new
	offline_card
	apply_new_key
	at_office
	no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$MANAGER_KEY_NEW" "$SO"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
