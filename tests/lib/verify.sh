# SPDX-License-Identifier: BSD-3-Clause
# What p11-latch verify says of a card. Sourced, after offline.sh; kind is the word for the token in what is tested.
#
#	says STATUS PATTERN TEXT [OPTION...]   tests: verify of the card, on the machine that is chosen; OUT is what it says
#	everything                             all that a look could have changed
#	is_new                                 tests: a card that never had tickets
#	is_made WHERE                          tests: one that has two, at the office
#	no_key_said                            tests: no key was in any of what it said

LOGINS="challenge-response key present in logins"
SECRET_KEYS="challenge-response key present in secret keys"
KEY=CARD_MANAGER_KEY=@$SCRATCH/manager.key

says() {
	says_status=$1
	says_pattern=$2
	says_text="$kind: $3"
	shift 3
	OUT=$("$CMD" verify "$@" "$CARD" 2>&1)
	like "$?,$OUT" "$says_status,$says_pattern" "$says_text"
	printf '%s\n' "$OUT" >>"$SCRATCH/said"
}

everything() {
	find "$STATE" -type f ! -name '*.lock' -exec sha256sum {} + | sort
	objects
	flags "$MODULE"
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

no_key_said() {
	fails "no key in what was printed" grep -q -i -e "$MANAGER_KEY" -e "$MANAGER_KEY_NEW" "$SCRATCH/said"
}
