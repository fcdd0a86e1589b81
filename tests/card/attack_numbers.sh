# SPDX-License-Identifier: BSD-3-Clause
# A stranger's ticket of the last number that there is, and a second box of one generation.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

# A number beyond which there is none is not remembered.
last_number() {
	stranger_does remove ticket-
	forged ticket 65535 "$HIS_CHALLENGE" "$HIS_RESPONSE"
	forged box $((box + 1)) 65535 "$SO_NEW" 65535
	at_office
	for n in 1 2; do
		fails "$kind: a ticket of the last number opens nothing ($n)" \
			"$CMD" unblock --response "$HIS_RESPONSE" --pin "$PIN" "$CARD"
	done
	fails "$kind: and is none of those that were used" test "$(private Ticket)" = 65535
	refill "a ticket of the last number"
	stranger_does twin "$FORGED"
	stranger_does put "$FORGED"
	at_desk
	passes "$kind: another box of the same generation: a desk unblocks the card" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	unblocked "another box of the same generation"
	offline_block_again
	holds "another box of the same generation" phone
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=3
	numbers
	last_number
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
