# SPDX-License-Identifier: BSD-3-Clause
# p11-latch verify: with and without the card manager key, of strangers' tickets and boxes; and that it changes nothing.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"
. "$SRCDIR/tests/lib/verify.sh"

vendor() {
	foreign pkcs11-tool --module "$MODULE" --token-label "$LABEL" "$@" >/dev/null 2>&1 ||
		bail_out "$kind: pkcs11-tool $*: fails"
}

take() {
	vendor --read-object --type data --label "$1" --output-file "$SCRATCH/taken/$1"
}

put_back() {
	vendor --write-object "$SCRATCH/taken/$1" --type data --label "$1" --application-label p11-latch
}

remove() {
	vendor --delete-object --type data --label "$1"
}

# altered NAME OFFSET BYTES: a copy of what was taken, of the same name and "'", with other bytes.
altered() {
	cp "$SCRATCH/taken/$1" "$SCRATCH/taken/$1'"
	# shellcheck disable=SC2059
	printf "$3" | dd of="$SCRATCH/taken/$1'" bs=1 seek="$2" conv=notrunc status=none
}

is_made_elsewhere() {
	at_phone
	before=$(everything)
	says 0 "*offline-unblockable: yes*$LOGINS: yes, as its box says
*$SECRET_KEYS: no, it is in tickets and boxes*tickets left: 2 (on the token*" "without a key the box says so"
	says 0 "*$LOGINS: yes, its box opens*tickets left: 2, of which 2*" "a key that is given" --field "$KEY"
	says 0 "*$LOGINS: yes, proved*" "a key that is given, and a login" --field "$KEY" --so-login
	says 1 "*offline-unblockable: no*why not: the card manager key opens no box that counts*$LOGINS: no
*" "another card's key" --field "CARD_MANAGER_KEY=@$SCRATCH/other.key"
	says 1 "*opens no box that counts*" "another card's key has nothing to log in with" \
		--field "CARD_MANAGER_KEY=@$SCRATCH/other.key" --so-login
	says 1 "*--so-login wants the card manager key*" "a login without a key" --so-login
	says 1 "*the card manager key that was given:*" "what is no key" --field "CARD_MANAGER_KEY=@$SCRATCH/no.key"
	is "$(everything)" "$before" "$kind: nothing has changed"
}

json() {
	says 0 "{*}" "--json" --json --field "$KEY"
	is "$(printf '%s\n' "$OUT" | python3 -c 'import json, sys
v = json.load(sys.stdin)
print(v["offline_unblockable"], v["key_in_logins"], v["evidence"], v["key_in_secret_keys"], v["secret_key_label"],
      v["tickets"], v["tickets_opened"], v["generation"] > 0, v["stored"], v["why_not"], v["notes"])')" \
		"True True key False None 2 2 True token [] []" "$kind: --json: every member"
	says 1 "{*\"offline_unblockable\": false*\"evidence\": null*\"tickets_opened\": null*\"why_not\": [\"the card*" \
		"--json: why not" --json --field "CARD_MANAGER_KEY=@$SCRATCH/other.key"
}

# What a stranger wrote: it is seen by the key alone, or not used.
strangers() {
	first=$(objects ticket | head -n 1)
	take "$first"
	altered "$first" 100 '\0\0\0\0'
	remove "$first"
	put_back "$first'"
	says 0 "*tickets left: 2 (*" "a ticket that was changed: without the key nobody can tell"
	says 1 "*why not: the ticket whose challenge is shown does not open*$LOGINS: yes*tickets left: 2, of which 1 open*" \
		"a ticket that was changed: the key can" --field "$KEY"
	remove "$first'"
	says 0 "*tickets left: 1, of which 1*note: somebody changed its tickets, or took some away*" \
		"a ticket that was taken away" --field "$KEY"
	put_back "$first"
	altered "$first" 6 '\0\011'
	put_back "$first'"
	says 0 "*tickets left: 2, of which 2*note: 1 tickets are none of its box's*" "a ticket more" --field "$KEY"
	remove "$first'"
	altered "$first" 4 '\377'
	put_back "$first'"
	says 0 "*tickets left: 2 (*note: 1 objects are of a later version*" "a ticket of a later version"
	remove "$first'"
	echo nonsense >"$SCRATCH/taken/$first'"
	put_back "$first'"
	says 0 "*note: 1 objects bear our name*" "what is no ticket"
	remove "$first'"
}

boxes() {
	box=$(objects box)
	take "$box"
	remove "$box"
	says 1 "*why not: its box is gone*$LOGINS: no
*" "a box that was taken away"
	altered "$box" 4 '\377'
	put_back "$box'"
	says 1 "*why not: its tickets and boxes are of a later version*" "a box of a later version"
	remove "$box'"
	put_back "$box"
	for n in 1 2; do
		altered "$box" 8 "\\0$n"
		put_back "$box'"
	done
	says 1 "*why not: of the 3 boxes that it has none is believed*$LOGINS: no
*note: there are more boxes*" "strangers' boxes"
	for n in 1 2; do
		remove "$box'"
	done
	altered "$box" 8 '\01'
	put_back "$box'"
	says 0 "*note: the newest box, of generation *, is not the one*" "a stranger's newer box" --field "$KEY"
	remove "$box'"
	says 0 "*offline-unblockable: yes*" "all as it was"
}

secret_key() {
	passes "$kind: a secret key, as a vendor's program makes it" \
		"$P11DRIVE" "$MODULE" initialize "slot-label $LABEL" "open rw" 'gen-key "Card Manager Key" public' finalize
	says 0 "*$SECRET_KEYS: yes, \"Card Manager Key\"
*note: the secret key in it is of a program of the card's vendor*" "a secret key of that name"
	vendor --delete-object --type secrkey --label "Card Manager Key"
}

ungoverned() {
	policy_clear
	says 1 "*offline-unblockable: no*why not: nothing in the policy governs it*$LOGINS: yes, as its box says*tickets left: 2*" \
		"a card that the policy does not name"
	echo Unblock=unblock.dsc | policy
}

# All that lay there is put back after the card has another SO secret.
rolled_back() {
	for name in "$first" "$box"; do
		take "$name"
	done
	unblocks
	remove "$(objects box)"
	put_back "$box"
	put_back "$first"
	rm -rf "$SCRATCH/desk/state"
	at_desk
	mkdir -p "$STATE"
	says 0 "*$LOGINS: yes, its box opens*" "an older box is believed on a machine that never saw the card"
	says 1 "*why not: the card refuses the SO secret of its box*$LOGINS: no
*" "but a login shows that it is void" --so-login
	at_phone
	says 0 "*tickets left: 1 *note: 1 tickets are none of its box's*" \
		"where the card is known, the box that is kept there counts, and the older one does not"
}

unblocks() {
	offline_out=$("$CMD" unblock --response "$(respond "$(challenge)")" --pin "$PIN_NEW" "$CARD" 2>&1) ||
		bail_out "$kind: $offline_out"
}

all_used() {
	unblocks
	says 0 "*offline-unblockable: yes*tickets left: 1*" "one is left, and the card need not be blocked"
	offline_block_again
	unblocks
	says 1 "*offline-unblockable: no*why not: it has no ticket left: it needs a desk*$LOGINS: yes*tickets left: 0*" \
		"the last one was used up"
	at_office
	says 1 "*it has no ticket left*$LOGINS: yes, its box opens*" "the key proves the box all the same"
}

# A policy that changes the key has both: which opened the box shows, and by that the tickets are opened.
other_key() {
	offline_block_again
	at_desk
	offline_unblock NewCardManagerKey=NEW_KEY | description unblock
	policy_clear
	printf 'Unblock=unblock.dsc\nTickets=2\nField.CARD_MANAGER_KEY=file:%s\nField.NEW_KEY=file:%s\n' \
		"$SCRATCH/manager.key" "$SCRATCH/other.key" | policy
	says 1 "*it has no ticket left*$LOGINS: yes, its box opens*" "a policy that is to change the key: the one that is valid"
	passes "$kind: the key is changed" "$CMD" unblock --pin "$PIN" "$CARD"
	says 0 "*$LOGINS: yes, its box opens*tickets left: 2, of which 2 open*" "and then the new one"
	says 1 "*opens no box that counts*" "the old one opens nothing any more" --field "$KEY"
}

software() {
	kind=$1
	token_start "$kind"
	offline_machines Tickets=2
	printf '%s\n' "$MANAGER_KEY_NEW" >"$SCRATCH/other.key"
	echo nonsense >"$SCRATCH/no.key"
	mkdir -p "$SCRATCH/taken"
	is_new
	offline_card
	is_made "on the token"
	is_made_elsewhere
	json
	strangers
	boxes
	secret_key
	ungoverned
	rolled_back
	at_office
	offline_card
	at_phone
	all_used
	other_key
	no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO"
	token_stop
}

for token in $TOKENS; do
	software "$token"
done
no_key_said
done_testing
