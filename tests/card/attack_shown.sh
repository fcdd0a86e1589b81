# SPDX-License-Identifier: BSD-3-Clause
# A stranger's tickets in place of all others: what his response opens costs the card one try, and no more.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

# His own ticket is the only one that can be shown, and his box the only one that it opens.
shown_is_his() {
	at_phone
	stranger_copies
	stranger_does remove ticket-
	for n in $(seq "$low" "$high"); do
		forged ticket "$n" "$HIS_CHALLENGE" "$HIS_RESPONSE"
	done
	forged box $((box + 1)) 65535 "$SO_NEW" $(seq "$low" "$high")
	is "$(challenge | tr -d ' ')" "$HIS_CHALLENGE" "$kind: all tickets replaced: his challenge is shown"
	for n in 1 2 3 4; do
		fails "$kind: all tickets replaced: his response opens what the card refuses ($n)" \
			"$CMD" unblock --response "$HIS_RESPONSE" --pin "$PIN" "$CARD"
	done
	unlike "$(flags "$MODULE")" "*SO_PIN_FINAL_TRY*" "$kind: all tickets replaced: that costs no second SO try"
	stranger_does remove ticket- box-
	stranger_does put "$COPY"/*
	refill "all tickets replaced"
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=3
	numbers
	shown_is_his
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
