# SPDX-License-Identifier: BSD-3-Clause
# Cards with tickets whose SO PIN has one try left: --last-try spends it on what a box holds, also where there are
# several, and by apply.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

so_flags() {
	flags "$MODULE" | grep -o 'SO_PIN_[CFL][A-Z_]*' | tr '\n' ' '
}

by_office() {
	"$CMD" apply "$@" "$CONF_DIR/descriptions/offline.dsc" "$CARD"
}

one_left() {
	login_rv "$MODULE" so 11112222 >/dev/null
	login_rv "$MODULE" so 11112222 >/dev/null
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "$kind: one SO try is left"
}

still_left() {
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "$kind: the last try is there yet"
	logged "only the last try of the SO PIN remains" "$kind: the log says why"
	log_clear
}

# two_boxes: apply was killed once the card had its new SO secret; what is in the newer one is right.
two_boxes() {
	at_office
	faulty_start
	fault p11-latch C_SetPIN 1 kill-after
	foreign "$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" >/dev/null 2>&1
	passes "$kind: apply was killed while it gave the card its new SO secret" faulted
	fault none
	is "$(objects box | wc -l)" 2 "$kind: it leaves two boxes"
}

known_there() {
	is "$(so_flags),$(objects box | wc -l)" ,1 "$kind: $1: all tries are back, and the other box is gone"
}

by_unblock() {
	two_boxes
	one_left
	fails "$kind: p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	still_left
	passes "$kind: unblock --last-try" "$CMD" unblock --last-try --pin "$PIN_NEW" "$CARD"
	logged "which of its 2 boxes is the one that is right is not known" "$kind: it says that it may be the wrong one"
	is_active "$PIN_NEW" "$kind: it unblocks the card"
	known_there "unblocked"
	offline_block_again
}

# A desk that never saw the card, where the key is typed.
by_typed_key() {
	two_boxes
	one_left
	at_desk
	rm -rf "${STATE:?}"/*
	policy_clear
	asked_puk | description unblock
	echo Unblock=unblock.dsc | policy
	fails "$kind: the card manager key, typed" \
		"$CMD" unblock --puk "@$SCRATCH/manager.key" --pin "$PIN_NEW" "$CARD"
	still_left
	passes "$kind: with --last-try" \
		"$CMD" unblock --last-try --puk "@$SCRATCH/manager.key" --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: it unblocks the card"
	known_there "unblocked by the key"
	offline_block_again
}

by_apply() {
	[ "$1" != two ] || two_boxes
	at_office
	one_left
	fails "$kind, $1: apply" by_office
	still_left
	passes "$kind, $1: apply --last-try" by_office --last-try
	is "$(record State)" blocked "$kind, $1: the card is blocked as the description says"
	known_there "applied"
}

# before_the_change: apply is killed, and what it was given is still the card's PUK.
before_the_change() {
	fault p11-latch C_SetPIN 1 kill-before
	foreign "$CMD" apply --puk "$SO" "$CONF_DIR/descriptions/offline.dsc" "$CARD" >/dev/null 2>&1
	passes "$kind: apply was killed before the card had its new SO secret" faulted
	fault none
}

# A new card whose first tickets were not made: a box lies there, and its PUK is a person's.
never_made() {
	token_new
	at_office
	rm -rf "${STATE:?}"/*
	once "$MODULE" "login so $SO" "init-pin $PIN" close >/dev/null
	faulty_start
	before_the_change
}

# Its box was never proved here, and a PUK is given for the last try: that goes first.
puk_goes_first() {
	never_made
	one_left
	fails "$kind: apply --puk" by_office --puk "$SO"
	still_left
	passes "$kind: apply --last-try --puk" by_office --last-try --puk "$SO"
	is "$(record State)" blocked "$kind: the card is blocked as the description says"
	known_there "by its PUK"
}

# What is left after a box was refused is for the next order.
one_at_a_time() {
	never_made
	before_the_change
	login_rv "$MODULE" so 11112222 >/dev/null
	is "$(so_flags)" "SO_PIN_COUNT_LOW " "$kind: two SO tries are left"
	log_clear
	fails "$kind: apply --last-try --puk: the box is refused" by_office --last-try --puk "$SO"
	still_left
	passes "$kind: then the PUK" by_office --last-try --puk "$SO"
	is "$(record State)" blocked "$kind: the card is blocked as the description says"
	known_there "by its PUK after the box"
}

# A person is asked for the PUK only once the box was refused, and the order comes again with it.
asked_once() {
	never_made
	for n in 1 2; do
		like "$(by_office </dev/null 2>&1)" "*PUK that the card has now:*" "$kind, $n: apply asks for the PUK"
		is "$(so_flags)" "SO_PIN_COUNT_LOW " "$kind, $n: the box cost one try"
	done
	passes "$kind: with the PUK" by_office --puk "$SO"
	is "$(record State)" blocked "$kind: the card is blocked as the description says"
	known_there "by its PUK that was asked for"
}

key_is_no_puk() {
	never_made
	like "$(by_office --puk "@$SCRATCH/manager.key" 2>&1)" "*is a card manager key, which is sent to no card*" \
		"$kind: the card manager key as PUK"
	is "$(so_flags)" "SO_PIN_COUNT_LOW " "$kind: the box alone cost a try"
	login_rv "$MODULE" so 11112222 >/dev/null
	like "$(by_office --last-try --puk "@$SCRATCH/manager.key" 2>&1)" "*give its PUK, or nothing where*" \
		"$kind: with --last-try"
	is "$(so_flags)" "SO_PIN_FINAL_TRY " "$kind: nothing was sent"
}

for kind in opencryptoki; do
	token_start "$kind"
	offline_machines
	offline_card
	by_unblock
	by_typed_key
	by_apply one
	by_apply two
	puk_goes_first
	one_at_a_time
	asked_once
	key_is_no_puk
	token_stop
done
# A PUK that could be a card manager key by its form, and is none.
kind=softhsm
SO=00112233445566778899aabbccddeeff
token_start "$kind"
offline_machines
never_made
passes "$kind: apply --puk with one of 32 hexadecimal digits" by_office --puk "$SO"
is "$(record State)" blocked "$kind: the card is blocked as the description says"
token_stop
done_testing
