# SPDX-License-Identifier: BSD-3-Clause
# Cards that are unblocked over the phone, on a machine whose policy holds no key: by pkcs11-tool, and by the command.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

is_made() {
	offline_card
	is "$(objects ticket | wc -l) $(objects box | wc -l)" "10 1" "$kind: ten tickets and a box lie on the card"
	is "$(record State) $(record Tickets)" "blocked 10" "$kind: the card is blocked, its record says how many there are"
	fails "$kind: its SO PIN is not the one that it was personalized with" so_known "$SO"
	like "$("$CMD" status "$CARD" 2>&1)" "*offline:  10 tickets left, challenge when last seen: $(challenge)*" \
		"$kind: status shows the challenge, as of the record"
	no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO"
}

# used TEXT NUMBER: that ticket is gone, the box is another, and what opened it opens nothing any more.
used() {
	is_active "$PIN_NEW" "$kind: $1: the card is active"
	is "$(objects "ticket $2\$")" "" "$kind: $1: ticket $2 is used up"
	is "$(objects box)" "p11-latch box $((${box##* } + $2))" "$kind: $1: there is one box, the next"
	logged "a ticket is used up, $((10 - $2)) left" "$kind: $1: the log says how many are left"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: $1: no SO try was spent"
	old=$answer
	offline_block_again
	log_clear
	answer=$(respond "$(challenge)")
}

by_unlock_pin() {
	answer=$(respond "$(challenge)")
	log_clear
	like "$(tool --unlock-pin --puk "$answer" --new-pin "$PIN_NEW")" "*PIN successfully changed*" \
		"$kind: pkcs11-tool --unlock-pin with the response"
	used "C_SetPIN" 1
	like "$(tool --unlock-pin --puk "$old" --new-pin "$PIN")" "*CKR_PIN_INCORRECT*" "$kind: a response of before opens nothing"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: and costs no SO try"
}

by_command() {
	like "$("$CMD" unblock --response "$old" --pin "$PIN_NEW" "$CARD" 2>&1)" \
		"*the response is wrong; the card's challenge is now $(challenge)*" "$kind: p11-latch unblock --response: one of before"
	passes "$kind: p11-latch unblock --response" "$CMD" unblock --response "$answer" --pin "$PIN_NEW" "$CARD"
	used "the command" 2
}

# A module that keeps what it read can use no R that was made after it was started: only the next program can.
by_login() {
	login_out=$(tool --login --pin "$answer" --change-pin --new-pin "$PIN_NEW")
	if [ "$kind" = softhsm ]; then
		like "$login_out" "*C_Login failed: rv = CKR_FUNCTION_FAILED*" "$kind: the first login with a response is refused"
		logged "restart it, then unblock the card" "$kind: and the log says what to do"
		is "$(objects "ticket 3\$")" "p11-latch ticket 3" "$kind: the ticket is not used up by that"
		is "$(challenge)" "$shown" "$kind: nor its challenge"
		login_out=$(tool --login --pin "$answer" --change-pin --new-pin "$PIN_NEW")
	fi
	like "$login_out" "*PIN successfully changed*" "$kind: pkcs11-tool --change-pin with the response"
	used "C_Login and C_SetPIN" 3
}

# A login is none of the changes that use a ticket up, however often.
only_login() {
	is "$(login_rv "$LATCH" user "$(printf %s "$answer" | tr -d ' ')")" "$1" "$kind: C_Login alone with the response"
	is "$(record State) $(objects "ticket 4\$")" "blocked p11-latch ticket 4" "$kind: uses nothing up, and the card stays blocked"
}

what_to_do() {
	log_clear
	is "$(login_rv "$LATCH" user 999999)" CKR_PIN_LOCKED "$kind: a login with a wrong PIN"
	logged "read the challenge $(challenge) out to the helpdesk" "$kind: has the log say what to read out"
	is "$(record Challenge)" "$(challenge | tr -d ' ')" "$kind: the record has the challenge too"
	like "$("$CMD" challenge --json "$CARD" 2>/dev/null)" "*\"challenge\": \"$(challenge | tr -d ' ')\", \"tickets\": 7}" \
		"$kind: challenge --json"
}

# The key itself, typed where the policy holds none: no try of it either, and nothing is used up.
by_key() {
	is "$(set_pin "$MANAGER_KEY_NEW" "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: another card manager key opens nothing"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: and costs no SO try"
	is "$(set_pin "$MANAGER_KEY" "$PIN_NEW")" CKR_OK "$kind: the card manager key, typed"
	is_active "$PIN_NEW" "$kind: the card is active"
	is "$(record Tickets)" 7 "$kind: and no ticket is used up"
}

for kind in $TOKENS; do
	token_start "$kind"
	offline_machines
	is_made
	box=$(objects box)
	at_phone
	by_unlock_pin
	by_command
	shown=$(challenge)
	by_login
	case $kind in
	softhsm) only_login CKR_FUNCTION_FAILED ;;
	esac
	only_login CKR_OK
	what_to_do
	by_key
	no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO" "$answer" "$old"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
