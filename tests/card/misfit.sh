# SPDX-License-Identifier: BSD-3-Clause
# A Profile= that is not the token's: what the token shows is believed, and no try is spent.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# misfit WHY LINE...: the card, blocked under its own profile, is not touched under that of LINEs.
misfit() {
	why=$1
	shift
	known_puk | pickup
	blocked_card
	before=$(flags "$MODULE")
	asked_puk | pickup "$@"
	log_clear
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind, $*: a PUK is refused"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind, $*: the right one, too"
	logged "$why" "$kind, $*: the log says why"
	logged "Correct Profile= in policy.conf or p11-latch.conf" "$kind, $*: and what to do"
	is "$(flags "$MODULE")" "$before" "$kind, $*: no try was spent"
	still_blocked "$kind, $*: the card is as it was" "$PIN" "$PIN_NEW"
	fails "$kind, $*: p11-latch explain says so" "$CMD" explain "$CARD"
	known_puk | pickup
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: under its own profile it is unblocked"
}

# fits LINE...: a profile that is more careful than its own, or the same, is taken.
fits() {
	known_puk | pickup "$@"
	blocked_card
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind, $*: is taken"
}

token_start opencryptoki
kind=opencryptoki
latch_setup
misfit "such a token shows that its PINs have 4 to 255 characters, and this one 4 to 8" Profile=softhsm Profile.Identity=serial+label
misfit "by what its module says this is one of opencryptoki" Profile.SoCounter=none
misfit "such a token shows that its PINs have 6 to 48 characters" Profile=yubikey Profile.Identity=serial+label
fits Profile=generic Profile.Identity=serial+label
fits Profile=opencryptoki
token_stop

token_start softhsm
kind=softhsm
latch_setup
misfit "such a token shows that its PINs have 4 to 8 characters, and this one 4 to 255" Profile=opencryptoki
misfit "such a token shows that its PINs have 0 to 128 characters" Profile=tpm2
fits Profile=generic
fits Profile=softhsm
no_secret "no PUK stands in log or state" "$SO" 99999999
token_stop
done_testing
