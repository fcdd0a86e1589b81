# SPDX-License-Identifier: BSD-3-Clause
# p11-latch apply of InitToken=true and InitCRKey=true killed at each step: the same order, given once more, finishes it,
# also with another label; and until a card with tickets has its new life, they go on unblocking it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline_killed.sh"

blank() {
	at_office
	rm -rf "$SCRATCH/softhsm" "$SCRATCH"/*/state/*
	install -d -m 700 "$SCRATCH/softhsm"
}

# With SoftHSM there is always another slot, with a token that is not initialised.
initialise() {
	initialise_uri=pkcs11:
	[ -z "$(once "$MODULE" token-info | grep "serial=[0-9a-f]")" ] || initialise_uri=$CARD
	"$CMD" apply "$SCRATCH/init.dsc" "$initialise_uri" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" </dev/null
}

initialised() {
	"$CMD" recover >/dev/null 2>&1
	state_is blocked || initialise >>"$SCRATCH/action" 2>&1
	state_is blocked || wrong "the same order does not make it a blocked card with tickets"
	"$CMD" unblock --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1 || wrong "its card manager key does not unblock it"
	vendor_takes "$PIN_NEW" || wrong "it has not the new PIN"
}

old_card() {
	at_office
	offline_card
	CARD=pkcs11:token=$LABEL
}

anew() {
	"$CMD" apply "$SCRATCH/again.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" \
		--field NAME="$1" </dev/null
}

# The label that the card has says which of its lives this is.
labelled() {
	for LABEL in latch first second; do
		! once "$MODULE" token-info | grep -q "label=\"*$LABEL" || break
	done
	CARD=pkcs11:token=$LABEL
}

unblocked() {
	unblocked_by=$1
	shift
	"$CMD" unblock "$@" --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1 || wrong "$unblocked_by does not unblock it"
	vendor_takes "$PIN_NEW" || wrong "it has not the new PIN"
}

renewed() {
	labelled
	case $LABEL,$((steps % 3)) in
	latch,0)
		old_lives=$((old_lives + 1))
		at_desk
		unblocked "a desk that never saw it"
		at_office
		;;
	latch,1)
		old_lives=$((old_lives + 1))
		at_phone
		unblocked "a response" --response "$(respond "$(challenge)")"
		at_office
		;;
	# Where nothing is known of the card but its key.
	*,2) at_desk ;;
	*) at_office ;;
	esac
	"$CMD" recover >/dev/null 2>&1
	anew second >>"$SCRATCH/action" 2>&1 || wrong "the order with another label"
	labelled
	[ "$LABEL" = second ] || wrong "it has the label $LABEL"
	state_is blocked || wrong "the order with another label does not make it a blocked card"
	unblocked "its card manager key" </dev/null
	at_phone
	unblocked "a response of its new life" --response "$(respond "$(challenge)")"
}

kind=softhsm
token_start softhsm
faulty_machines Tickets=2
{
	offline_description
	cat <<-END
		InitToken=true
		InitialLabel=latch
		SetPIN=true
		PIN=#$PIN
	END
	offline_block
} >"$SCRATCH/init.dsc"
each_step "a new card" p11-latch blank initialised initialise
{
	offline_description | sed 's/^\[Fields\]/&\nNAME=/'
	printf 'InitToken=true\nInitialLabel=NAME\nSetPIN=true\nPIN=#%s\n' "$PIN"
	offline_block
} >"$SCRATCH/again.dsc"
old_lives=0
each_step "a new life" p11-latch old_card renewed anew first
passes "$kind: a new life: tickets and key were tried before it began" test "$old_lives" -gt 4
passes "no helper is left" wait_for 20 no_helpers
token_stop
done_testing
