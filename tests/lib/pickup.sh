# SPDX-License-Identifier: BSD-3-Clause
# A pick-up desk: cards that p11-latch blocked, to be unblocked. Sourced, after all.sh; brings desk.sh along.
#
#	pickup [LINE...] <<EOF   policy for all tokens: personalize.dsc blocks, the text is unblock.dsc (none where
#	                         it is empty); LINEs go into the binding
#	blocked_card             a factory token that an ordinary program has personalized: blocked
#	block_again              the card, active now, is blocked by the command

. "$SRCDIR/tests/lib/desk.sh"

CARD=pkcs11:token=$LABEL

pickup() {
	policy_clear
	description personalize <<-'END'
		[Application_B]
		BlockCard=true
	END
	description unblock
	{
		echo Personalize=personalize.dsc
		[ ! -s "$CONF_DIR/descriptions/unblock.dsc" ] || echo Unblock=unblock.dsc
		printf '%s\n' "$@"
	} | policy
}

# known_puk [PUK] [ELEMENT...]: the text of a description whose policy holds the PUK.
known_puk() {
	printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\nInitialPUK=#%s\n' "${1:-$SO}"
	[ $# -lt 1 ] || shift
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

# asked_puk: that of one whose PUK people type.
asked_puk() {
	cat <<-'END'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	END
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

blocked_card() {
	token_new
	rm -rf "${STATE:?}"/*
	pickup_out=$(once "$LATCH" "login so $SO" "init-pin $PIN" close)
	state_is blocked || bail_out "$TOKEN: not blocked: $pickup_out; the log: $(log_text | tail -n 20)"
}

block_again() {
	pickup_out=$("$CMD" block "$CARD" 2>&1) || bail_out "block: $pickup_out"
}

# set_pin OLD NEW: how C_SetPIN ends in a public session of a fresh program.
set_pin() {
	once "$LATCH" "set-pin $1 $2" | last_rv
}

# private KEY: a line of the private part, "none" where there is none.
private() {
	private_value=$(sed -n "s/^$1=//p" "$STATE"/private/*.state 2>/dev/null)
	printf '%s' "${private_value:-none}"
}

# is_active PIN TEXT: the record says so, nothing is under way, and the card takes that PIN.
is_active() {
	is "$(record State), $(private Journal), $(login_rv "$MODULE" user "$1")" "active, none, CKR_OK" "$2"
}

# still_blocked TEXT [PIN...]: blocked, nothing under way, and the card takes none of those PINs.
still_blocked() {
	pickup_text=$1
	pickup_taken=
	shift
	for pickup_pin; do
		! vendor_takes "$pickup_pin" || pickup_taken="$pickup_taken, takes $pickup_pin"
	done
	is "$(record State), $(private Journal)$pickup_taken" "blocked, none" "$pickup_text"
}
