# SPDX-License-Identifier: BSD-3-Clause
# The harness itself: tokens behave as tests of p11-latch take for granted, without p11-latch anywhere.
set -u
. "$SRCDIR/tests/lib/all.sh"

for kind in $TOKENS; do
	token_start "$kind"
	is "$(flags "$MODULE" | grep -c USER_PIN_INITIALIZED)" 0 "$kind: a factory token has no user PIN"
	personalize_direct
	like "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: it has one after C_InitPIN"
	is "$(login_rv "$MODULE" user "$PIN")" CKR_OK "$kind: the PIN is right"
	is "$(login_rv "$MODULE" user 999999)" CKR_PIN_INCORRECT "$kind: another is not"

	session_start a "$MODULE"
	session_start b "$MODULE" ro
	expect CKR_OK a login user "$PIN"
	expect CKR_OK a gen-key
	expect CKR_OK a create-data "a label" hex:00ff private
	like "$(drive a find "a label")" "*n=1 label=a%20label" "$kind: an object is found by its label"
	expect CKR_OK b login user "$PIN"
	expect CKR_OK b sign
	like "$(drive a fork-hold 60000)" "fork-hold CKR_OK [0-9]*" "$kind: a child is left behind"
	drive a kill9 >/dev/null
	passes "$kind: the process is gone after kill9" wait_for 5 gone "$(drive_pid a)"
	is "$(drive a pid)" "pid GONE" "$kind: and its end is seen"
	expect CKR_OK b finalize
	drive_stop b

	token_second
	LABEL=$SECOND_LABEL
	is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: a second token stands beside the first"
	token_new again
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: a fresh token in place of the first"
	token_stop
done

logger -p authpriv.warning "harness: a line" 2>/dev/null
logged "harness: a line" "the log of this test is its own"
fails "no network but the loopback" sh -c 'ip -o link | grep -v ": lo:" | grep -q .'
done_testing
