# SPDX-License-Identifier: BSD-3-Clause
# Logging in by OpenSSH, to an sshd of this test's own: ssh -I asks for the PIN itself, an agent has the card from
# ssh-add -s on; before, during and after blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

[ -x /usr/sbin/sshd ] || bail_out "openssh-server is not installed"
D=$SCRATCH/ssh
mkdir -p "$D" /run/sshd

# What ssh and ssh-add ask a person.
cat >"$D/askpass" <<-EOF
	#!/bin/sh
	printf '%s\n' "\$1" >>"$D/asked"
	cat "$D/answer"
EOF
chmod 755 "$D/askpass"
SSH_ASKPASS=$D/askpass
SSH_ASKPASS_REQUIRE=force
SSH_AUTH_SOCK=$D/agent
export SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_AUTH_SOCK

sshd_start() {
	ssh-keygen -q -t ed25519 -N '' -f "$D/host" || bail_out "ssh-keygen"
	printf '[localhost]:%s %s\n' "$TLS_PORT" "$(cat "$D/host.pub")" >"$D/known"
	cat >"$D/config" <<-EOF
		ListenAddress 127.0.0.1:$TLS_PORT
		HostKey $D/host
		AuthorizedKeysFile $D/authorized
		PermitRootLogin yes
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		StrictModes no
		UsePAM no
		PidFile none
	EOF
	# An account that is locked ("!") may not log in by a key either. This /etc is the test's own.
	sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
	serves /usr/sbin/sshd -D -e -f "$D/config"
}

# logs_in TEXT STATUS PATTERN ARG...
logs_in() {
	logs_in_text=$1
	logs_in_status=$2
	logs_in_pattern=$3
	shift 3
	gives "$kind, $way: $logs_in_text" "$logs_in_status" "$logs_in_pattern" timeout 20 ssh -F none \
		-o UserKnownHostsFile="$D/known" -p "$TLS_PORT" "$@" root@localhost echo here I am
}

# asked TEXT STATUS PATTERN PIN: by ssh -I.
asked() {
	: >"$D/asked"
	printf '%s\n' "$4" >"$D/answer"
	logs_in "ssh -I, $1" "$2" "$3" -o IdentityAgent=none -I "$(module_of "$way")"
	is "$(cat "$D/asked")" "Enter PIN for '$LABEL': " "$kind, $way: ssh -I, $1: asks for the PIN, and once"
}

# adds TEXT STATUS PATTERN PIN: to the agent.
adds() {
	printf '%s\n' "$4" >"$D/answer"
	gives "$kind, $way: ssh-add -s, $1" "$2" "$3" ssh-add -s "$(module_of "$way")"
}

# -P: the module may lie anywhere.
agent_start() {
	foreign exec "$(foreign_path ssh-agent)" -D -a "$SSH_AUTH_SOCK" -P '/*' >"$D/agent.log" 2>&1 </dev/null &
	agent=$!
	wait_for 10 test -S "$SSH_AUTH_SOCK" || bail_out "ssh-agent: $(cat "$D/agent.log")"
}

agent_stop() {
	kill "$agent"
	wait_for 10 gone "$agent" || bail_out "ssh-agent does not end"
	rm -f "$SSH_AUTH_SOCK"
}

# An administrator blocks a card that is in use.
take_back() {
	printf '%s\n' "$SO" | "$CMD" block "pkcs11:token=$LABEL" --puk - >"$D/block.log" 2>&1
	is "$?:$(record State)" 0:blocked "$kind, $way: p11-latch block"
}

BLOCKED="*PKCS#11 login failed: PIN locked*signing failed*Permission denied (publickey)*"

by_itself() {
	asked before 0 "*here I am*" "$PIN"
	block_card
	asked "with the right PIN of a blocked card" "not 0" "$BLOCKED" "$PIN"
	untouched "ssh -I"
	unblock_card
	asked "with the old PIN" "not 0" "*PKCS#11 login failed: PIN incorrect*" "$PIN"
	asked after 0 "*here I am*" "$PIN_NEW"
}

# One agent all the time: what it is logged in to stays open, until the card is taken from it.
by_agent() {
	agent_start
	adds before 0 "*Card added*" "$PIN_NEW"
	logs_in "by the agent, before" 0 "*here I am*"
	take_back
	logs_in "by an agent that was logged in when the card was blocked" 0 "*here I am*"
	gives "$kind, $way: ssh-add -e" 0 "*Card removed*" ssh-add -e "$(module_of "$way")"
	adds "with the right PIN of a blocked card" "not 0" "*agent refused operation*" "$PIN_NEW"
	logs_in "by the agent, blocked" "not 0" "*Permission denied (publickey)*"
	untouched "ssh-add -s"
	unblock_card
	adds after 0 "*Card added*" "$PIN_NEW"
	logs_in "by the agent, after" 0 "*here I am*"
	agent_stop
}

sshd_start
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk UnblockByLogin=auto
	p11_kit_setup
	for way in direct proxy; do
		user_card
		foreign ssh-keygen -D "$(module_of "$way")" >"$D/authorized" 2>"$D/keygen.log" ||
			bail_out "ssh-keygen -D: $(cat "$D/keygen.log")"
		by_itself
		by_agent
	done
	token_stop
done
serves_no_more
done_testing
