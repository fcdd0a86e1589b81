# SPDX-License-Identifier: BSD-3-Clause
# p11-kit's remote: a token of another machine's behind p11-latch, and p11-latch before another machine's programs.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sockets.sh"

CLIENT=$(multiarch_file pkcs11/p11-kit-client.so) || bail_out "p11-kit-modules is not installed"
FAR=$SCRATCH/drive/far
PROXY=$(multiarch_file p11-kit-proxy.so) || bail_out "p11-kit is not installed"

# serve PROVIDER [OPTION...]: one socket, $FAR, each connection a process of its own; run by the user SERVER.
# Never without a provider: p11-kit 0.24.1 would then serve what it finds by its own configuration, itself among
# it, without end.
serve() {
	provider=$1
	shift
	rm -f "$FAR" "$FAR.log"
	foreign "${SERVER:-env}" p11-kit server --foreground --provider "$provider" --name "$FAR" "$@" "pkcs11:" \
		>"$FAR.log" 2>&1 &
	wait_for 10 test -S "$FAR" || bail_out "p11-kit server does not start: $(cat "$FAR.log")"
	wait_for 10 grep -q '^P11_KIT_SERVER_PID' "$FAR.log" || bail_out "p11-kit server: $(cat "$FAR.log")"
	server=$(sed -n 's/^P11_KIT_SERVER_PID=\([0-9]*\);.*/\1/p' "$FAR.log")
	P11_KIT_SERVER_ADDRESS=unix:path=$FAR
	export P11_KIT_SERVER_ADDRESS
}

serve_end() {
	kill "$server" 2>/dev/null
	wait_for 5 gone "$server" || bail_out "p11-kit server does not end"
	unset P11_KIT_SERVER_ADDRESS
}

# wraps PATH: p11-latch's vendor module is that one from now on; the tests' own is the token's as before.
wraps() {
	sed -i "s|^Path=.*|Path=$1|" "$P11_LATCH_CONF"
}

# flows TEXT: from personalization to pick-up, with $FRONT as the program's module.
flows() {
	known_puk | pickup UnblockByLogin=yes
	fresh
	session_start desk "$FRONT"
	must desk login so "$SO"
	expect CKR_OK desk init-pin "$PIN"
	is "$(record State)" personalizing "$1: C_InitPIN begins a personalization"
	expect CKR_OK desk logout
	expect CKR_OK desk login user "$PIN"
	expect CKR_OK desk create-data mine 1234 private
	expect CKR_OK desk close
	is "$(record State), $(record Method)" "blocked, $(auto_method)" "$1: blocked when its last session is closed"
	drive_stop desk
	fails "$1: the card itself refuses the PIN" vendor_takes "$PIN"
	is "$(once "$FRONT" "login user $PIN" | last_rv)" CKR_PIN_LOCKED "$1: and p11-latch says locked"
	is "$(once "$FRONT" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$1: C_SetPIN with the PUK"
	is_active "$PIN_NEW" "$1: unblocked"
	is "$(once "$FRONT" "login user $PIN_NEW" "find mine" | grep "^find")" "find CKR_OK n=1 label=mine" \
		"$1: what is on the card is there"
	block_again
	is "$(once "$FRONT" "login user $SO" "set-pin $SO $PIN" | last_rv)" CKR_OK "$1: C_Login with the PUK, and C_SetPIN"
	is_active "$PIN" "$1: unblocked once more"
}

# A program that is killed is seen to be gone through the connection, too.
killed() {
	fresh
	session_start desk "$FRONT"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	drive_stop desk
	is_blocked "$1, killed"
	passes "$1: no helper is left" wait_for 5 no_helpers
}

# p11-latch is here, the token there.
before_a_socket() {
	FRONT=$LATCH
	serve "$MODULE"
	wraps "$CLIENT"
	like "$("$CMD" explain "$CARD")" "*rofile*$1*" "$kind, far: its profile"
	flows "$kind, far"
	killed "$kind, far"
	serve_end
}

# The same by a command, which is what ssh would be; p11-latch keeps out of the proxy that it wraps.
before_a_command() {
	FRONT=$LATCH
	install -d -m 755 /etc/pkcs11/modules
	for kit in /usr/share/p11-kit/modules/*.module; do
		echo 'enable-in:' >"/etc/pkcs11/modules/${kit##*/}"
	done
	printf 'module: %s\ndisable-in: p11-kit-proxy\n' "$LATCH" >/etc/pkcs11/modules/p11-latch.module
	printf 'remote: |p11-kit remote %s\n' "$MODULE" >/etc/pkcs11/modules/far.module
	wraps "$PROXY"
	flows "$kind, remote:"
	killed "$kind, remote:"
	rm -rf /etc/pkcs11
}

# The connection is lost while a card is personalized: refused, and blocked when it is back.
lost() {
	serve "$MODULE"
	wraps "$CLIENT"
	fresh
	personalize desk
	far=$(cat "/proc/$server/task/$server/children")
	# shellcheck disable=SC2086
	kill -9 $far
	serve_end
	drive_stop desk
	passes "$kind, lost: the helper ends" wait_for 15 no_helpers
	is "$(record State)" personalizing "$kind, lost: it cannot be blocked from here"
	logged "not blocked, since the card answers" "$kind, lost: the log says so"
	serve "$MODULE"
	is "$(once "$LATCH" "login user $PIN" | last_rv)" CKR_PIN_LOCKED "$kind, lost: refused when it is back"
	is_blocked "$kind, lost"
	serve_end
}

# A server that hangs up makes a program of p11-kit's write to nobody: no order is to end by SIGPIPE.
hangs_up() {
	serve "$MODULE" --user anyone
	chmod 666 "$FAR"
	wraps "$CLIENT"
	for order in recover "block $CARD" status; do
		# shellcheck disable=SC2086
		"$CMD" $order >"$SCRATCH/order.log" 2>&1
		is $? 1 "$kind: p11-latch ${order%% *}, where the server hangs up, fails and lives"
	done
	serve_end
}

# serve_latch USER: by that user p11-latch is served to anyone's programs, which have no other way to it.
serve_latch() {
	SERVER=$SCRATCH/bin/$1
	serve "$LATCH" --user anyone
	# --user looks at who connects; the socket's own mode lets nobody but its owner.
	chmod 666 "$FAR"
	SERVER=
}

# The token, p11-latch and its helper's sockets are there. The rights are those of the server's user.
behind_a_socket() {
	FRONT=$CLIENT
	wraps "$MODULE"
	known_puk | pickup UnblockByLogin=yes
	sockets_start
	fresh
	token_share
	serve_latch operator
	# By CKR_DEVICE_ERROR or SIGPIPE, as it comes.
	unlike "$("$P11DRIVE" "$FRONT" initialize slots 2>&1)" "*label=$LABEL*" "$kind, served: root is not let in"
	who anyone
	session_start desk "$FRONT"
	must desk login so "$SO"
	expect CKR_OK desk init-pin "$PIN"
	is "$(record State)" personalizing "$kind, served: an operator's server lets a program personalize"
	is "$(once "$FRONT" "login user $PIN" | last_rv)" CKR_PIN_LOCKED "$kind, served: another connection cannot log in"
	like "$(once "$FRONT" token-info)" "* USER_PIN_LOCKED*" "$kind, served: and is shown why"
	drive_stop desk
	becomes blocked "$kind, served: the program is killed far away, and the card blocked here"
	who root
	fails "$kind, served: the card itself refuses the PIN" vendor_takes "$PIN"
	serve_end
	token_share
	serve_latch anyone
	who anyone
	is "$(once "$FRONT" "login user null" | last_rv)" CKR_PIN_LOCKED "$kind, served: nothing presented, and nothing used"
	is "$(once "$FRONT" "set-pin empty $PIN_NEW" | last_rv)" CKR_PIN_LOCKED "$kind, served: by C_SetPIN neither"
	is "$(once "$FRONT" "set-pin 11112222 $PIN_NEW" | last_rv)" CKR_PIN_INCORRECT "$kind, served: a wrong PUK"
	is "$(once "$FRONT" "set-pin $SO $PIN_NEW" "login user $PIN_NEW" | last_rv)" CKR_OK "$kind, served: the PUK"
	who root
	is_active "$PIN_NEW" "$kind, served: unblocked from far away"
	passes "$kind, served: no helper is left" wait_for 5 no_helpers
	serve_end
	sockets_stop
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	before_a_socket "$kind"
	lost
	hangs_up
	before_a_command
	behind_a_socket
	token_stop
done

# Where the token's names alone do not tell, the profile is written.
kind=tpm2
token_start tpm2
latch_setup
latch_conf "spawn:$HELPER" tpm2
before_a_socket tpm2
is "$(tpm2_wrong)" 1 "tpm2, far: the TPM has counted the one that was wrong"
is "$(tpm2_sessions)" 1 "tpm2, far: the program that was killed has left a session there, and nothing else has"
token_stop
done_testing
