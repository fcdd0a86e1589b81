# SPDX-License-Identifier: BSD-3-Clause
# The helper behind sockets, under a user of its own: who is served there, and what nobody else can read.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	sockets_desk
	sockets_start

	who operator
	session_start desk "$LATCH"
	expect CKR_OK desk login so "$SO"
	expect CKR_OK desk init-pin "$PIN"
	is "$(record State)" personalizing "$kind: an operator's C_InitPIN begins a personalization"
	is "$(ps -o user= -p "$(helpers)")" latchd "$kind: the watcher runs under the service's user"
	expect CKR_OK desk logout
	expect CKR_OK desk login user "$PIN"
	drive desk kill9 >/dev/null
	becomes blocked "$kind: kill -9 of the operator's program blocks the card"
	drive_stop desk
	passes "$kind: the watcher is gone then" wait_for 10 no_helpers

	who anyone
	fails "$kind: the PUK is readable by the service only" as anyone cat "$CONF_DIR/values/puk"
	fails "$kind: and so is the private part of the record" as anyone ls "$STATE/private"
	passes "$kind: the record is readable by all" as anyone cat "$(record_file)"
	is "$(stat -c %U:%a "$(record_file)")" latchd:644 "$kind: and belongs to the service"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: nobody logs in to the blocked card"

	session_start user "$LATCH"
	expect CKR_PIN_INCORRECT user set-pin 11112222 "$PIN_NEW"
	expect CKR_OK user set-pin "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind: the right PUK unblocks it through the socket for all"
	expect CKR_OK user login user "$PIN_NEW"
	drive_stop user
	is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_OK "$kind: the vendor takes the new PIN"
	passes "$kind: no helper is left" wait_for 10 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW" "$PIN"
	sockets_stop
	token_stop
done
done_testing
