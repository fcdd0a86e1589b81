# SPDX-License-Identifier: BSD-3-Clause
# Cards with tickets whose helper is killed at each step, and who can open them afterwards. Sourced, after all.sh.
#
#	each_step TEXT PROGRAM MAKE JUDGE COMMAND...
#	                          PROGRAM is killed while COMMAND runs, at one step after the other; before each MAKE
#	                          makes the card, afterwards JUDGE says what is wrong with it. EACH_CALLS: at these
#	offline_killed KIND       personalizations, and uses of a ticket, killed before and after each of the calls
#	                          that change something, and each write of the state directory; of the many only a
#	                          sample, unless P11_LATCH_KILLED=all stands in the environment

. "$SRCDIR/tests/lib/offline.sh"

STEPS_MOST=60

# at_step PROGRAM CALL NTH ACTION COMMAND...: it is killed there; false: there is no such step.
at_step() {
	fault "$1" "$2" "$3" "$4"
	shift 4
	preloaded "$BUILDDIR/tests/card/faulty.so" "$@" >"$SCRATCH/action" 2>&1
	faulted
	killed_there=$?
	fault none
	wait_for 10 no_helpers || bail_out "$*: a helper does not end"
	# What was not written to its end is nothing, but record() would read it.
	rm -f "$SCRATCH"/*/state/records/*.new
	return "$killed_there"
}

# wrong TEXT: the step is not what it should be.
wrong() {
	not_ok "$kind: $step: $1" "record: $(record State) $(record Method), sealed $(private Sealed), generation $(private Generation)" \
		"$(objects box)" "$(cat "$SCRATCH/action")" "$(log_text | grep -v -e OSSL -e "has warnings" | cut -c1-300 | tail -n 8)"
}

each_step() {
	each_text=$1
	each_program=$2
	each_make=$3
	each_judge=$4
	shift 4
	steps=0
	failed=$TAP_FAILED
	for each_call in ${EACH_CALLS:-C_InitToken C_InitPIN C_SetPIN C_CreateObject C_DestroyObject rename}; do
		case ${P11_LATCH_KILLED:-},$each_call in
		,rename) each_stride=5 ;;
		,C_CreateObject) each_stride=3 ;;
		*) each_stride=1 ;;
		esac
		for each_action in kill-before kill-after; do
			each_n=1
			while :; do
				step="$each_text, $each_action of $each_call number $each_n"
				"$each_make"
				log_clear
				at_step "$each_program" "$each_call" "$each_n" "$each_action" "$@" || break
				"$each_judge"
				steps=$((steps + 1))
				each_n=$((each_n + each_stride))
				[ "$each_n" -lt "$STEPS_MOST" ] || bail_out "$each_text does not end"
			done
		done
	done
	is "$TAP_FAILED" "$failed" "$kind: $each_text: killed at $steps steps, and each card can be opened by who may"
	passes "$kind: $each_text: those were not few" test "$steps" -gt 4
}

so_not_lost() {
	case $(flags "$MODULE") in
	*SO_PIN_LOCKED*) [ "$kind" = softhsm ] || wrong "its SO PIN is locked" ;;
	esac
}

# --- A ticket is used -------------------------------------------------------------------------------

# The card is blocked, its tickets are there; where few are left it is another card.
ticket_card() {
	at_phone
	if [ "$(objects ticket | wc -l)" -lt 4 ]; then
		at_office
		offline_card
	else
		offline_block_again
	fi
	at_phone
	answer=$(respond "$(challenge)" | tr -d ' ')
}

use_it() {
	once "$LATCH" "set-pin $answer $PIN_NEW"
}

# Who was interrupted gives the same response once more, or the next one; in the end the card has the new PIN. Or a desk has it.
ticket_judge() {
	at_phone
	so_not_lost
	"$CMD" recover >/dev/null 2>&1
	if [ $((steps % 3)) = 2 ]; then
		at_desk
		"$CMD" unblock --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1 || wrong "a desk with the key does not unblock it"
	elif [ "$(record State)" != active ] || ! vendor_takes "$PIN_NEW"; then
		use_it >>"$SCRATCH/action" 2>&1
		vendor_takes "$PIN_NEW" ||
			"$CMD" unblock --response "$(respond "$(challenge)")" --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1
	fi
	vendor_takes "$PIN_NEW" || wrong "it has not the new PIN"
	so_not_lost
	# What was left by the interruption is no obstacle to the next use, nor does it cost the office the card.
	offline_block_again
	answer=$(respond "$(challenge)")
	"$CMD" unblock --response "$answer" --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1 || wrong "the next response does not open it"
	[ "$(objects box | wc -l)" = 1 ] || wrong "there is more than one box"
	so_not_lost
}

# --- A personalization ------------------------------------------------------------------------------

new_card() {
	at_office
	token_new
	for offline_place in office phone desk; do
		rm -rf "$SCRATCH/$offline_place"/state/*
	done
}

make_it() {
	once "$LATCH" "login so $SO" "init-pin $PIN" close
}

# The SO PIN is what it was, and who has it can go on; or it is in the box, which the key opens.
made_judge() {
	at_office
	so_not_lost
	"$CMD" recover >/dev/null 2>&1
	made_state=$(record State)
	if [ "$made_state" = none ]; then
		# Not even the record that begins a personalization was written.
		so_known "$SO" || wrong "not personalized, and its SO PIN is another"
		return
	fi
	[ "$made_state" != active ] || wrong "it is active"
	[ "$made_state" = personalizing ] || ! vendor_takes "$PIN" || wrong "its PIN is open"
	so_not_lost
	if so_known "$SO"; then
		[ "$(set_pin "$SO" "$PIN_NEW")" = CKR_OK ] || wrong "its PUK does not unblock it"
	else
		"$CMD" unblock --pin "$PIN_NEW" "$CARD" >>"$SCRATCH/action" 2>&1 || wrong "its card manager key does not unblock it"
	fi
	vendor_takes "$PIN_NEW" || wrong "it has not the new PIN"
}

# faulty_machines [LINE...]: offline_machines, over a module in which steps can be made go wrong.
faulty_machines() {
	offline_machines "$@"
	for offline_place in office phone desk; do
		machine "$offline_place"
		faulty_start
	done
	fault none
	at_office
}

offline_killed() {
	kind=$1
	token_start "$kind"
	faulty_machines Tickets=3
	each_step "personalizing" p11-latch-helper new_card made_judge make_it
	faulty_machines Tickets=30
	offline_card
	each_step "a ticket" p11-latch-helper ticket_card ticket_judge use_it
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
}
