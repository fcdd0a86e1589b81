# SPDX-License-Identifier: BSD-3-Clause
# System calls that fail, one a run, in what the command does: apply, recover, and the small orders.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

do_apply() {
	hurt "$CMD" apply "$SCRATCH/unblock.dsc" "$CARD"
}

do_initialise() {
	hurt "$CMD" apply "$SCRATCH/new.dsc" pkcs11:
}

do_recover() {
	hurt "$CMD" recover
}

do_settle() {
	do_recover
}

# Each leaves the card as it is.
do_small() {
	for small in "adopt $CARD" "reset $CARD" "status" "status --json" "check" "explain $CARD"; do
		# shellcheck disable=SC2086
		hurt "$CMD" $small
	done
}

# calls_of CALL COMMAND WORD...: the numbers of these calls of the command.
calls_of() {
	small_call=$1
	shift
	clear_faults
	: >"$FAULTS/trace"
	hurt "$CMD" "$@" >"$SCRATCH/action" 2>&1
	sed -n "s/^p11-latch 1 0 \([0-9]*\) $small_call .*/\1/p" "$FAULTS/trace"
	rm -f "$FAULTS/trace"
}

# A card that is not named is left alone, whatever memory there is for the name of the other.
only_the_named() {
	small_wrong=
	token_second
	for small in $(calls_of strdup adopt "$CARD"); do
		rm -rf "${STATE:?}"/*
		clear_faults
		echo "p11-latch 1 0 $small fail" >"$FAULTS/fault"
		hurt "$CMD" adopt "$CARD" >"$SCRATCH/action" 2>&1
		[ -e "$FAULTS/done" ] && [ "$(ls "$STATE/records" 2>/dev/null | wc -l)" -le 1 ] ||
			small_wrong="$small_wrong strdup $small: $(cat "$SCRATCH/action")"
	done
	clear_faults
	is "$small_wrong" "" "$kind: p11-latch adopt adopts no other card, whatever memory it has"
}

# Else the flows might come through what never lasted.
lack_lasts() {
	restore active
	small=$(calls_of malloc block "$CARD" | head -n 1)
	restore active
	clear_faults
	echo "p11-latch 1 0 $small no-memory" >"$FAULTS/fault"
	hurt "$CMD" block "$CARD" >"$SCRATCH/action" 2>&1
	passes "$kind: the memory that lacks at one call" test -s "$FAULTS/done"
	passes "$kind: is lacking at those after it" test -s "$FAULTS/lasted"
	clear_faults
}

# What one of many cards has to say is put together in memory, of which there may be none left at the end.
nothing_said() {
	restore journal
	clear_faults
	: >"$FAULTS/trace"
	hurt "$CMD" recover >"$SCRATCH/action" 2>&1
	small=$(sed -n 's/^p11-latch 1 1 \([0-9]*\) fclose .*/\1/p' "$FAULTS/trace" | tail -n 1)
	rm -f "$FAULTS/trace"
	restore journal
	clear_faults
	echo "p11-latch 1 1 $small fail" >"$FAULTS/fault"
	hurt "$CMD" recover >"$SCRATCH/action" 2>&1
	is "$(nothing_broke 0)" "" "$kind: p11-latch recover does not break where it has no memory to tell of it"
	passes "$kind: as it was made to" test -s "$FAULTS/done"
	clear_faults
}

descriptions() {
	cat >"$SCRATCH/unblock.dsc" <<-EOF
		[Description]
		SetPIN=true
		InitialPUK=#$SO
		PIN=#$PIN_NEW
	EOF
	cat >"$SCRATCH/new.dsc" <<-EOF
		[Application_B]
		BlockCard=true

		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=latch
		InitialPUK=#$SO
		PIN=#$PIN
	EOF
}

# What a watcher leaves that is killed while it blocks, and an unblocking that is killed before the PUK is changed.
left_behind() {
	faulty_start
	restore factory
	fault p11-latch-helper C_InitPIN 1 kill-after
	once "$LATCH" "login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data keep $KEEP private" \
		logout close >/dev/null
	fault none
	state_is personalizing || bail_out "nothing is left to be blocked: $(record State)"
	snapshot personalizing
	restore blocked
	fault p11-latch-helper C_SetPIN 1 kill-before
	once "$LATCH" "set-pin $SO $PIN_NEW" close >/dev/null
	fault none
	[ "$(private Journal)" != none ] || bail_out "nothing is left in the journal"
	snapshot journal
	sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
}

kind=softhsm
token_start "$kind"
latch_setup
faults_start
descriptions
known_puk "$SO" "PUK=#$SO_NEW" | pickup
snapshots_make
left_behind
faults apply blocked
faults recover journal
faults small active
faults settle personalizing
restore factory
rm -rf "$(token_folder)"
install -d -m 700 "$(token_folder)"
snapshot empty
faults initialise empty
lack_lasts
nothing_said
restore factory
only_the_named
token_stop
done_testing
