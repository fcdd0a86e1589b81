# SPDX-License-Identifier: BSD-3-Clause
# The watcher is killed too: whoever comes next settles what it left.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

URI=pkcs11:token=$LABEL

# kill -9 of holder and watcher together: neither can do anything about it.
both_die() {
	fresh
	personalize desk
	holder=$(drive_pid desk) watcher=$(watcher)
	kill -9 "$watcher" "$holder"
	wait_for 5 gone "$holder" && wait_for 5 no_helpers || bail_out "they do not die"
	is "$(record State)" personalizing "$1: nobody was left to block the card"
	like "$(flags "$LATCH")" "* USER_PIN_LOCKED *" "$1: but the PIN is shown as locked"
}

settled_by_requests() {
	both_die "$kind, login"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: the next login is refused"
	is "$(record State),$(record Method)" "blocked,$(auto_method)" "$kind: and blocks the card first"
	is_blocked "$kind, settled by a login"
	logged "both its holder and its watcher are gone" "$kind: the log says so"

	both_die "$kind, C_SetPIN"
	session_start other "$LATCH"
	like "$(rv other set-pin "$PIN" "$PIN_NEW")" "CKR_PIN_*" "$kind: the next C_SetPIN is refused"
	is_blocked "$kind, settled by C_SetPIN"
	drive_stop other

	both_die "$kind, recover"
	like "$("$CMD" recover)" "*$LABEL*: blocked" "$kind: p11-latch recover says what it did"
	is "$(record State)" blocked "$kind: and did it"
	is_blocked "$kind, settled by recover"

	both_die "$kind, C_InitPIN"
	session_start desk "$LATCH"
	must desk login so "$SO"
	expect CKR_OK desk init-pin "$PIN_NEW"
	is "$(record State)" personalizing "$kind: C_InitPIN again goes on with the personalization"
	must desk close
	is "$(record State)" blocked "$kind: which ends as any other"
	fails "$kind: by the new holder's blocking" vendor_takes "$PIN_NEW"
	drive_stop desk
}

# Where the token cannot lock and nobody knows the SO secret: refusal, until a right PUK comes.
refused_until_puk() {
	both_die "$kind, no SO secret"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: the right PIN is refused"
	is "$(record State),$(record Method)" "personalizing,refuse" "$kind: refused is not blocked"
	unlike "$(record Why)" none "$kind: the record says why"
	logged "cannot be blocked and is only refused" "$kind: the log does, too"
	is "$("$CMD" recover >/dev/null 2>&1; echo $?)" 1 "$kind: recover cannot help"
	like "$(flags "$LATCH")" "* USER_PIN_LOCKED *" "$kind: the PIN is shown as locked"
	session_start pickup "$LATCH"
	expect CKR_PIN_INCORRECT pickup set-pin 11112222 "$PIN_NEW"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: a wrong PUK changes nothing"
	expect CKR_OK pickup set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind: a right PUK ends it"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$kind: with the new PIN"
	drive_stop pickup

	both_die "$kind, no SO secret, block"
	login_rv "$LATCH" user "$PIN" >/dev/null
	printf '%s\n' "$SO" | "$CMD" block --puk - "$URI" >/dev/null
	is "$(record State),$(record Method)" "blocked,scramble" "$kind: p11-latch block ends it, too"
	is_blocked "$kind, p11-latch block"

	for end in logout close finalize kill9; do
		both_die "$kind, no SO secret, an SO comes"
		session_start desk "$LATCH"
		must desk login so "$SO"
		drive desk "$end" >/dev/null
		is_blocked "$kind, no SO secret, an SO comes and ends by $end"
		drive_stop desk
	done
}

# The watcher alone: its holder is holder no longer, and has the card blocked at its next call.
watcher_dies() {
	for call in "token-info" "login user $PIN" "set-pin $PIN $PIN_NEW" "open ro third" "close second" \
		"logout" "close-all" "finalize"; do
		fresh
		personalize desk
		must desk logout
		must desk login user "$PIN"
		must desk open rw second
		case $call in
		login* | set-pin*) must desk logout ;;
		esac
		kill -9 "$(watcher)"
		wait_for 5 no_helpers || bail_out "the watcher does not die"
		# shellcheck disable=SC2086
		drive desk $call >/dev/null
		is "$(record State)" blocked "$kind, the watcher dies: ${call%% *} has the card blocked"
		is_blocked "$kind, the watcher dies, ${call%% *}"
		drive_stop desk
	done
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	if [ "$kind" = softhsm ]; then
		desk
		refused_until_puk
		desk_knows "$SO"
	else
		desk
	fi
	settled_by_requests
	watcher_dies
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
