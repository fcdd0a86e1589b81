# SPDX-License-Identifier: BSD-3-Clause
# p11-latch verify: what it says of each kind of token, with and without the card manager key, and that it changes nothing.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

LOGINS="challenge-response key present in logins"
SECRET_KEYS="challenge-response key present in secret keys"
KEY=CARD_MANAGER_KEY=@$SCRATCH/manager.key

# says STATUS PATTERN TEXT [OPTION...]: verify of the card, on the machine that was chosen.
says() {
	says_status=$1
	says_pattern=$2
	says_text="$kind: $3"
	shift 3
	OUT=$("$CMD" verify "$@" "$CARD" 2>&1)
	like "$?,$OUT" "$says_status,$says_pattern" "$says_text"
	printf '%s\n' "$OUT" >>"$SCRATCH/said"
}

# All that a look could have changed: state, objects, and what the token shows of its PINs.
everything() {
	find "$STATE" -type f ! -name '*.lock' -exec sha256sum {} + | sort
	objects
	flags "$MODULE"
}

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

is_new() {
	says 1 "*offline-unblockable: no*why not: it has no box, and so was never given tickets*$LOGINS: no
*$SECRET_KEYS: no, none is shown*tickets left: 0*" "a card that never had tickets"
}

is_made() {
	before=$(everything)
	says 0 "*offline-unblockable: yes*$LOGINS: yes, its box opens by the card manager key
*$SECRET_KEYS: no, it is in tickets and boxes*tickets left: 2, of which 2 open by the key's responses ($1*" \
		"where the policy has the key, it proves box and tickets"
	unlike "$OUT" "*why not*" "$kind: and no reason is given"
	says 0 "*$LOGINS: yes, proved by a login as SO
*tickets left: 2, of which 2*" "--so-login" --so-login
	is "$(everything)" "$before" "$kind: nothing has changed"
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
	no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO"
	token_stop
}

tpm() {
	kind=tpm2
	token_start tpm2
	offline_machines Tickets=2
	is_new
	offline_card
	is_made "in files of this machine"
	at_phone
	says 1 "*it has no box*" "another machine has not its files"
	token_stop
}

# a_card KIND [STYLE] [LINE...]: LINEs go into the binding.
a_card() {
	kind="$1, ${2:-as it is}"
	# shellcheck disable=SC2086
	token_start "$1" ${2:-}
	shift
	[ $# -eq 0 ] || shift
	offline_machines Tickets=2 "$@"
	CARD=pkcs11:serial=$SERIAL
}

cannot() {
	says 1 "*offline-unblockable: no*why not: it can have no tickets: with this module $1*$LOGINS: no
*$SECRET_KEYS: no*tickets left: 0*" "never, with the reason"
	token_stop
}

: >"$SCRATCH/said"
for token in $TOKENS; do
	software "$token"
done
tpm
a_card openpgp
once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
passes "$kind: personalized" wait_for 20 state_is blocked
is_made "in files of this machine"
token_stop
a_card openpgp set_pin_in_unlogged_session Profile.UnblockStyle=set-pin
cannot "no SO PIN resets the user PIN, but a PUK without a login"
a_card piv-opensc
cannot "no SO PIN resets the user PIN, but a PUK without a login"
a_card piv-ykcs11
cannot "the key that it takes as SO PIN resets no user PIN"
fails "no key in what was printed" grep -q -i -e "$MANAGER_KEY" -e "$MANAGER_KEY_NEW" "$SCRATCH/said"
done_testing
