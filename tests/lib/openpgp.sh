# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card behind OpenSC at the desks of the card office. Sourced, after pickup.sh.
#
#	openpgp_start_at STYLE   the card, p11-latch over it, CARD and URI its URI
#	counters                 the card's own counters: of PIN, resetting code and SO PIN: "3 3 3"
#	card_says TEXT WHAT      tests: "WHAT" is state and method of the record and the three counters
#	is_locked TEXT           tests: it is blocked by its own lock, and an SO PIN could end it
#	is_scrambled TEXT        tests: it is blocked by a PIN that nobody knows, at no cost

openpgp_start_at() {
	token_start openpgp "$1"
	latch_setup
	CARD=pkcs11:serial=$SERIAL
	# shellcheck disable=SC2034
	URI=$CARD
}

counters() {
	for counters_pin in pw1 rc pw3; do
		sed -n "s/^pin $counters_pin \([0-9]*\) .*/\1/p" "$(card_dir card)/state"
	done | paste -s -d ' '
}

card_says() {
	is "$(record State),$(record Method) $(counters)" "$2" "$1"
}

# Asked itself, and not by a login, which would be a try.
is_locked() {
	card_says "$1: locked, and neither code nor SO PIN have lost a try" "blocked,lock 0 3 3"
}

# The try is one that the look cost.
is_scrambled() {
	card_says "$1: scrambled, and no try is lost" "blocked,scramble 3 3 3"
	unlike "$(card_pin card pw1)" "* $PIN" "$1: its PIN is not the one that was set"
}
