# SPDX-License-Identifier: BSD-3-Clause
# The management key of a YubiKey's PIV behind ykcs11: it is changed, whole keys only; it unblocks nothing.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"

kind=piv-ykcs11

manager() {
	sed -n 's/^item mgm //p' "$SCRATCH/cards/card/state"
}

# key_change OLD NEW [LINE...]: a description that changes it.
key_change() {
	printf '[Description]\nSetPIN=true\nCardManagerKey=#%s\nNewCardManagerKey=#%s\n' "$1" "$2"
	shift 2
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

apply() {
	"$CMD" apply "$SCRATCH/key.dsc" "$CARD" >"$SCRATCH/out" 2>&1
}

changed() {
	known_puk "$PUK" "PUK=#$PUK_NEW" | pickup
	blocked_card
	key_change "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW" >"$SCRATCH/key.dsc"
	passes "apply changes the key" apply
	is "$(manager)" "$MANAGEMENT_KEY_NEW" "it is the card's"
	is_blocked "the card is as blocked as before"
	passes "once more: it is the new one already" apply
	is "$(set_pin "$PUK" "$PIN_NEW"), $(card_pin card puk)" "CKR_OK, 3 $PUK_NEW" "the policy's PUK is still the card's"
	block_again
	key_change "$MANAGEMENT_KEY_NEW" "$MANAGEMENT_KEY" >"$SCRATCH/key.dsc"
	passes "and back, after PUK= has been set" apply
	is "$(set_pin "$PUK_NEW" "$PIN")" CKR_OK "the new PUK is still known to be the valid one"
	fresh
	key_change "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW" >"$SCRATCH/key.dsc"
	passes "on a card without a record" apply
	is "$(manager), $(record State)" "$MANAGEMENT_KEY_NEW, none" "which gets none by that"
}

# Whatever is wrong with a key, PIN and PUK lose nothing.
wrong() {
	known_puk | pickup
	blocked_card
	key_change "$MANAGEMENT_KEY_NEW" 112233445566778899aabbccddeeff00123456789abcdef0 >"$SCRATCH/key.dsc"
	fails "a key that is not the card's" apply
	is "$(manager), $(counters)" "$MANAGEMENT_KEY, 0 3" "costs nothing"
	like "$(cat "$SCRATCH/out")" "*key is wrong*" "and is named"
	for bad in 222222 112233445566778899aabbccddeeff00 "$MANAGEMENT_KEY$MANAGEMENT_KEY"; do
		card_mark card
		key_change "$MANAGEMENT_KEY" $bad >"$SCRATCH/key.dsc"
		fails "a new key of ${#bad} digits" apply
		key_change $bad "$MANAGEMENT_KEY_NEW" >"$SCRATCH/key.dsc"
		fails "an old key of ${#bad} digits" apply
		fails "it is not sent: no key was changed" card_sees card "00ff*"
		fails "and no PIN tried" card_sees card "0020008008*"
	done
	is "$(manager), $(counters)" "$MANAGEMENT_KEY, 0 3" "the card is as it was"
}

# CKR_FUNCTION_FAILED, and the reason; the card is not touched.
does_not_unblock() {
	known_puk | pickup
	blocked_card
	key_change "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW" "PIN=#$PIN_NEW" >"$SCRATCH/key.dsc"
	card_mark card
	fails "a description that would unblock with the key" apply
	like "$(cat "$SCRATCH/out")" "*a PUK alone unblocks*InitialPUK=*" "is refused with the reason"
	printf '[Application_B]\nBlockCard=true\n' | description personalize
	key_change "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW" "PIN=!FROM_USER_DIALOG_2_FIELD" | description unblock
	piv_policy
	is "$(set_pin "$MANAGEMENT_KEY" "$PIN_NEW")" CKR_FUNCTION_FAILED "so is an Unblock description with it, by C_SetPIN"
	is "$(login_rv "$LATCH" user "$MANAGEMENT_KEY")" CKR_FUNCTION_FAILED "by C_Login"
	fails "and by p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	logged "a PUK alone unblocks" "the log says why"
	fails "the key was not sent" card_sees card "0087039b*"
	fails "nor anything as PUK" card_sees card "002c*"
	is_blocked "the card is as it was"
	like "$("$CMD" explain "$CARD")" "*CardManagerKey=*FAILS:*a PUK alone unblocks this card*" "explain says so beforehand"
}

# Nor can a card be blocked with nothing but it: nobody could unblock it.
does_not_block() {
	piv_office "CardManagerKey=#$MANAGEMENT_KEY" | description personalize
	description unblock </dev/null
	piv_policy
	fresh
	personalized >/dev/null
	is "$(record State) $(record Method), $(counters)" "personalizing refuse, 3 3" "a policy with the key alone blocks nothing"
	like "$(record Why)" "*does not unblock this card*InitialPUK=*" "the record says what is missing"
}

# Killed at each call, it is the old key or the new one, and the same order once more ends it.
killed() {
	known_puk | pickup
	faulty_start
	for call in C_Login C_SetPIN; do
		for action in kill-before kill-after; do
			blocked_card
			key_change "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW" >"$SCRATCH/key.dsc"
			fault p11-latch $call 1 $action
			preloaded "$BUILDDIR/tests/card/faulty.so" apply
			fault none
			passes "$action $call: came to pass" faulted
			passes "$action $call: apply once more" apply
			is "$(manager) $(private Journal), $(counters)" "$MANAGEMENT_KEY_NEW none, 0 3" "$action $call: the key is new, the PUK whole"
		done
	done
}

piv_start
changed
wrong
does_not_unblock
does_not_block
killed
no_secret "no key stands in log or state" "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW"
token_stop
done_testing
