# SPDX-License-Identifier: BSD-3-Clause
# p11-latch apply killed at each step: tickets made anew, and another card manager key.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline_killed.sh"

card_again() {
	at_office
	offline_card
}

refill() {
	"$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" </dev/null
}

refilled() {
	so_not_lost
	"$CMD" recover >/dev/null 2>&1
	refilled_key=$SCRATCH/manager.key
	at_phone
	answer=$(respond "$(challenge)" "$refilled_key")
	"$CMD" unblock --response "$answer" --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1 || wrong "a response does not unblock it"
	so_not_lost
	at_desk
	"$CMD" unblock --pin "$PIN" "$CARD" >>"$SCRATCH/action" 2>&1 || wrong "its card manager key does not unblock it"
	vendor_takes "$PIN" || wrong "it has not the new PIN"
	[ "$(objects box | wc -l)" = 1 ] || wrong "there is more than one box"
}

rotate() {
	"$CMD" apply "$SCRATCH/rotate.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" \
		--field NEW_KEY=@"$SCRATCH/new.key" </dev/null
}

# One of the two keys is the card's, and the same order says which from then on.
rotated() {
	so_not_lost
	"$CMD" recover >/dev/null 2>&1
	rotate >>"$SCRATCH/action" 2>&1 || wrong "the same order, given once more"
	so_not_lost
	at_phone
	"$CMD" unblock --response "$(respond "$(challenge)" "$SCRATCH/new.key")" --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1 ||
		wrong "the new key's response does not unblock it"
	vendor_takes "$PIN_NEW" || wrong "it has not the new PIN"
	[ "$(objects box | wc -l)" = 1 ] || wrong "there is more than one box"
}

kind=opencryptoki
token_start opencryptoki
faulty_machines Tickets=2
printf '%s\n' "$MANAGER_KEY_NEW" >"$SCRATCH/new.key"
chmod 600 "$SCRATCH/new.key"
offline_unblock NewCardManagerKey=NEW_KEY | sed '/^PIN=/d' >"$SCRATCH/rotate.dsc"
each_step "tickets anew" p11-latch card_again refilled refill
EACH_CALLS="C_SetPIN C_DestroyObject"
each_step "another key" p11-latch card_again rotated rotate
passes "no helper is left" wait_for 20 no_helpers
token_stop
done_testing
