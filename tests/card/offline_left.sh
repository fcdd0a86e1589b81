# SPDX-License-Identifier: BSD-3-Clause
# Tickets were being made when watcher and program were killed: anybody's login has no box opened by the policy's key,
# whose secret a forged card would be sent; an operator's does.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/offline.sh"

# The service's environment is its own.
helper_is_told() {
	HELPER_UNDER=$SCRATCH/bin/told
	HELPER_UNIT=-
	cat >"$HELPER_UNDER" <<-END
		#!/bin/sh
		shift
		FAULTY_VENDOR="$FAULTY_VENDOR" FAULTY_LOGINS="$FAULTY_LOGINS" exec "\$@"
	END
	chmod 755 "$HELPER_UNDER"
}

# In an office of root's, whose state is the service's afterwards.
left_behind() {
	token_new
	rm -rf "${STATE:?}"/*
	fault p11-latch-helper C_SetPIN 1 kill-after
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	drive desk kill9 >/dev/null 2>&1
	drive_stop desk
	wait_for 10 no_helpers
	passes "$kind: the watcher was killed after the card had its new SO secret" faulted
	fault none
	is "$(record State)" personalizing "$kind: what it left"
	token_share
	chown -R latchd "$STATE"
}

so_logins() {
	grep -cx so "$FAULTY_LOGINS"
}

FAULTY_LOGINS=$SCRATCH/logins
export FAULTY_LOGINS
users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	shared_office
	faulty_start
	left_behind
	latch_conf "unix:$SCRATCH/run/helper.sock"
	faulty_start
	helper_is_told
	shut_away
	sockets_serve
	: >"$FAULTY_LOGINS"
	chmod 666 "$FAULTY_LOGINS"
	who anyone
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: anyone's login"
	is "$(so_logins)" 0 "$kind: sends no SO secret to the card"
	who operator
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: an operator's login"
	becomes blocked "$kind: and the card is blocked"
	who root
	fails "$kind: the card itself refuses the PIN" vendor_takes "$PIN"
	token_share
	passes "$kind: an operator unblocks it by the key in its box" as operator "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: with its new PIN"
	who root
	passes "$kind: no helper is left" wait_for 10 no_helpers
	sockets_stop
	token_stop
done
done_testing
