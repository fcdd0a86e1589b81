# SPDX-License-Identifier: BSD-3-Clause
# OpenSSH: ssh-keygen -D, and an agent with the card, before, during and after blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"

command -v ssh-agent >/dev/null || bail_out "openssh-client is not installed"

# What ssh-add asks a person.
cat >"$SCRATCH/askpass" <<-EOF
	#!/bin/sh
	cat "$SCRATCH/answer"
EOF
chmod 755 "$SCRATCH/askpass"
SSH_ASKPASS=$SCRATCH/askpass
SSH_ASKPASS_REQUIRE=force
SSH_AUTH_SOCK=$SCRATCH/agent
export SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_AUTH_SOCK

# An agent keeps what it loaded, so each part of a test has one of its own. -P: the module may lie anywhere.
agent_start() {
	foreign exec "$(foreign_path ssh-agent)" -D -a "$SSH_AUTH_SOCK" -P '/*' >"$SCRATCH/agent.log" 2>&1 </dev/null &
	agent=$!
	wait_for 10 test -S "$SSH_AUTH_SOCK" || bail_out "ssh-agent: $(cat "$SCRATCH/agent.log")"
}

agent_stop() {
	kill "$agent"
	wait_for 10 gone "$agent" || bail_out "ssh-agent does not end"
	rm -f "$SSH_AUTH_SOCK"
}

adds() {
	printf '%s\n' "$4" >"$SCRATCH/answer"
	gives "$kind, $way: ssh-add -s $1" "$2" "$3" ssh-add -s "$(module_of "$way")"
}

signs() {
	gives "$kind, $way: ssh-add -T: the agent signs $1" "$2" "*" ssh-add -T "$SCRATCH/key.pub"
}

before() {
	gives "$kind, $way: ssh-keygen -D shows the key" 0 "*ssh-rsa *" \
		ssh-keygen -D "$(module_of "$way")"
	printf '%s\n' "$gives_out" | grep '^ssh-rsa' >"$SCRATCH/key.pub"
	agent_start
	adds "with the PIN" 0 "*Card added*" "$PIN"
	signs "before" 0
	agent_stop
}

during() {
	gives "$kind, $way: ssh-keygen -D shows a blocked card's key" 0 "*ssh-rsa *" \
		ssh-keygen -D "$(module_of "$way")"
	agent_start
	adds "with the right PIN of a blocked card" "not 0" "*agent refused operation*" "$PIN"
	signs "nothing" "not 0"
	agent_stop
	is "$(record State)" blocked "$kind, $way: the card is blocked still"
}

after() {
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind, $way: C_SetPIN unblocks it"
	agent_start
	adds "with the new PIN" 0 "*Card added*" "$PIN_NEW"
	signs "after" 0
	agent_stop
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk
	p11_kit_setup
	for way in direct proxy; do
		user_card
		before
		block_card
		during
		after
	done
	token_stop
done
done_testing
