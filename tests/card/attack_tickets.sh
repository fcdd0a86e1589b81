# SPDX-License-Identifier: BSD-3-Clause
# Tickets that a stranger forged as they really are, beside those of the card: none is shown, none kept.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

more_tickets() {
	forged ticket 1 "$HIS_CHALLENGE" "$HIS_RESPONSE"
	holds "a ticket of a lower number" phone
	forged ticket $((high + 1)) "$HIS_CHALLENGE" "$HIS_RESPONSE"
	holds "a ticket of a higher number" phone
	forged ticket "$low" "$HIS_CHALLENGE" "$HIS_RESPONSE"
	at_phone
	unlike "$(challenge | tr -d ' ')" "$HIS_CHALLENGE" "$kind: a ticket of the same number is not the one that is shown"
	holds "a ticket of the same number" phone
	for n in $(seq "$low" "$high"); do
		forged ticket "$n" "$HIS_CHALLENGE" "$HIS_RESPONSE"
	done
	holds "a ticket of every number" phone
	is "$(objects ticket | wc -l)" $((high - low + 1)) "$kind: his are gone, and no other"
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=5
	numbers
	more_tickets
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
