# SPDX-License-Identifier: BSD-3-Clause
# p11-latch apply of InitToken=true and InitCRKey=true killed at each step: the same order, given once more, finishes it.
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
passes "no helper is left" wait_for 20 no_helpers
token_stop
done_testing
