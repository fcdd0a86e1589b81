# SPDX-License-Identifier: BSD-3-Clause
# A card with copies of two boxes, as a forged one may have, at a machine whose policy opens them both: before the card
# manager key is presented, no SO secret is sent to it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

# old_box_comes_back [COMMAND]: the box that was before the last change lies there once more; COMMAND is in between.
old_box_comes_back() {
	old_box=$(objects box)
	foreign pkcs11-tool --module "$MODULE" --token-label "$LABEL" --read-object --type data --label "$old_box" \
		--output-file "$SCRATCH/box" >/dev/null 2>&1 || bail_out "no box is read"
	at_phone
	passes "$kind: a ticket is used" \
		"$CMD" unblock --response "$(respond "$(challenge)")" --pin "$PIN_NEW" "$CARD"
	[ $# -eq 0 ] || "$@"
	foreign pkcs11-tool --module "$MODULE" --token-label "$LABEL" --write-object "$SCRATCH/box" --type data \
		--label "$old_box" --application-label p11-latch >/dev/null 2>&1 || bail_out "no box is written"
	is "$(objects box | wc -l)" 2 "$kind: the box of before lies there once more"
}

# watched MACHINE
watched() {
	"at_$1"
	faulty_start
	fault none
	FAULTY_LOGINS=$SCRATCH/logins
	export FAULTY_LOGINS
	: >"$FAULTY_LOGINS"
}

so_logins() {
	grep -cx so "$FAULTY_LOGINS"
}

# One that locks: of a scrambled card a machine that never saw it knows nothing.
for kind in opencryptoki; do
	token_start "$kind"
	offline_machines
	offline_card
	old_box_comes_back offline_block_again
	watched desk
	is "$(login_rv "$LATCH" user 13572468)" CKR_PIN_LOCKED "$kind: a login with anything"
	is "$(set_pin 13572468 "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: C_SetPIN with anything"
	is "$(so_logins)" 0 "$kind: no SO secret was sent"
	is "$(set_pin "$MANAGER_KEY" "$PIN_NEW")" CKR_OK "$kind: C_SetPIN with the card manager key"
	[ "$(so_logins)" -gt 0 ] && ok "$kind: sends it" || not_ok "$kind: sends it"
	is_active "$PIN_NEW" "$kind: and the card is unblocked"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	unset FAULTY_LOGINS
	token_stop
done
# The key is in Personalize= only, and what unblocks is a PUK that a person has.
for kind in $TOKENS; do
	token_start "$kind"
	offline_machines
	at_office
	policy_clear
	asked_puk | description unblock
	printf '%s\n' Personalize=offline.dsc Unblock=unblock.dsc "Field.CARD_MANAGER_KEY=file:$SCRATCH/manager.key" | policy
	offline_card
	old_box_comes_back
	watched office
	is "$(set_pin 13572468 "$PIN_NEW")" CKR_PIN_INCORRECT "$kind, a plain Unblock=: C_SetPIN with anything"
	is "$(so_logins)" 0 "$kind, a plain Unblock=: no SO secret was sent"
	# One that locks shows that it is in use.
	if [ "$kind" = softhsm ]; then
		is "$(set_pin "$MANAGER_KEY" "$PIN")" CKR_OK "$kind, a plain Unblock=: C_SetPIN with the card manager key"
		is_active "$PIN" "$kind, a plain Unblock=: unblocks the card"
	fi
	passes "$kind: no helper is left" wait_for 20 no_helpers
	unset FAULTY_LOGINS
	token_stop
done
done_testing
