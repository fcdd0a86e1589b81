# SPDX-License-Identifier: BSD-3-Clause
# A ticket that a stranger replaced by his own: the next secret is not his.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

# What matters most: who replaces a key would have the next secret, were it sealed to whatever lies there.
replaced_ticket() {
	stranger_does remove "ticket-$high."
	forged ticket "$high" "$HIS_CHALLENGE" "$HIS_RESPONSE"
	stranger_copies
	log_clear
	passes "$kind: a ticket replaced: the holder unblocks the card" by_response phone
	at_phone
	unblocked "a ticket replaced"
	not_his "a ticket replaced" "$HIS_RESPONSE"
	logged "somebody replaced or removed one" "$kind: a ticket replaced: the log says so"
	is "$(record Tickets)" 0 "$kind: a ticket replaced: none is left"
	offline_block_again
	fails "$kind: and none is shown" "$CMD" challenge "$CARD"
	fails "$kind: his response opens nothing" "$CMD" unblock --response "$HIS_RESPONSE" --pin "$PIN" "$CARD"
	tries_kept "his response"
	refill "a ticket replaced"
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=3
	numbers
	replaced_ticket
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
