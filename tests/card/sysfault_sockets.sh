# SPDX-License-Identifier: BSD-3-Clause
# System calls that fail, one a run or all from one on, in the helper behind its sockets and in those who use it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

# What is looked at in between is root's own; the service has to reach what that leaves.
behind() {
	behind_user=$1
	shift
	token_share
	chown -R latchd "$STATE"
	P11_LATCH_CONF=$SCRATCH/behind.conf hurt "$SCRATCH/bin/drive-$behind_user" "$LATCH" fds initialize \
		"slot-label $LABEL" "open rw" "$@" finalize fds
}

do_behind_set_pin() {
	behind anyone "set-pin $SO $PIN_NEW" close
}

do_behind_login() {
	behind anyone "login user $SO" "set-pin $SO $PIN_NEW" logout close
}

do_behind_own() {
	behind operator "login so $SO" "init-pin $PIN_NEW" logout close
}

do_behind_personalize() {
	behind operator "login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data keep $KEEP private" \
		logout close
}

kind=softhsm
users_make
token_start "$kind"
latch_setup
faults_start
known_puk | pickup
snapshots_make
hurt_helper
P11_LATCH_CONF=$SCRATCH/behind.conf
sockets_start
P11_LATCH_CONF=$CONF_DIR/p11-latch.conf
faults behind_set_pin blocked
faults behind_login blocked
faults behind_own blocked
faults behind_personalize factory
sockets_stop
token_stop
done_testing
