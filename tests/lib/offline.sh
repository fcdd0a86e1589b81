# SPDX-License-Identifier: BSD-3-Clause
# Offline-unblockable cards: an office whose policy holds the card manager key, and a machine whose policy holds
# nothing. Sourced, after all.sh; brings pickup.sh along.
#
#	offline_machines [LINE...]     configuration of both; LINEs go into the office's binding
#	at_office, at_phone, at_desk   which of them the next words and programs are at; a desk has the key, and
#	                               never saw a card
#	offline_card                   a factory token that pkcs11-tool has personalized at the office: blocked
#	offline_block_again            the card, unblocked at the phone, is blocked once more
#	shared_office                  with sockets.sh: its policy has the key, and tickets are made
#	challenge                      what a person reads out; respond CHALLENGE: what the helpdesk answers
#	tool ARG...                    pkcs11-tool through p11-latch
#	objects [PATTERN]              the labels of what p11-latch has on the token
#	so_known PIN...                whether the token takes one of them as SO PIN

. "$SRCDIR/tests/lib/pickup.sh"

MANAGER_KEY=0123456789abcdef23456789abcdef0189abcdef01234567
MANAGER_KEY_NEW=fedcba98765432100f1e2d3c4b5a69788796a5b4c3d2e1f0

# The vendor's own, to the letter.
offline_description() {
	cat <<-'END'
		[Fields]
		CARD_MANAGER_KEY=

		[Description]
		InitCRKey=true
		UseCardManagerKey=true
		CardManagerKey=CARD_MANAGER_KEY
	END
}

offline_block() {
	printf '\n[Application_B]\nBlockCard=true\n'
}

# machine NAME: a configuration and a state of its own.
machine() {
	CONF_DIR=$SCRATCH/$1
	STATE=$SCRATCH/$1/state
	POLICY=$CONF_DIR/policy.conf
	P11_LATCH_CONF=$CONF_DIR/p11-latch.conf
}

at_office() {
	machine office
}

at_phone() {
	machine phone
}

# A desk of another place, whose policy has the key, and which never saw the card.
at_desk() {
	machine desk
}

# machine_setup: files of the machine that is chosen.
machine_setup() {
	rm -rf "$CONF_DIR"
	install -d -m 755 "$CONF_DIR" "$CONF_DIR/descriptions" "$STATE"
	latch_conf "spawn:$HELPER"
	policy_clear
}

offline_machines() {
	latch_setup
	at_office
	machine_setup
	printf '%s\n' "$MANAGER_KEY" >"$SCRATCH/manager.key"
	chmod 600 "$SCRATCH/manager.key"
	{
		offline_description
		offline_block
	} | description offline
	{
		printf 'Personalize=offline.dsc\nField.CARD_MANAGER_KEY=file:%s\n' "$SCRATCH/manager.key"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | policy
	at_phone
	machine_setup
	asked_puk | description unblock
	echo Unblock=unblock.dsc | policy
	at_desk
	machine_setup
	offline_unblock | description unblock
	printf 'Unblock=unblock.dsc\nField.CARD_MANAGER_KEY=file:%s\n' "$SCRATCH/manager.key" | policy
	at_office
}

# offline_unblock [ELEMENT...]: how a card with tickets is unblocked by its card manager key.
offline_unblock() {
	cat <<-'END'
		[Fields]
		CARD_MANAGER_KEY=
		NEW_KEY=

		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		UseCardManagerKey=true
		CardManagerKey=CARD_MANAGER_KEY
	END
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

tool() {
	foreign pkcs11-tool --module "$LATCH" --token-label "$LABEL" "$@" 2>&1
}

offline_card() {
	token_new
	for offline_place in office phone desk; do
		rm -rf "$SCRATCH/$offline_place"/state/*
	done
	offline_out=$(tool --login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN")
	state_is blocked ||
		bail_out "$TOKEN: not blocked: $offline_out; the log: $(log_text | tail -n 20)"
}

# The card is blocked again, by the office, whatever its record says.
offline_block_again() {
	at_office
	offline_out=$("$CMD" block --force "$CARD" 2>&1) || bail_out "block: $offline_out"
	at_phone
}

challenge() {
	"$CMD" challenge "$CARD" 2>/dev/null
}

respond() {
	"$CMD" respond --challenge "$1" --field "CARD_MANAGER_KEY=@${2:-$SCRATCH/manager.key}" 2>/dev/null
}

objects() {
	foreign pkcs11-tool --module "$MODULE" --token-label "$LABEL" --list-objects --type data 2>/dev/null |
		sed -n "s/.*label: *'\{0,1\}\(p11-latch [^']*\)'\{0,1\}$/\1/p" | grep -e "${1:-.}" | sort -V
}

so_known() {
	for so_pin; do
		[ "$(login_rv "$MODULE" so "$so_pin")" != CKR_OK ] || return 0
	done
	return 1
}

# After sockets.sh. One machine for all, whose policy has the key: who is behind helper.sock gets nothing by it without
# a response.
shared_office() {
	{
		offline_description
		offline_block
	} | description offline
	printf '%s\n' "$MANAGER_KEY" >"$SCRATCH/manager.key"
	value manager "$MANAGER_KEY"
	printf 'Personalize=offline.dsc\nTickets=4\nField.CARD_MANAGER_KEY=file:%s\n' "$CONF_DIR/values/manager" | policy
}
