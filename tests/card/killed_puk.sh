# SPDX-License-Identifier: BSD-3-Clause
# A new PUK, killed before the card has it: no SO try is lost where none was spent, and none of the new PIN's.
set -u
. "$SRCDIR/tests/lib/all.sh"

# killed_at N: before its Nth C_SetPIN; false: it makes fewer.
killed_at() {
	printf '[Description]\nSetPIN=true\nInitialPUK=#%s\nPUK=#%s\n' "$SO" "$SO_NEW" >"$SCRATCH/puk.dsc"
	fault p11-latch C_SetPIN "$1" kill-before
	"$CMD" apply "$SCRATCH/puk.dsc" "$CARD" >/dev/null 2>&1
	fault none
	faulted
}

# Where it is found out that the new one is not in force, that costs a try, and no other was spent.
goes_on() {
	"$CMD" recover >/dev/null 2>&1
	is "$(private Journal)" none "$1: after recover nothing is under way"
	passes "$1: the policy unblocks the card" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is "$(record State), $(private SOWrong)" "active, 0" "$1: active, with all SO tries"
}

each_step() {
	step=1
	while "$1" && killed_at "$step"; do
		goes_on "$kind, killed before C_SetPIN number $step"
		step=$((step + 1))
	done
	passes "$kind: there is such a step" test "$step" -gt 1
	token_stop
}

# The new PIN is set, and the helper dies before the PUK is changed.
with_pin() {
	blocked_before
	fault p11-latch-helper C_SetPIN 1 kill-before
	once "$LATCH" "set-pin $SO $PIN_NEW" >/dev/null 2>&1
	fault none
	passes "$kind, $1: the helper was killed there" faulted
	is "$(card_pin card pw1)" "3 $PIN_NEW" "$kind, $1: the PIN is set"
}

no_try_of_pin() {
	with_pin "then recover"
	"$CMD" recover >/dev/null 2>&1
	is "$(card_pin card pw1), $(record State)" "3 $PIN_NEW, active" "$kind, then recover: no try of the PIN is spent"
	with_pin "then the PUK again"
	is "$(set_pin "$SO" "$PIN_NEW"), $(card_pin card pw1), $(record State)" "CKR_PIN_INCORRECT, 3 $PIN_NEW, active" \
		"$kind, then the PUK again: it is not sent as a wrong PIN"
}

openpgp() {
	. "$SRCDIR/tests/lib/pickup.sh"
	. "$SRCDIR/tests/lib/openpgp.sh"
	. "$SRCDIR/tests/lib/openpgp_pulled.sh"
	openpgp_start_at init_pin_in_so_session
	opensc_knows_the_card
	faulty_start
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	no_try_of_pin
	each_step blocked_before
}

yubikey() {
	. "$SRCDIR/tests/lib/piv.sh"
	piv_start
	faulty_start
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	each_step blocked_card
}

kind=openpgp
openpgp
kind=piv-ykcs11
yubikey
done_testing
