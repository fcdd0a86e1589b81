# SPDX-License-Identifier: BSD-3-Clause
# One OpenPGP card is two slots behind OpenSC, with one PIN: it is one card to p11-latch, by whichever it is met.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/openpgp.sh"

USER="OpenPGP card (User PIN)"
SIGN="OpenPGP card (User PIN (sig))"

uri_of() {
	printf 'pkcs11:token=%s' "$(printf '%s' "$1" | sed 's/ /%20/g; s/(/%28/g; s/)/%29/g')"
}

# Blocked by a program in one of them, refused in both, unblocked in the other.
across() {
	desk
	fresh
	LABEL=$1
	personalize desk
	must desk close
	is_locked "blocked by a program in $1"
	LABEL=$2
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "refused in $2"
	like "$(flags "$LATCH")" "* USER_PIN_LOCKED *" "shown as locked in $2"
	drive_stop desk
	asked_puk | pickup
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "unblocked in $2"
	is_active "$PIN_NEW" "by OpenSC itself, too"
	LABEL=$1
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "and the PIN is the new one in $1"
	is "$(find "$STATE/records" -type f | wc -l)" 1 "there is one record"
}

# The holder makes the PIN in one slot, and works with the card's key in the other.
holder_in_both() {
	desk
	fresh
	LABEL=$USER
	personalize desk
	must desk logout
	must desk slot-label "$SIGN"
	must desk open rw sign
	expect CKR_OK desk login user "$PIN"
	is "$(record State)" personalizing "its login in the other slot is the holder's"
	must desk use main
	expect CKR_OK desk close
	is "$(record State)" personalizing "its last session is not closed as long as it has one in the other slot"
	must desk use sign
	expect CKR_OK desk find nothing
	expect CKR_OK desk close
	is_locked "closed in both"
	drive_stop desk
}

# Another program so much as looking at the card would end the holder's login, and OpenSC its sessions then.
others_in_the_other() {
	fresh
	LABEL=$USER
	personalize desk
	LABEL=$SIGN
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "another program's login in the other slot is refused"
	is "$(record State)" personalizing "and the card is its holder's"
	drive_stop desk
	becomes blocked "until that ends"
	LABEL=$USER
}

orders() {
	desk
	fresh
	personalize_direct
	for label in "$USER" "$SIGN"; do
		uri=$(uri_of "$label")
		passes "block $uri" "$CMD" block --force "$uri"
		is_locked "block $uri"
		printf '%s\n%s\n' "$SO" "$PIN" >"$SCRATCH/values"
		passes "unblock $uri" "$CMD" unblock --puk - --pin "$PIN" "$uri" <"$SCRATCH/values"
		is_active "$PIN" "unblock $uri"
	done
	"$CMD" status >"$SCRATCH/status" 2>&1
	is "$(grep -c ^pkcs11: "$SCRATCH/status")" 1 "status lists one card"
	passes "explain by one label" "$CMD" explain "$(uri_of "$SIGN")"
	passes "forget by the other" "$CMD" forget "$(uri_of "$USER")"
	is "$(record State)" none "and nothing is known of the card"
}

# Two cards that cannot be told apart: nothing is done to either.
twins() {
	desk
	fresh
	LABEL=$USER
	personalize_direct
	card_new second openpgp serial=00000001 "pin.pw1=$PIN" "pin.pw3=$SO"
	card_insert second 1
	fails "two cards of one serial number: block is refused" "$CMD" block --force "$CARD"
	fails "two cards of one serial number: block by the label of one slot is, too" \
		"$CMD" block --force "$(uri_of "$SIGN")"
	session_start desk "$LATCH"
	drive desk login so "$SO" >/dev/null
	expect CKR_FUNCTION_FAILED desk init-pin "$PIN_NEW"
	logged "nothing tells them apart" "the log says why"
	drive_stop desk
	wait_for 5 no_helpers || bail_out "a helper does not end"
	is "$(card_pin card pw1), $(card_pin second pw1)" "3 $PIN, 3 $PIN" "neither was touched"
	card_pull second
	passes "one taken out: the other is blocked" "$CMD" block --force "$CARD"
	is_locked "one taken out"
}

openpgp_start_at init_pin_in_so_session
across "$USER" "$SIGN"
across "$SIGN" "$USER"
holder_in_both
others_in_the_other
orders
twins
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
token_stop
done_testing
