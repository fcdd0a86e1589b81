# SPDX-License-Identifier: BSD-3-Clause
# p11-latch verify: of cards that have their tickets in files, and of those that can have none.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"
. "$SRCDIR/tests/lib/verify.sh"

tpm() {
	kind=tpm2
	token_start tpm2
	offline_machines Tickets=2
	is_new
	offline_card
	is_made "in files of this machine"
	at_phone
	says 1 "*it has no box*" "another machine has not its files"
	token_stop
}

# a_card KIND [STYLE] [LINE...]: LINEs go into the binding.
a_card() {
	kind="$1, ${2:-as it is}"
	# shellcheck disable=SC2086
	token_start "$1" ${2:-}
	shift
	[ $# -eq 0 ] || shift
	offline_machines Tickets=2 "$@"
	CARD=pkcs11:serial=$SERIAL
}

cannot() {
	says 1 "*offline-unblockable: no*why not: it can have no tickets: with this module $1*$LOGINS: no
*$SECRET_KEYS: no*tickets left: 0*" "never, with the reason"
	token_stop
}

tpm
a_card openpgp
once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
passes "$kind: personalized" wait_for 20 state_is blocked
is_made "in files of this machine"
token_stop
a_card openpgp set_pin_in_unlogged_session Profile.UnblockStyle=set-pin
cannot "no SO PIN resets the user PIN, but a PUK without a login"
a_card piv-opensc
cannot "no SO PIN resets the user PIN, but a PUK without a login"
a_card piv-ykcs11
cannot "the key that it takes as SO PIN resets no user PIN"
no_key_said
done_testing
