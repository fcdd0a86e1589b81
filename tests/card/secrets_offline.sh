# SPDX-License-Identifier: BSD-3-Clause
# Cards that are unblocked by challenge and response: the card manager key, responses, and the SO secrets that are drawn
# go through each way to use them. Then they lie nowhere; secrets.sh has the rest.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"
. "$SRCDIR/tests/lib/secrets.sh"

SO=pUk7Zq4X
PIN=pIn3Wd8J
PIN_NEW=nPn5Yt6H
WRONG_RESPONSE=5A6B7C8D9EAFB0C1
WRONG_KEY=5a6b7c8d9eafb0c1d2e3f405162738495a6b7c8d9eafb0c2
DRAWN=
ANSWERS=

# What the card's SO secret is now: it was drawn, and nobody has seen it.
drawn() {
	drawn_now=$("$BUILDDIR/tests/card/stranger_box" "$LABEL" desk "$MANAGER_KEY") || bail_out "no box: $drawn_now"
	DRAWN="$DRAWN $drawn_now"
}

# The helpdesk's answer is for eyes, and nothing else of it.
answer() {
	command_heard "" challenge "$CARD"
	ANSWER=$(printf '%s\n' "$MANAGER_KEY" |
		"$CMD" respond --challenge "$(challenge)" --field CARD_MANAGER_KEY=- 2>>"$HEARD/commands" | tr -d ' ')
	unlike "$ANSWER" "" "a response to a challenge"
	ANSWERS="$ANSWERS $ANSWER"
}

block_it_again() {
	at_office
	command_heard "" block --force "$CARD"
	is "$(record State)" blocked "$1"
	drawn
}

personalized() {
	rm -rf "$SCRATCH"/*/state/*
	token_new
	heard "login so $SO" "init-pin $PIN" logout
	is "$(record State), $(objects ticket | wc -l)" "blocked, 10" "the office blocks the card, and puts tickets on it"
	drawn
}

by_response() {
	at_phone
	answer
	heard "set-pin $WRONG_RESPONSE $PIN_NEW"
	heard "set-pin $ANSWER 1"
	is "$(login_rv "$MODULE" user "$PIN_NEW"), $(objects ticket | wc -l)" "CKR_PIN_INCORRECT, 10" \
		"a wrong response, and a wrong PIN with the right one, leave the card blocked"
	heard "set-pin $ANSWER $PIN_NEW"
	is_active "$PIN_NEW" "C_SetPIN with the response"
	drawn
	block_it_again "blocked again"
	at_phone
	answer
	command_heard "$WRONG_RESPONSE\n$PIN\n" unblock --response - --pin - "$CARD"
	command_heard "$ANSWER\n$PIN\n" unblock --response - --pin - "$CARD"
	is_active "$PIN" "p11-latch unblock --response"
	drawn
	command_heard "" status "$CARD"
	command_heard "" explain "$CARD"
}

by_key() {
	block_it_again "and blocked once more"
	at_desk
	command_heard "$PIN_NEW\n" unblock --pin - "$CARD"
	is_active "$PIN_NEW" "p11-latch unblock at a desk that has the key"
	drawn
	block_it_again "and for the last time"
	at_phone
	heard "login user $WRONG_RESPONSE"
	heard "set-pin $WRONG_KEY $PIN"
	command_heard "$WRONG_KEY\n$PIN\n" unblock --puk - --pin - "$CARD"
	command_heard "$MANAGER_KEY\n$PIN\n" unblock --puk - --pin - "$CARD"
	is_active "$PIN" "p11-latch unblock with the key, typed"
	drawn
	at_office
	command_heard "$MANAGER_KEY\n" key check
	command_heard "$MANAGER_KEY_NEW\n" verify "$CONF_DIR/descriptions/offline.dsc" --field CARD_MANAGER_KEY=- "$CARD"
}

if is_sanitized; then
	skip "secrets in freed memory" "a sanitizer has a malloc of its own"
	done_testing
fi
P11_LATCH_DEBUG=$HEARD/debug
export P11_LATCH_DEBUG
kind=softhsm
secrets_start $kind
offline_machines Tickets=10
CMD=$SCRATCH/bin/p11-latch-kept
personalized
by_response
by_key
KEY_PLAIN=$(printf '%s' "$MANAGER_KEY" | tr a-f A-F)
WRONG_PLAIN=$(printf '%s' "$WRONG_KEY" | tr a-f A-F)
# shellcheck disable=SC2086
set -- "$SO" "$PIN" "$PIN_NEW" "$MANAGER_KEY" "$KEY_PLAIN" "$WRONG_KEY" "$WRONG_PLAIN" $DRAWN $ANSWERS
for answer in $ANSWERS; do
	set -- "$@" "hex:$answer"
done
unlike "$DRAWN" "" "SO secrets to look for"
STATE=$SCRATCH/office/state
nothing_left "$@" "hex:$KEY_PLAIN" "hex:$WRONG_PLAIN"
for place in phone desk; do
	not_in "$SCRATCH/$place/state" "nor in the state at the $place" "$@"
done
done_testing
