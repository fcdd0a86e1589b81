# SPDX-License-Identifier: BSD-3-Clause
# Boxes that a stranger forged as they really are: newer ones, and ten of them. None costs a card.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

newer_box() {
	forged box $((box + 1)) "$high" "$SO_NEW" $(seq "$low" "$high")
	holds "a newer box for all tickets" elsewhere
	forged box $((box + 100)) "$high" "$SO_NEW" "$low"
	holds "a much newer box for one ticket" phone
	forged box $((box + 1)) "$high" "$SO_NEW"
	holds "a newer box for no ticket" phone
}

ten_forged() {
	for n in 0 1 2 3 4 5 6 7 8 9; do
		stranger_does box "$FORGED.$n" $((box + 1 + n)) "$high" "$SO_NEW" $(seq "$low" "$high")
	done
	stranger_does put "$FORGED".[0-9]
}

# Where it is noted which box was the last none of them is opened; elsewhere nobody can tell, but a desk with the key.
ten_boxes() {
	ten_forged
	stranger_copies
	fresh_elsewhere
	fails "$kind: ten newer boxes: a machine that never saw the card opens none" by_response elsewhere
	tries_kept "ten newer boxes, elsewhere"
	holds "ten newer boxes" phone
	ten_forged
	at_desk
	passes "$kind: ten newer boxes: a desk with the key unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	unblocked "ten newer boxes, at a desk"
	offline_block_again
	numbers
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=5
	numbers
	newer_box
	ten_boxes
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
