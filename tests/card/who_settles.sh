# SPDX-License-Identifier: BSD-3-Clause
# What a dead watcher left behind the sockets: operators settle it; anybody else by the card's own lock only.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

URI=pkcs11:token=latch

# Holder and watcher are killed at the same moment, as a power cut would.
left_behind() {
	who root
	token_new
	token_share
	rm -rf "${STATE:?}"/*
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	watcher=$(helpers)
	kill -STOP "$watcher"
	drive_stop desk
	kill -9 "$watcher"
	wait_for 5 gone "$watcher" || bail_out "the watcher lives"
	state_is personalizing || bail_out "is not left: $(record State)"
	log_clear
}

right_pin_is_refused() {
	is "$(who anyone && login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED \
		"$kind, $1: nobody logs in to what a dead watcher left"
}

# What the token's own lock can do for anybody, and what it cannot.
settled_by_anyone() {
	if [ "$kind" = opencryptoki ]; then
		is "$(record State) $(record Method)" "blocked lock" "$kind, $1: it is blocked by its lock"
	else
		is "$(record State) $(record Method)" "personalizing refuse" "$kind, $1: it is refused"
		logged "an operator has to come" "$kind, $1: the log says who can block it"
		is "$(who root && login_rv "$MODULE" user "$PIN")" CKR_OK \
			"$kind, $1: the policy's PUK was not used on it"
	fi
}

# What anybody's login could not do the next operator's does: once, since each time would cost an SO try.
operator_after_anyone() {
	left_behind
	right_pin_is_refused "C_Login"
	is "$(who operator && login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: an operator logs in after anybody"
	is "$(record State)" blocked "$kind: and that blocks it"
	fails "$kind: the PIN that was set is right no more" test "$(who root && login_rv "$MODULE" user "$PIN")" = CKR_OK
	[ "$kind" != opencryptoki ] || return 0

	left_behind
	value puk "$SO_NEW"
	shut_away
	for role in anyone operator operator anyone operator; do
		who "$role"
		login_rv "$LATCH" user "$PIN" >/dev/null
	done
	as anyone "$CMD" recover "$URI" >/dev/null 2>&1
	is "$(who operator && login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: it is refused to all"
	is "$(log_text | grep -c "policy's SO secret the card answers")" 1 "$kind: a policy's wrong PUK is tried once"
	like "$(record Why)" "*policy's SO secret*" "$kind: and the record says what is in the way"
	value puk "$SO"
	shut_away
	as operator "$CMD" recover "$URI" >/dev/null 2>&1
	is "$(record State)" blocked "$kind: recover by an operator tries again"
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	sockets_desk
	sockets_start

	left_behind
	right_pin_is_refused "C_Login"
	settled_by_anyone "C_Login"
	who anyone
	session_start user "$LATCH"
	expect CKR_PIN_INCORRECT user set-pin 11112222 "$PIN_NEW"
	expect CKR_PIN_LOCKED user set-pin empty "$PIN_NEW"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind: the right PUK, presented, ends it"
	drive_stop user

	# That a PIN was set after a watcher's end is a holder's word, and nobody else can be one.
	ID=$(record Token)
	for flags in 0 128; do
		like "$(raw helper release "id=hex:$ID" rv=u32:0 "flags=u32:$flags" ask)" "* rv=0x0 *" \
			"$kind: anyone says that a PIN was set late"
		is "$(record State)" active "$kind: and nothing comes of it"
	done
	passes "$kind: its PIN is as before" test "$(who root && login_rv "$MODULE" user "$PIN_NEW")" = CKR_OK
	who operator
	like "$(raw operators release "id=hex:$ID" rv=u32:0xa2 flags=u32:128 ask)" "* rv=0x0 *" \
		"$kind: an operator says that one was refused"
	is "$(record State)" active "$kind: and nothing comes of that either"
	like "$(raw operators release "id=hex:$ID" rv=u32:0 flags=u32:128 ask)" "* rv=0x0 *" \
		"$kind: an operator says that a PIN was set late"
	is "$(record State)" blocked "$kind: and it is blocked"

	left_behind
	as anyone "$CMD" recover "$URI" >/dev/null 2>&1
	settled_by_anyone "recover by anyone"
	as operator "$CMD" recover "$URI" >/dev/null 2>&1
	is "$(record State)" blocked "$kind: recover by an operator blocks it"
	fails "$kind: and the PIN that was set is right no more" \
		test "$(who root && login_rv "$MODULE" user "$PIN")" = CKR_OK

	left_behind
	is "$(who operator && login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: an operator logs in"
	is "$(record State)" blocked "$kind: and that blocks it"
	is "$(who operator && once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: it is unblocked"

	operator_after_anyone

	left_behind
	who anyone
	session_start user "$LATCH"
	expect CKR_OK user login so "$SO"
	expect CKR_FUNCTION_FAILED user init-pin "$PIN_NEW"
	logged "only operators may personalize" "$kind: nobody else goes on with a personalization"
	drive_stop user
	who root
	passes "$kind: no helper is left" wait_for 10 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW" "$PIN"
	sockets_stop
	token_stop
done
done_testing
