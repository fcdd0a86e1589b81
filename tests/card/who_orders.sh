# SPDX-License-Identifier: BSD-3-Clause
# The command's orders behind the sockets: an operator's are carried out, anybody else's refused.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

URI=pkcs11:token=latch

desk() {
	sockets_desk
	cat >"$SCRATCH/set.dsc" <<-EOF
		[Description]
		SetPIN=true
		PIN=#$PIN_NEW
		InitialPUK=#$SO
	EOF
	chmod 644 "$SCRATCH/set.dsc"
}

order() {
	order_user=$1
	shift
	as "$order_user" "$CMD" "$@" </dev/null >"$SCRATCH/out" 2>&1
}

what_is_seen() {
	flags "$MODULE"
	cat "$STATE"/records/*
	cat "$STATE"/private/*.state
}

# refused ORDER...: as anyone. Says so to the person and to the log, and changes nothing.
refused() {
	before=$(what_is_seen)
	log_clear
	fails "$kind: anyone may not: $1" order anyone "$@"
	is "$(what_is_seen)" "$before" "$kind: $1 by anyone changed nothing"
	logged "$1.*refused: only operators" "$kind: the log says who may: $1"
	like "$(cat "$SCRATCH/out")" "*only operators*" "$kind: the person is told: $1"
}

done_by() {
	done_user=$1
	done_state=$2
	shift 2
	passes "$kind: $done_user may: $1" order "$done_user" "$@"
	is "$(record State)" "$done_state" "$kind: $1 by $done_user leaves the card $done_state"
}

personalizing_desk() {
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	must desk finalize
	drive_stop desk
	who root
}

holds() {
	who root
	token_new
	token_share
	rm -rf "${STATE:?}"/*
	log_clear
	fails "$kind: anyone may not: personalize --" order anyone personalize -- true
	logged "personalize is refused: only operators" "$kind: the log says who may: personalize --"
	passes "$kind: an operator may: personalize --" order operator personalize -- \
		"$BUILDDIR/tests/lib/p11drive" "$LATCH" initialize "slot-label $LABEL" "open rw" \
		"login so $SO" "init-pin $PIN"
	is "$(record State)" blocked "$kind: and at its end the card is blocked"
}

# Whoever may recover has the socket of a hold that is gone removed, and no other.
holds_are_swept() {
	dead=$STATE/private/hold-0123456789abcdef.sock
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$dead"
	chmod 777 "$dead"
	touch -d "-2 minutes" "$dead"
	order anyone status "$URI"
	passes "$kind: the socket of a hold that is gone stays for now" test -S "$dead"
	passes "$kind: anyone may: recover" order anyone recover "$URI"
	fails "$kind: recover removes the socket of a hold that is gone" test -e "$dead"
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	desk
	sockets_start
	personalizing_desk

	refused unblock --puk "$SO" --pin "$PIN_NEW" "$URI"
	refused block "$URI"
	refused adopt "$URI"
	refused forget "$URI"
	refused reset "$URI"
	refused apply "$SCRATCH/set.dsc" "$URI"
	refused explain "$URI"
	passes "$kind: anyone may: recover" order anyone recover "$URI"
	is "$(record State)" blocked "$kind: recover has nothing to do"

	for role in operator root; do
		[ "$role" != root ] || printf '#!/bin/sh\nexec "$@"\n' >"$SCRATCH/bin/root"
		chmod 755 "$SCRATCH/bin"/*
		done_by "$role" active unblock --puk "$SO" --pin "$PIN_NEW" "$URI"
		is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_OK "$kind: the new PIN is in force"
		done_by "$role" blocked block "$URI"
		done_by "$role" active apply "$SCRATCH/set.dsc" "$URI"
		done_by "$role" blocked block "$URI"
		done_by "$role" blocked reset "$URI"
		done_by "$role" blocked recover "$URI"
		done_by "$role" active unblock --pin "$PIN" "$URI"
		done_by "$role" none forget "$URI"
		done_by "$role" active adopt "$URI"
		done_by "$role" blocked block "$URI"
	done
	holds
	holds_are_swept
	passes "$kind: no helper is left" wait_for 10 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW" "$PIN"
	sockets_stop
	token_stop
done
done_testing
