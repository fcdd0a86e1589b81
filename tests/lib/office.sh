# SPDX-License-Identifier: BSD-3-Clause
# A card office whose helper is behind its sockets, with a blocked card, for hostile callers. Sourced, after sockets.sh.
#
#	desk                 the policy: it holds the PUK, and a PIN letter of the card's own
#	office_start KIND    that token, its sockets, and the card blocked. Sets ID (its identity, hex) and NAME
#	office_ends, office_ends_by COMMAND...
#	                     the last tests: none crashed, an operator unblocks the card as ever; then all is stopped
#	what_is_seen         flags, record, private part, values: what a hostile caller may not change

LETTER=424242

desk() {
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	description unblock <<-'EOF'
		[Fields]
		PUK=
		LETTER=

		[Description]
		SetPIN=true
		PIN=LETTER
		InitialPUK=PUK
		ClearFields=LETTER
	EOF
	value puk "$SO"
	value "letter-$(serial)" "$LETTER"
	policy <<-EOF
		Personalize=personalize.dsc
		Unblock=unblock.dsc
		Field.PUK=file:$CONF_DIR/values/puk
		Field.LETTER=file:$CONF_DIR/values/letter-{serial}
	EOF
}

# What a card's life depends on: flags (but that there was a wrong try), record, private part, values. A PIN letter that is guessed is
# counted, and a C_InitPIN that is announced is in the journal, until somebody sees that it was none.
what_is_seen() {
	flags "$MODULE" | sed 's/ [A-Z]*_PIN_COUNT_LOW//g'
	cat "$STATE"/records/* "$STATE"/private/*.state | grep -v -e ^Journal= -e ^LetterWrong=
	grep -r . "$CONF_DIR/values"
}

office_start() {
	token_start "$1"
	token_share
	latch_setup
	mkdir "$CONF_DIR/values"
	desk
	sockets_start
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	must desk finalize
	drive_stop desk
	ID=$(record Token)
	NAME=$(basename "$(record_file)")
}

# systemd-socket-activate says so of each: a number that is not 0 is an error, or a signal.
ends_not_well() {
	grep -h "^Child [0-9]* died with code [1-9]" "$SCRATCH/run/helper.log" "$SCRATCH/run/operators.log"
	grep -h -e "ERROR: AddressSanitizer" -e "runtime error:" "$SCRATCH/run/helper.log" "$SCRATCH/run/operators.log"
}

office_ends() {
	office_ends_by once "$LATCH" "set-pin $SO $PIN_NEW"
}

# office_ends_by COMMAND...: what an operator unblocks it with.
office_ends_by() {
	who root
	passes "$kind: no helper is left" wait_for 70 no_helpers
	is "$(ends_not_well)" "" "$kind: none crashed"
	who operator
	case $1 in
	once) "$@" ;;
	*) as operator "$@" ;;
	esac >"$SCRATCH/out" 2>&1
	who root
	is "$(record State)" active "$kind: the card is unblocked as ever"
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW" "$LETTER"
	sockets_stop
	token_stop
}
