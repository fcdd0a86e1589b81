# SPDX-License-Identifier: BSD-3-Clause
# C_GetTokenInfo: which flags of the user PIN a process sees, in each state of its card.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

URI=pkcs11:token=$LABEL

# user_flags PROCESS: what it sees of the user PIN, one word after the other.
user_flags() {
	drive "$1" token-info | grep -o 'USER_PIN_[A-Z_]*' | grep -v INITIALIZED | tr '\n' ' '
}

# sees PROCESS FLAGS TEXT. "the card's" stands for what the vendor's own module shows.
sees() {
	sees_flags=$2
	[ "$2" != "the card's" ] || sees_flags=$(user_flags direct)
	is "$(user_flags "$1")" "$sees_flags" "$kind, $3"
}

in_each_state() {
	desk_knows "$SO" "BlockMethod=$1"
	fresh
	session_start direct "$MODULE"
	session_start other "$LATCH"
	sees other "the card's" "no record: the card's own"

	personalize desk
	once "$MODULE" "login user 999999" >/dev/null
	like "$(user_flags direct)" "*USER_PIN_COUNT_LOW*" "$kind: a wrong PIN was tried"
	sees desk "the card's" "personalizing, the holder: the card's own"
	sees other "USER_PIN_LOCKED " "personalizing, another process: locked, and no tries are left"
	# openCryptoki's own answer to a forked child is that it has to initialise first.
	[ "$kind" != softhsm ] || like "$(drive desk in-child token-info)" "*USER_PIN_LOCKED*" \
		"$kind, personalizing, a child of the holder: it is not the holder"
	sees desk "the card's" "the holder still is"
	must desk close
	if [ "$2" = lock ]; then
		sees other "the card's" "blocked by lock: the card's own"
		like "$(user_flags other)" "*USER_PIN_LOCKED*" "$kind: which is locked"
	else
		sees other "USER_PIN_LOCKED " "blocked by scramble: locked"
		unlike "$(user_flags direct)" "*LOCKED*" "$kind: which the card itself does not show"
	fi
	sees desk "$(user_flags other)" "blocked: who was the holder sees what all see"
	drive_stop desk

	# Logged in with the PUK: blocked still, and a new PIN is due.
	drive_stop other
	session_start other "$LATCH"
	must other login user "$SO"
	sees other "USER_PIN_TO_BE_CHANGED " "logged in with the PUK: the PIN is to be changed"
	session_start third "$LATCH"
	sees third "USER_PIN_LOCKED " "in another process: locked"
	drive_stop third
	must other set-pin "$SO" "$PIN_NEW"
	sees other "the card's" "active: the card's own"
	drive_stop other

	session_start other "$LATCH"
	sees other "the card's" "active, a new process: the card's own"
	once "$MODULE" "login user 999999" >/dev/null
	like "$(user_flags other)" "*USER_PIN_COUNT_LOW*" "$kind, active: the count of wrong PINs is shown"
	drive_stop other
	drive_stop direct
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	description unblock <<-EOF
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=#$SO
	EOF
	desk_binding() {
		policy_clear
		{
			echo "Personalize=personalize.dsc"
			echo "Unblock=unblock.dsc"
			printf '%s\n' "$@"
		} | policy
	}
	in_each_state scramble scramble
	[ "$kind" = softhsm ] || in_each_state lock lock
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
