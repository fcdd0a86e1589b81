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

# card_misfit LINE...: of a card that shows nothing of it, but whose module is known to be of another kind.
card_misfit() {
	asked_puk | pickup "$@"
	log_clear
	fails "$kind, $*: p11-latch explain" "$CMD" explain "$CARD"
	logged "by what its module says this is one of $known" "$kind, $*: the log says why"
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind, $*: a wrong SO secret is refused"
	is "$(card_pin card "$puk" | cut -d ' ' -f 1)" 3 "$kind, $*: no try was spent"
}

# card_fits LINE...: who says the column itself knows the card.
card_fits() {
	asked_puk | pickup "$@"
	passes "$kind, $*: is taken" "$CMD" explain "$CARD"
}

# blocked_as KIND PROFILE PUK: a card of that kind, blocked by its lock; the name that the card gives its PUK.
blocked_as() {
	token_start "$1"
	kind=$1
	known=$2
	puk=$3
	CARD=pkcs11:
	latch_setup
	asked_puk | pickup
	passes "$kind: blocked" "$CMD" block --force "$CARD"
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

KEY=0123456789abcdeffedcba98765432101122334455667788
blocked_as openpgp opensc-openpgp pw3
card_misfit Profile=gemalto Profile.ManySlots=true
card_fits Profile=gemalto Profile.ManySlots=true Profile.SoTries=3
card_fits Profile=generic Profile.ManySlots=true
token_stop
blocked_as piv-opensc opensc-piv puk
card_misfit Profile=opensc-openpgp
card_fits Profile=opensc-openpgp Profile.SoLoginProves=false
token_stop
done_testing
