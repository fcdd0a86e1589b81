# SPDX-License-Identifier: BSD-3-Clause
# What became of a card whose flow was killed. Sourced, after tokens.sh.
#
#	judge        VERDICT: blocked, active, untouched, refused or kept; half or lost, where that alone is wrong; or
#	             bad. WRONG: what is wrong, in words
#
# blocked: by its record, and it takes no PIN of a person's. active: by its record, and it takes one. untouched: no
# record, and it takes no PIN but the one it had. refused: by p11-latch, since nobody here has an SO secret, and nothing
# has proved that the card can be unlocked; only where the flow may end so. kept: one of these, after "p11-latch reset",
# without which the last SO try would not be spent; only where a recovery was killed, too. In each case its SO secret is known, the last try of it is there,
# nothing is under way any more, whoever has the policy's secret (or, where it holds none, the person's own)
# unblocks it, and then all that was on it is there. half: active, but takes no PIN before it is unblocked once more, as
# openCryptoki leaves it when it is killed between its files. lost: its SO secret, or what was on it.

wrong() {
	WRONG="$WRONG$*; "
}

# R_STATE, R_JOURNAL, R_SO_WRONG: of record and private part, without a process.
read_state() {
	R_STATE=none
	R_JOURNAL=none
	R_SO_WRONG=0
	for read_file in "$STATE"/records/* "$STATE"/private/*.state; do
		case $read_file in
		*.new | *'*'*) continue ;;
		esac
		while IFS='=' read -r read_key read_value; do
			case $read_key in
			State) R_STATE=$read_value ;;
			Method) [ "$R_STATE,$read_value" != personalizing,refuse ] || R_STATE=refused ;;
			Journal) R_JOURNAL=$read_value ;;
			SOWrong) R_SO_WRONG=$read_value ;;
			esac
		done <"$read_file"
	done
}

NO_PIN="active by its record, with a PIN that nobody knows"

judge_state() {
	case $R_STATE in
	blocked) [ -z "$LOOK_PIN" ] || wrong "open: blocked by its record, and it takes $LOOK_PIN" ;;
	active) [ -n "$LOOK_PIN" ] || wrong "$NO_PIN" ;;
	none)
		R_STATE=untouched
		[ "$LOOK_PIN" = "$PIN_BEFORE" ] || wrong "open: no record, and its PIN is '$LOOK_PIN'"
		;;
	refused) ;;
	*) wrong "its record says $R_STATE" ;;
	esac
	case ,$FLOW_ENDS, in
	*",$R_STATE,"*) ;;
	*) wrong "it may not be $R_STATE afterwards" ;;
	esac
	[ "$R_JOURNAL" = none ] || wrong "its journal says $R_JOURNAL"
	case $LOOK_TRIES in
	0 | 1) wrong "tries of its SO secret left: $LOOK_TRIES" ;;
	esac
}

# Whoever may unblocks it: that the SO secret is one of the policy's is seen by that, too.
judge_further() {
	echo "$PIN" >"$SCRATCH/pin"
	set -- --pin "@$SCRATCH/pin"
	# Of a card with tickets it is random, and not to be typed; before it has any it is a person's.
	if [ "$FLOW_POLICY" = asked ] || [ "$FLOW_POLICY,$LOOK_SO" = "offline,$SO" ]; then
		echo "$LOOK_SO" >"$SCRATCH/puk"
		set -- "$@" --puk "@$SCRATCH/puk"
	fi
	"$CMD" unblock "$@" "$CARD" >"$SCRATCH/unblock" 2>&1 || wrong "not unblocked: $(cat "$SCRATCH/unblock")"
	read_state
	[ "$R_STATE" = active ] || wrong "p11-latch unblock leaves it $R_STATE"
	has_object "$PIN" || wrong "lost: it does not take the new PIN, or what was on it is not there"
}

# No token of that label, as it was before.
is_bare() {
	[ "$FLOW_START" = bare ] || return 1
	case $(once "$MODULE" token-info) in
	*"slot-label CKR_OK"*) return 1 ;;
	esac
}

# Killed twice on a card that shows no count of its SO tries, each may have cost one: by its own count only the last is
# left, and that is an administrator's to spend. Then all is as it is to be.
judge_kept() {
	case $FAMILY,$FLOW in
	software,*) return ;;
	*,recover-*) [ "$R_SO_WRONG" -ge 2 ] || return ;;
	*) return ;;
	esac
	KEPT=yes
	"$CMD" reset "$CARD" >"$SCRATCH/reset" 2>&1 || wrong "no reset: $(cat "$SCRATCH/reset")"
	"$CMD" recover >>"$SCRATCH/recover" 2>&1
	read_state
	look
}

judge() {
	WRONG=
	KEPT=
	look
	read_state
	judge_kept
	judge_state
	VERDICT=$R_STATE
	if [ -z "$LOOK_SO" ] && [ "$VERDICT" = untouched ] && is_bare; then
		: # has no SO secret so far
	elif [ -z "$LOOK_SO" ]; then
		[ -n "$LOOK_PIN" ] || WRONG=
		wrong "lost: nobody knows its SO secret"
	elif [ -z "$WRONG" ] && [ "$VERDICT" != untouched ]; then
		judge_further
	elif [ "$WRONG" = "$NO_PIN; " ]; then
		judge_further
		[ "$WRONG" != "$NO_PIN; " ] || VERDICT=half
	fi
	[ -z "$KEPT" ] || VERDICT=kept
	[ -z "$WRONG" ] || [ "$VERDICT" = half ] || VERDICT=bad
	case $WRONG in
	open:* | *"; open:"* | *"tries of"*) ;;
	*lost:*) VERDICT=lost ;;
	esac
}

# Without p11-latch: what the vendor's module made of it.
judge_control() {
	WRONG=
	VERDICT=active
	look
	if is_bare; then
		VERDICT=untouched
	elif [ -z "$LOOK_SO" ]; then
		VERDICT=lost
	else
		[ -n "$LOOK_PIN" ] || VERDICT=half
		once "$MODULE" "login so $LOOK_SO" "init-pin $PIN" >"$SCRATCH/unblock" 2>&1
		has_object "$PIN" || VERDICT=lost
	fi
}
