# SPDX-License-Identifier: BSD-3-Clause
# Unblocking by the administrator's command: p11-latch unblock.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# unblock LINES ARG...: with these lines as standard input.
unblock() {
	printf "$1" >"$SCRATCH/in"
	shift
	"$CMD" unblock "$@" <"$SCRATCH/in" >"$SCRATCH/out" 2>&1
}

said() {
	like "$(cat "$SCRATCH/out")" "*$1*" "$2"
}

asked() {
	asked_puk | pickup
	blocked_card
	fails "$kind: a wrong PUK" unblock "99999999\n$PIN_NEW\n" --puk - --pin - "$CARD"
	said "not unblocked: the PUK or card manager key is wrong" "$kind: is said to be wrong"
	still_blocked "$kind: and leaves the card blocked" "$PIN_NEW"
	fails "$kind: a PIN that is too short" unblock "$SO\n12\n" --puk - --pin - "$CARD"
	said "its PIN is to have 4 to" "$kind: is said to be so"
	fails "$kind: a new PIN that is the PUK" unblock "$SO\n$SO\n" --puk - --pin - "$CARD"
	still_blocked "$kind: and leaves the card blocked" "$SO"
	fails "$kind: without a terminal, and nothing given" unblock "" "$CARD"
	said "there is no terminal to ask on" "$kind: it says what is missing"
	passes "$kind: PUK and PIN from standard input" unblock "$SO\n$PIN_NEW\n" --puk - --pin - "$CARD"
	said "unblocked" "$kind: it says what was done"
	unlike "$(cat "$SCRATCH/out")" "*$SO*" "$kind: and no secret"
	is_active "$PIN_NEW" "$kind: active"
}

held() {
	known_puk | pickup
	blocked_card
	echo "$PIN_NEW" >"$SCRATCH/pin"
	passes "$kind: with the policy's PUK, and the PIN from a file" unblock "" --pin "@$SCRATCH/pin" "$CARD"
	is_active "$PIN_NEW" "$kind: active"
	passes "$kind: a card in use gets a new PIN by it" unblock "" --pin "$PIN" "$CARD"
	said "warning: the new PIN stands on the command line" "$kind: it warns of secrets on the command line"
	is_active "$PIN" "$kind: active"
	block_again
	fails "$kind: a PUK that is presented is to be right all the same" \
		unblock "99999999\n" --puk - --pin "$PIN" "$CARD"
	still_blocked "$kind: the card stays blocked" "$PIN"
	printf '[Description]\nSetPIN=true\nPIN=#%s\nInitialPUK=#%s\n' "$PIN_NEW" "$SO" | pickup
	passes "$kind: the PIN of the description" unblock "" "$CARD"
	is_active "$PIN_NEW" "$kind: active"
}

# A scramble does not travel: another machine knows nothing of the card.
without_record() {
	known_puk | pickup BlockMethod=scramble
	blocked_card
	rm -rf "${STATE:?}"/*
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: a scrambled card without a record answers for itself"
	is "$(record State)" none "$kind: and nothing is known of it"
	passes "$kind: p11-latch unblock helps" unblock "" --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: active"
}

# Nobody is asked for what would be of no use.
not_this_card() {
	{
		printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\n'
		printf 'InitialPUK=!FROM_USER_DIALOG_1_FIELD\n'
		printf 'UseSelectCriteriaIccsn=true\nSelectCriteriaIccsn=#4711\n'
	} | pickup
	fails "$kind: a description for another card" unblock "" "$CARD"
	said "is not the card that SelectCriteriaIccsn=" "$kind: is refused"
	unlike "$(cat "$SCRATCH/out")" "*terminal*" "$kind: before PUK and PIN are asked for"
}

# The machine remembers another card, which is in a drawer.
absent_card() {
	"$CMD" adopt "$CARD" >/dev/null
	token_new
	like "$("$CMD" status 2>&1)" "*(not in a reader)*" "$kind: another card is remembered"
	for order in challenge verify "unblock --pin $PIN"; do
		# shellcheck disable=SC2086
		"$CMD" $order pkcs11: </dev/null >"$SCRATCH/out" 2>&1
		unlike "$(cat "$SCRATCH/out")" "*cards match*" "$kind: ${order%% *}: the one that is there is meant"
	done
}

which_card() {
	fails "$kind: no card of that name" unblock "" --pin "$PIN" pkcs11:token=nobody
	said "no card matches" "$kind: it says so"
	[ "$kind" != softhsm ] || absent_card
	token_second
	fails "$kind: two cards" unblock "" --pin "$PIN" pkcs11:
	said "2 cards match, and one is to be named" "$kind: are never guessed between"
	said "token=second" "$kind: and both are named"
	is "$(grep -c '^  *pkcs11:\|:   *pkcs11:' "$SCRATCH/out")" 2 "$kind: and no others"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	asked
	held
	without_record
	not_this_card
	which_card
	token_stop
done
done_testing
