# SPDX-License-Identifier: BSD-3-Clause
# Kills the flows of one token at their steps, and keeps count. Sourced, after all.sh.
#
#	kill_flows TOKEN [FLOW...]    those flows of the token, or all
#
# A place is all the steps of a process between which nothing happened outside the processes: no file of the token, the
# card and p11-latch changed, and nobody was told anything. Wherever in it the process is killed, the same is left.
#
# From the environment: P11_LATCH_KILL_PLACES: each Nth of the places (1: all), at one of its steps, and
# P11_LATCH_KILL_EVERY: each Nth of the other steps (0: none); P11_LATCH_KILL_MOST: of these as many in each flow, spread
# over it (0: all); P11_LATCH_SEED: which ones. P11_LATCH_KILL_FLOW (several, with commas), _KIND, _CLASS, _STEP: these
# alone; a step with all that was said. P11_LATCH_KILL_DIR: where results are kept, and what is
# found there already is not done again.
#
# A class is that of killer.c, with a "+" where the application is killed at the same moment as the helper, or the
# helper as the application, and with a "-" where it is killed and the one that came to the step goes on.

KILLER=$BUILDDIR/tests/kill/killer
KILL_DIR=${P11_LATCH_KILL_DIR:-$SCRATCH/results}
KILL_EVERY=${P11_LATCH_KILL_EVERY:-0}
KILL_PLACES=${P11_LATCH_KILL_PLACES:-1}
KILL_MOST=${P11_LATCH_KILL_MOST:-0}
KILL_SEED=${P11_LATCH_SEED:-1}

. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/kill/choose.sh"
. "$SRCDIR/tests/kill/tokens.sh"
. "$SRCDIR/tests/kill/flows.sh"
. "$SRCDIR/tests/kill/verdict.sh"

is_control() {
	case $FLOW in
	control*) return 0 ;;
	esac
	return 1
}

# LeakSanitizer does not work in a process that is traced.
killed() {
	# shellcheck disable=SC2086
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 "$KILLER" $KILL_WHAT "$SCRATCH/report" "$@" >"$SCRATCH/action" 2>&1 </dev/null
}

# What a flow consists of: a list of its steps, made by one run of it that is not killed.
list_steps() {
	give "$SCRATCH/base"
	log_clear
	KILL_WHAT="-l $1.new -f $STATE"
	for list_path in $(outlives); do
		KILL_WHAT="$KILL_WHAT -f $list_path"
	done
	"action_$FLOW_ACTION"
	[ "$(cat "$SCRATCH/report")" = whole ] || bail_out "$TOKEN, $FLOW: does not end: $(cat "$SCRATCH/action")"
	! grep -q 'CKR_[^O]' "$SCRATCH/action" || is_control ||
		bail_out "$TOKEN, ${1##*/}, not killed: $(cat "$SCRATCH/action") $(log_text)"
	is_control || judge
	is_control || [ -z "$WRONG" ] ||
		bail_out "$TOKEN, ${1##*/}, not killed: $WRONG: $(cat "$SCRATCH/action") $(log_text)"
	mv "$1.new" "$1"
}

# kill_at KIND CLASS STEP: the flow, killed there; NAME and CALL of the step, "-" where it ended before. STEP_BESIDE: the
# vendor's call that the other was killed within at that moment, or "-".
kill_at() {
	KILL_WHAT="-k $1 ${2%[+-]} $3"
	case $1 in
	helper) kill_other=application ;;
	*) kill_other=helper ;;
	esac
	case $2 in
	*+) KILL_WHAT="$KILL_WHAT -a $kill_other" ;;
	*-) KILL_WHAT="$KILL_WHAT -i $kill_other" ;;
	esac
	give "$SCRATCH/base"
	log_clear
	"action_$FLOW_ACTION"
	read -r kill_how _ _ _ STEP_NAME STEP_CALL STEP_BESIDE <"$SCRATCH/report"
	[ "$kill_how" = killed ] || STEP_NAME=$kill_how STEP_CALL=- STEP_BESIDE=-
}

# Each second time nobody recovers, and a person comes at once. Before a call is an odd number, after it an even one.
afterwards() {
	! is_control || return 0
	case $2 in
	call*) kill_turn=$(($3 / 2 % 2)) ;;
	*) kill_turn=$(($3 % 2)) ;;
	esac
	[ "$kill_turn" = 1 ] || "next_$FLOW_NEXT"
	"$CMD" recover >"$SCRATCH/recover" 2>&1
}

what_became() {
	afterwards "$@"
	if is_control; then
		judge_control
	else
		judge
	fi
}

# In full in a file, since many may be wrong for one reason.
complain() {
	not_ok "$TOKEN, $FLOW, $*: $STEP_NAME $STEP_CALL" "$WRONG"
	{
		echo "--- $* $STEP_NAME $STEP_CALL: $WRONG"
		echo "the flow:" && cat "$SCRATCH/action"
		echo "recover:" && cat "$SCRATCH/recover"
		echo "the log:" && log_text
		tail -n 20 "$STATE"/records/* "$STATE"/private/*.state
	} >>"${KILL_RESULTS%.done}.wrong" 2>&1
}

# What those modules destroy inside their own writes is measured, beside the control.
one_step() {
	kill_at "$1" "$2" "$3"
	if [ "$STEP_NAME" = late ]; then
		VERDICT=bad WRONG="does not end"
	else
		service_mended
		what_became "$@"
		! service_mended || what_became "$@"
	fi
	[ "$STEP_NAME" != whole ] || [ "$VERDICT" = bad ] || VERDICT=unreached
	case $VERDICT,$FAMILY,$2,$STEP_BESIDE in
	lost,software,vendor,* | half,software,vendor,* | lost,software,vendor+,* | half,software,vendor+,*) ;;
	lost,software,*,C_* | half,software,*,C_*) ;;
	lost,* | half,* | bad,*) complain "$1 $2 $3" ;;
	esac
	[ -z "${P11_LATCH_KILL_STEP:-}" ] || note "$1 $2 $3, $STEP_NAME $STEP_CALL: $VERDICT $WRONG" "$(cat "$SCRATCH/action")" "$(log_text)"
	echo "$1 $2 $3 $STEP_NAME $STEP_CALL $VERDICT $STEP_BESIDE" >>"$KILL_RESULTS"
}

# kill_steps NAME: of the flow that was read, from the card in base.
kill_steps() {
	KILL_RESULTS=$KILL_DIR/$TOKEN.$1.done
	kill_list=$KILL_DIR/$TOKEN.$1.list
	[ -e "$kill_list" ] || list_steps "$kill_list"
	[ -e "$KILL_RESULTS" ] || : >"$KILL_RESULTS"
	choose_steps "$kill_list" | spread "$KILL_MOST" | awk -v results="$KILL_RESULTS" '
		BEGIN {
			while ((getline <results) > 0)
				done[$1, $2, $3]
		}
		!(($1, $2, $3) in done)' >"$SCRATCH/todo"
	[ -z "${P11_LATCH_KILL_STEP:-}" ] || choose_steps "$kill_list" >"$SCRATCH/todo"
	while read -r kill_kind kill_class kill_step <&3; do
		one_step "$kill_kind" "$kill_class" "$kill_step"
	done 3<"$SCRATCH/todo"
}

# kill_base START: the card before the flow.
kill_base() {
	"policy_$FLOW_POLICY"
	OBJECT_MADE=yes
	case $1 in
	factory | bare) OBJECT_MADE=no ;;
	esac
	"start_$1"
	if [ "$FAMILY" != software ]; then
		PIN_BEFORE=$CARD_PIN
		ITEMS=$(items)
	else
		PIN_BEFORE=
	fi
	case $FLOW in
	*behind-*) behind_prepare ;;
	esac
	keep "$SCRATCH/base"
}

# The other flow, killed where it matters: each of these is where a recovery begins.
kill_cuts() {
	cut_flow=$FLOW
	flow_read "${FLOW_START#cut:}"
	cut_action=$FLOW_ACTION
	cut_start=$FLOW_START
	kill_base "$cut_start"
	cut_list=$KILL_DIR/$TOKEN.$cut_flow.cuts
	[ -e "$cut_list" ] || list_steps "$cut_list"
	rm -rf "$SCRATCH/cut-base"
	mv "$SCRATCH/base" "$SCRATCH/cut-base"
	awk '$2 == "own" && $4 == "rename" || $2 == "call" && $4 == "after" && $5 ~ /InitPIN|SetPIN/ {
		print $1, $2, $3 }' "$cut_list" | spread $(((KILL_MOST + 2) / 3)) >"$SCRATCH/cuts"
	while read -r cut_kind cut_class cut_step <&4; do
		flow_read "$cut_flow"
		FLOW_START=$cut_start
		give "$SCRATCH/cut-base"
		keep "$SCRATCH/base"
		cut_recover=$FLOW_ACTION
		FLOW_ACTION=$cut_action
		kill_at "$cut_kind" "$cut_class+" "$cut_step"
		FLOW_ACTION=$cut_recover
		# Where the vendor's module may have destroyed its token, there is nothing to recover.
		case $FAMILY,$STEP_BESIDE in
		software,C_Log* | software,C_*PIN | software,C_InitToken | software,C_*Object) continue ;;
		esac
		keep "$SCRATCH/base"
		kill_steps "$cut_flow@$cut_kind-$cut_class-$cut_step"
	done 4<"$SCRATCH/cuts"
}

# A key where the policy speaks of one.
secrets_of_flow() {
	[ "$TOKEN" = softhsm ] || return 0
	case $FLOW_POLICY in
	key) SO=$KEY SO_NEW=$NEW_KEY ;;
	*) SO=76543210 SO_NEW=13572468 ;;
	esac
}

kill_flow() {
	flow_read "$1" || bail_out "there is no flow $1"
	kill_failed=$TAP_FAILED
	secrets_of_flow
	case $FLOW_START in
	cut:*) kill_cuts ;;
	*)
		kill_base "$FLOW_START"
		kill_steps "$FLOW"
		;;
	esac
	kill_count=$(cat "$KILL_DIR/$TOKEN.$1".done "$KILL_DIR/$TOKEN.$1"@*.done 2>/dev/null | wc -l)
	[ "$TAP_FAILED" -gt "$kill_failed" ] ||
		ok "$TOKEN, $1: killed at $kill_count steps, and each time the card is what it may be"
	is_control || [ "$kill_count" -gt 0 ] || not_ok "$TOKEN, $1: there are steps to be killed at"
}

# What was found of another build says nothing of this one.
kill_results_are_ours() {
	mkdir -p "$KILL_DIR"
	kill_stamp=$(cat "$LATCH" "$HELPER" "$CMD" "$KILLER" | cksum)
	if [ "$(cat "$KILL_DIR/$TOKEN.stamp" 2>/dev/null)" != "$kill_stamp" ]; then
		rm -f "$KILL_DIR/$TOKEN".*
		echo "$kill_stamp" >"$KILL_DIR/$TOKEN.stamp"
	fi
	echo "$KILL_SEED" >"$KILL_DIR/$TOKEN.seed"
}

# Calls of the vendor's module, and system calls within them, at which a token was lost, or left half; "CALL *" where it was
# the other process that was killed within one, wherever it was.
lost_at() {
	cat "$@" | awk '
		$6 !~ /^(lost|half)$/ { next }
		$2 ~ /^vendor[+]?$/ { print $5, $4, $6, $7 }
		$2 !~ /^vendor[+]?$/ { print $7, "*", $6, "-" }' | sort -u
}

# Lines of lost_at that the control's do not tell of. What is lost is worse than what is half.
lost_here_alone() {
	awk -v control="$2" '
		function has(call, name, verdict) {
			return (call, name, verdict) in lost || verdict == "half" && (call, name, "lost") in lost
		}
		BEGIN {
			while ((getline line <control) > 0) {
				split(line, w)
				lost[w[1], w[2], w[3]]
				lost[w[1], "*", w[3]]
			}
		}
		!has($1, $2, $3) && !has($4, "*", $3)' "$1"
}

# The control is whole, where it is needed: each step that may have written. Beside a sample, those alone that tell of it.
kill_control() {
	cat "$KILL_DIR/$TOKEN".*.done >"$SCRATCH/all"
	lost_at "$SCRATCH/all" >"$SCRATCH/lost"
	[ -s "$SCRATCH/lost" ] && [ -z "${P11_LATCH_KILL_FLOW:-}" ] || return 0
	control_most=$KILL_MOST
	control_places=$KILL_PLACES
	[ "$KILL_MOST" = 0 ] || KILL_LIKE=$SCRATCH/lost
	KILL_MOST=0
	KILL_PLACES=1
	kill_flow control
	kill_flow control-new
	KILL_MOST=$control_most
	KILL_PLACES=$control_places
	KILL_LIKE=
	lost_at "$KILL_DIR/$TOKEN.control.done" "$KILL_DIR/$TOKEN.control-new.done" >"$SCRATCH/lost-by-control"
	is "$(lost_here_alone "$SCRATCH/lost" "$SCRATCH/lost-by-control")" "" \
		"$TOKEN: a token is lost, or half, where the module leaves it so without p11-latch, and nowhere else"
}

kill_flows() {
	kill_token "$1"
	shift
	kill_results_are_ours
	# shellcheck disable=SC2046
	[ $# -gt 0 ] || set -- $(flows_of "$TOKEN" | grep -v '^control')
	[ -z "${P11_LATCH_KILL_FLOW:-}" ] || set -- $(echo "$P11_LATCH_KILL_FLOW" | tr , ' ')
	for kill_name; do
		kill_flow "$kill_name"
	done
	kill_control
	passes "$TOKEN: no helper is left" wait_for 5 no_helpers
	token_stop
}
