# SPDX-License-Identifier: BSD-3-Clause
# The helper behind its two sockets, under a user of its own, and those who use it. Sourced, after all.sh.
#
#	users_make                 latchd (the service), operator (of the group latchop), anyone
#	sockets_desk               cards are blocked, and their PUK is the policy's, in a store of the service's
#	sockets_start              after latch_setup, token_start and the policy: both sockets are served
#	sockets_serve              the same, where configuration and policy are that service's already
#	sockets_stop
#	who anyone                 what drive_start, once and login_rv start from here on runs as that user
#	as operator COMMAND...     a command as that user
#	token_share                all of them may use the token (after each token_new)
#	shut_away                  policy and secrets are readable by latchd only (after each change)

users_make() {
	cat >>/etc/passwd <<-'EOF'
		latchd:x:64001:64001::/nonexistent:/bin/false
		operator:x:64002:64002::/nonexistent:/bin/false
		anyone:x:64003:64003::/nonexistent:/bin/false
	EOF
	printf 'latchd:x:64001:\noperator:x:64002:\nanyone:x:64003:\nlatchop:x:64004:operator\n' >>/etc/group
	sed -i 's/^\(pkcs11:.*\)$/\1,latchd,operator,anyone/; s/:,latchd/:latchd/' /etc/group
	mkdir -p "$SCRATCH/bin" "$SCRATCH/drive"
	chmod 1777 "$SCRATCH/drive"
	for user in latchd operator anyone; do
		cat >"$SCRATCH/bin/$user" <<-EOF
			#!/bin/sh
			exec setpriv --reuid $user --regid $user --init-groups "\$@"
		EOF
		cat >"$SCRATCH/bin/drive-$user" <<-EOF
			#!/bin/sh
			exec "$SCRATCH/bin/$user" "$BUILDDIR/tests/lib/p11drive" "\$@"
		EOF
	done
	chmod 755 "$SCRATCH"/bin/*
	passes "other users reach the build (a folder above it may be closed)" \
		as anyone test -x "$BUILDDIR/tests/lib/p11drive" || bail_out "chmod a+x the folders above $BUILDDIR"
}

as() {
	as_user=$1
	shift
	"$SCRATCH/bin/$as_user" "$@"
}

who() {
	P11DRIVE=$SCRATCH/bin/drive-$1
	[ "$1" != root ] || P11DRIVE=$BUILDDIR/tests/lib/p11drive
}

token_share() {
	case $TOKEN in
	softhsm) chmod -R a+rwX "$SCRATCH/softhsm" ;;
	tpm2) chmod -R a+rwX "$TPM2_PKCS11_STORE" ;;
	esac
}

shut_away() {
	chown -R latchd "$POLICY" "$CONF_DIR/descriptions" "$CONF_DIR/values"
	chmod -R go-rwx "$POLICY" "$CONF_DIR/descriptions" "$CONF_DIR/values"
}

# value NAME TEXT: a file that Field.X=file: may name, in $CONF_DIR/values.
value() {
	mkdir -p "$CONF_DIR/values"
	printf '%s\n' "$2" >"$CONF_DIR/values/$1"
}

sockets_start() {
	mkdir -p "$CONF_DIR/values"
	latch_conf "unix:$SCRATCH/run/helper.sock"
	shut_away
	sockets_serve
}

# Both, of what is configured already.
sockets_serve() {
	HELPER_USER=latchd
	helper_socket helper
	SOCKET_MODE=660 helper_socket operators --operators
	chgrp latchop "$SCRATCH/run/operators.sock"
}

sockets_stop() {
	helper_socket_stop helper
	helper_socket_stop operators
}

# raw SOCKET WORD...: rawwire as the user whom who named last.
raw() {
	raw_socket=$SCRATCH/run/$1.sock
	shift
	case $P11DRIVE in
	*/drive-*) as "${P11DRIVE##*/drive-}" "$BUILDDIR/tests/lib/rawwire" "$raw_socket" "$@" ;;
	*) "$BUILDDIR/tests/lib/rawwire" "$raw_socket" "$@" ;;
	esac
}

# serial: the token's own.
serial() {
	"$BUILDDIR/tests/lib/p11drive" "$MODULE" initialize "slot-label \"$LABEL\"" token-info |
		sed -n 's/.* serial=\([^ ]*\) .*/\1/p'
}

sockets_desk() {
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	description unblock <<-'EOF'
		[Fields]
		PUK=

		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=PUK
	EOF
	value puk "$SO"
	policy <<-EOF
		Personalize=personalize.dsc
		Unblock=unblock.dsc
		Field.PUK=file:$CONF_DIR/values/puk
	EOF
}
