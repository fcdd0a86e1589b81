# SPDX-License-Identifier: BSD-3-Clause
# What is old opens nothing: a response given twice, all tickets and boxes copied before and put back, another card's.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

# Everything was copied before, and the response is overheard.
overheard() {
	stranger_copies
	passes "$kind: the holder unblocks the card by phone" by_response phone
	at_phone
	heard=$(given)
	unblocked "overheard"
	like "$(stranger secrets "$COPY" "$heard")" "*[0-9A-Za-z]*" "$kind: the response opens the stranger's copy"
	not_his "with what he copied and heard" "$heard"
	offline_block_again
}

twice() {
	is "$(set_pin "$(printf %s "$heard" | tr -d ' ')" "$PIN")" CKR_PIN_INCORRECT "$kind: the response once more: wrong"
	fails "$kind: by the command too" "$CMD" unblock --response "$heard" --pin "$PIN" "$CARD"
	like "$(login_rv "$LATCH" user "$(printf %s "$heard" | tr -d ' ')")" "CKR_PIN_*" "$kind: and by C_Login"
	tries_kept "given again"
	fails "$kind: the card stays blocked" vendor_takes "$PIN"
}

# The machine that used the ticket knows that there is a newer box, and has it.
put_back() {
	stranger_restores
	at_phone
	fails "$kind: all put back as it was: the response opens nothing where the ticket was used" \
		"$CMD" unblock --response "$heard" --pin "$PIN" "$CARD"
	tries_kept "put back"
	fails "$kind: the card stays blocked" vendor_takes "$PIN"
}

# A machine that never saw the card knows no better, until the card has said no.
put_back_elsewhere() {
	fresh_elsewhere
	for again in 1 2 3 4; do
		is "$(set_pin "$(printf %s "$heard" | tr -d ' ')" "$PIN")" CKR_PIN_INCORRECT \
			"$kind: on another machine the card refuses what the old box holds ($again)"
	done
	unlike "$(flags "$MODULE")" "*SO_PIN_FINAL_TRY*" "$kind: which costs one SO try there, and no second one"
	unlike "$(flags "$MODULE")" "*SO_PIN_LOCKED*" "$kind: let alone the last"
	logged "older than the card" "$kind: the log says what it is"
	passes "$kind: the machine that has the newer box goes on with the next ticket" by_response phone
	at_phone
	is_active "$PIN_NEW" "$kind: the card is unblocked"
	tries_kept "put back, and unblocked"
	whole "put back"
	not_his "put back" "$heard"
	is "$(objects box | wc -l) $(objects ticket | wc -l)" "1 2" "$kind: what was put back is gone"
	offline_block_again
}

# The second card's tickets in the place of the first one's.
of_another_card() {
	token_second
	other_first=$LABEL
	LABEL=$SECOND_LABEL
	at_office
	other_out=$(tool --login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN")
	like "$other_out" "*User PIN successfully initialized*" "$kind: another card of the same office"
	fails "$kind: is blocked" vendor_takes "$PIN"
	mv "$COPY" "$COPY.first"
	stranger_copies
	LABEL=$other_first
	mkdir "$COPY.own"
	stranger_does copy "$COPY.own"
	stranger_restores
	fresh_elsewhere
	fails "$kind: tickets of another card: the response to what they show opens nothing" by_response elsewhere
	tries_kept "of another card"
	at_desk
	fails "$kind: nor does the card manager key" "$CMD" unblock --pin "$PIN" "$CARD"
	tries_kept "of another card, by the key"
	rm -rf "$COPY"
	mv "$COPY.own" "$COPY"
	stranger_restores
	passes "$kind: with its own it is unblocked" by_response phone
	at_phone
	unblocked "its own again"
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=4
	overheard
	twice
	put_back
	put_back_elsewhere
	of_another_card
	passes "$kind: no helper is left" wait_for 20 no_helpers
	rm -rf "$COPY" "$COPY".*
	token_stop
done
done_testing
