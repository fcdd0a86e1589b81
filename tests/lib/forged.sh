# SPDX-License-Identifier: BSD-3-Clause
# The token of tests/card/forged.c. Sourced, after all.sh.
#
#	forged_start              sets MODULE, TOKEN and FORGED_DIR
#	forge MODE SOPIN PIN      MODE: honest, yes (every PIN is right), no; PIN "-": none is set yet
#	given                     what it was given since then, a line each
#
# And an office with a true card whose serial number is stolen, after sockets.sh, users_make and latch_setup:
#
#	office HELD|ASKED         whether policy knows the PUK that is valid now; it knows the one to be set
#	true_card                 blocked by an operator; sets R
#	forgery MODE              in its place, with the records as they were after true_card
#	learns_nothing TEXT       a test that nothing of the policy's was given to it

forged_start() {
	MODULE=$BUILDDIR/tests/card/forged.so
	[ -x "$MODULE" ] || bail_out "$MODULE is not built"
	TOKEN=forged
	LABEL=latch
	FORGED_DIR=$SCRATCH/forged
	export FORGED_DIR
	mkdir -p "$FORGED_DIR"
	chmod 777 "$FORGED_DIR"
}

forge() {
	rm -f "$FORGED_DIR"/*
	printf 'S1 %s %s %s 3 3\n' "$LABEL" "$2" "$3" >"$FORGED_DIR/token"
	printf '%s\n' "$1" >"$FORGED_DIR/mode"
	: >"$FORGED_DIR/given"
	chmod 666 "$FORGED_DIR"/*
}

given() {
	cat "$FORGED_DIR/given"
}

# --- The office of the true card --------------------------------------------------------------------

LETTER=424242
URI=pkcs11:token=latch
WRONG=11112222

office() {
	policy_clear
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	description unblock <<-EOF
		[Fields]
		PUK=
		NEW_PUK=
		LETTER=

		[Description]
		SetPIN=true
		PIN=LETTER
		InitialPUK=$([ "$1" = HELD ] && echo PUK || echo '!FROM_USER_DIALOG_1_FIELD')
		PUK=NEW_PUK
		ClearFields=LETTER
	EOF
	value puk "$SO"
	value new-puk "$SO_NEW"
	value letter-S1 "$LETTER"
	{
		printf 'Personalize=personalize.dsc\nUnblock=unblock.dsc\nUnblockByLogin=yes\n'
		[ "$1" != HELD ] || echo "Field.PUK=file:$CONF_DIR/values/puk"
		echo "Field.NEW_PUK=file:$CONF_DIR/values/new-puk"
		echo "Field.LETTER=file:$CONF_DIR/values/letter-{serial}"
	} | policy
	shut_away
}

# What is known of it is kept for each forgery that follows.
true_card() {
	rm -rf "${STATE:?}"/* "$SCRATCH/kept" "$SCRATCH/values"
	forge honest "$SO" -
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	must desk finalize
	drive_stop desk
	state_is blocked || bail_out "the true card is not blocked: $(log_text)"
	R=$(cut -d ' ' -f 4 "$FORGED_DIR/token")
	cp -a "$STATE" "$SCRATCH/kept"
	cp -a "$CONF_DIR/values" "$SCRATCH/values"
}

as_it_was() {
	rm -rf "${STATE:?}"/* "$CONF_DIR/values"
	cp -a "$SCRATCH/kept/." "$STATE/"
	cp -a "$SCRATCH/values" "$CONF_DIR/values"
}

forgery() {
	as_it_was
	forge "$1" 00000000 00000000
}

learned() {
	grep -e "$SO" -e "$SO_NEW" -e "$LETTER" -e "$R" "$FORGED_DIR/given"
}

learns_nothing() {
	is "$(learned)" "" "$profile, $mode: a forged card learns nothing by $1"
	passes "$profile, $mode: and nothing is wiped by $1" test -s "$CONF_DIR/values/letter-S1"
}
