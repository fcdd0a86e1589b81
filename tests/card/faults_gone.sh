# SPDX-License-Identifier: BSD-3-Clause
# The real tokens taken away in the middle of work: SoftHSM's folder renamed, openCryptoki's daemon stopped.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

take_away() {
	case $TOKEN in
	softhsm) mv "$SCRATCH/softhsm" "$SCRATCH/away" && mkdir "$SCRATCH/softhsm" ;;
	opencryptoki) opencryptoki_stop ;;
	esac
	log_clear
}

bring_back() {
	case $TOKEN in
	softhsm) rmdir "$SCRATCH/softhsm" && mv "$SCRATCH/away" "$SCRATCH/softhsm" ;;
	opencryptoki) opencryptoki_daemon ;;
	esac
}

says_what() {
	case $TOKEN in
	softhsm) logged "CKR_TOKEN_NOT_PRESENT; is it in its reader" "$kind: $1: the log says that it is gone" ;;
	opencryptoki) logged "C_Initialize: .*is its service running" "$kind: $1: the log names the service" ;;
	esac
}

while_unblocking() {
	blocked_card
	session_start user "$LATCH"
	take_away
	unlike "$(rv user set-pin "$SO" "$PIN_NEW")" CKR_OK "$kind: C_SetPIN fails while the token is away"
	# SoftHSM in the program itself tells, so that no helper is asked.
	[ "$kind" = softhsm ] || says_what "C_SetPIN"
	unlike "$(rv user login user "$SO")" CKR_OK "$kind: and so does C_Login"
	drive_stop user
	fails "$kind: and the command" "$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
	bring_back
	is "$(record State)" blocked "$kind: the record is what it was"
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: back again, it is unblocked"
}

while_personalizing() {
	token_new
	rm -rf "${STATE:?}"/*
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	take_away
	drive_stop desk
	passes "$kind: the watcher ends" wait_for 20 no_helpers
	says_what "a holder's end"
	is "$(record State)" personalizing "$kind: a card that is away cannot be blocked"
	"$CMD" recover >"$SCRATCH/out" 2>&1
	passes "$kind: recover says what it waits for" \
		grep -e "was pulled while it was personalized" -e "is its service running" "$SCRATCH/out"
	bring_back
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: nobody logs in when it is back"
	passes "$kind: recover blocks it" "$CMD" recover
	is_blocked "$kind, back again"
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: and it is unblocked with its PUK"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	while_unblocking
	while_personalizing
	passes "$kind: no helper is left" wait_for 20 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW"
	token_stop
done
done_testing
