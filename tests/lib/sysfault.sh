# SPDX-License-Identifier: BSD-3-Clause
# Flows whose every system and library call goes wrong in turn, and what the card is afterwards. Sourced, after pickup.sh.
#
#	faults_start                 once a token: knows where to put things
#	snapshot NAME, restore NAME  the token and the state directory as they are now; as they were then
#	snapshots_make               factory, active, blocked (these two with a private object)
#	hurt PROGRAM ARG...          runs it with tests/lib/sysfault.so, and whatever it starts
#	hurt_helper, hurt_drive      the same for the helper of sockets.sh; for what drive_start and once start
#	clock_is DAY MONOTONIC       from now on the clocks are wrong by so many seconds, for all that is hurt
#	app LINE...                  hurt p11drive over p11-latch.so: initialised, a session open; finalized at its end
#	calls_of, one_case           one call of a flow, and what is wrong when it goes wrong: see there
#	faults NAME SNAPSHOT [PROGRAM]
#	                             runs the function do_NAME on SNAPSHOT once for each call of p11-latch's own code, and each
#	                             way in which that may go wrong; a test says whether the card came through all of them.
#	                             A sample has each place of PROGRAM that no flow before had, in its first way
#
# P11_LATCH_SYSTEM: whole, each call; places, each place in the code once; a number N, each Nth of the places.
# P11_LATCH_SYSTEM_WAYS: a regular expression, these ways only; no-.* is whatever lacks from there on. What was
# done stands in P11_LATCH_SYSTEM_RESULTS, if that is set, and is not done again as long as the programs are the same.

FAULTS=$SCRATCH/faults
SYSTEM_PART=${P11_LATCH_SYSTEM:-421}
KEEP=4711
ANSWERS="CKR_OK CKR_PIN_INCORRECT CKR_PIN_LOCKED CKR_PIN_LEN_RANGE CKR_PIN_INVALID CKR_FUNCTION_FAILED
	CKR_HOST_MEMORY CKR_GENERAL_ERROR CKR_TOKEN_NOT_PRESENT CKR_DEVICE_REMOVED"
CASE_MOST_S=45

# --- Snapshots ---------------------------------------------------------------------------------------

token_folder() {
	case $TOKEN in
	softhsm) echo "$SCRATCH/softhsm" ;;
	opencryptoki) echo /var/lib/opencryptoki/swtok ;;
	esac
}

snapshot() {
	[ "$TOKEN" != opencryptoki ] || opencryptoki_stop
	rm -rf "$SCRATCH/snapshots/$1"
	mkdir -p "$SCRATCH/snapshots/$1"
	cp -a "$(token_folder)" "$SCRATCH/snapshots/$1/token"
	cp -a "$STATE" "$SCRATCH/snapshots/$1/state"
	[ "$TOKEN" != opencryptoki ] || opencryptoki_daemon
}

restore() {
	[ "$TOKEN" != opencryptoki ] || opencryptoki_stop
	rm -rf "$(token_folder)" "$STATE"
	cp -a "$SCRATCH/snapshots/$1/token" "$(token_folder)"
	cp -a "$SCRATCH/snapshots/$1/state" "$STATE"
	[ "$TOKEN" != opencryptoki ] || {
		rm -f /dev/shm/var.lib.opencryptoki.*
		opencryptoki_daemon
	}
}

snapshots_make() {
	token_new
	rm -rf "${STATE:?}"/*
	snapshot factory
	snapshots_out=$(once "$LATCH" "login so $SO" "init-pin $PIN" logout "login user $PIN" \
		"create-data keep $KEEP private" logout close)
	state_is blocked || bail_out "$TOKEN: not blocked: $snapshots_out; the log: $(log_text | tail -n 20)"
	snapshot blocked
	"$CMD" unblock --pin "$PIN" "$CARD" >"$SCRATCH/out" 2>&1 || bail_out "unblock: $(cat "$SCRATCH/out")"
	snapshot active
}

# --- Running -----------------------------------------------------------------------------------------

faults_start() {
	rm -rf "$FAULTS"
	install -d -m 777 "$FAULTS"
	install -d -m 1777 "$FAULTS/asan"
	: >"$SCRATCH/good"
	faults_sum=$(cat "$HELPER" "$CMD" "$LATCH" | cksum | tr ' ' -)$TOKEN
	faults_asan=
	! is_sanitized || faults_asan="verify_asan_link_order=0:abort_on_error=0:log_path=$FAULTS/asan/report"
}

hurt() {
	env SYSFAULT_DIR="$FAULTS" LD_PRELOAD="$BUILDDIR/tests/lib/sysfault.so" \
		${faults_asan:+SYSFAULT_SANITIZED=yes ASAN_OPTIONS="$ASAN_OPTIONS:$faults_asan"} \
		timeout -s KILL "$CASE_MOST_S" "$@"
	echo "exit $?"
}

# hurt_command FILE COMMAND...: a program for those who start programs: COMMAND and its arguments, hurt.
hurt_command() {
	hurt_file=$1
	shift
	# There are quotes and blanks in what a sanitizer is told.
	hurt_asan=
	[ -z "$faults_asan" ] || hurt_asan="export SYSFAULT_SANITIZED=yes ASAN_OPTIONS=\"$ASAN_OPTIONS:$faults_asan\""
	cat >"$hurt_file" <<-EOF
		#!/bin/sh
		SYSFAULT_DIR=$FAULTS
		LD_PRELOAD=$BUILDDIR/tests/lib/sysfault.so
		export SYSFAULT_DIR LD_PRELOAD
		$hurt_asan
		exec $* "\$@"
	EOF
	chmod 755 "$hurt_file"
}

# The helper that helper_socket() starts from here on.
hurt_helper() {
	hurt_command "$SCRATCH/hurt-helper" env
	HELPER_UNDER=$SCRATCH/hurt-helper HELPER_UNIT=SYSFAULT_SERVED=yes
}

# What drive_start and once() start from here on.
hurt_drive() {
	hurt_command "$SCRATCH/hurt-drive" "$P11DRIVE"
	P11DRIVE=$SCRATCH/hurt-drive
}

# clock_is DAY MONOTONIC: by how many seconds time of day and monotonic clock are wrong, for all that is hurt.
clock_is() {
	echo "$1 $2" >"$FAULTS/clock.new"
	mv "$FAULTS/clock.new" "$FAULTS/clock"
}

app() {
	hurt "$P11DRIVE" "$LATCH" fds initialize "slot-label $LABEL" "open rw" "$@" finalize fds
}

# Their name as the kernel has it.
helper_runs() {
	pgrep -x p11-latch-helpe >/dev/null
}

quiet() {
	! helper_runs
}

# --- What is to be done ------------------------------------------------------------------------------

# Each call and way, one a line: PROGRAM INSTANCE GENERATION N WAY CALL PLACE.
cases_of_trace() {
	touch "$SCRATCH/places"
	awk -v part="$SYSTEM_PART" -v list="$SCRATCH/places" '
		BEGIN { while ((getline line <list) > 0) before[line] = 1 }
		{
			ways = split($7, way, ",")
			for (i = 1; i <= ways; i++) {
				if (match(way[i], "^(" only ")$") != 1)
					continue
				place = $1 " " $3 " " $5 " " $6 " " way[i]
				if (part != "whole" && seen[place]++)
					continue
				site = $6
				sub(/[.].*/, "", site)
				site = $1 " " site
				mine = $1 == from_all && i == 1 && !(site in before)
				if (part + 0 > 0 && !mine && (n++ + shift) % part != 0)
					continue
				if (mine) {
					before[site] = 1
					print site >>places
				}
				print $1, $2, $3, $4, way[i], $5, $6
			}
		}' shift="${P11_LATCH_SEED:-1}" \
		only="${P11_LATCH_SYSTEM_WAYS:-.*}" from_all="${1:-}" places="$SCRATCH/places" "$FAULTS/trace"
}

# What was done already, by the same programs: not again.
not_done_yet() {
	if [ -z "${P11_LATCH_SYSTEM_RESULTS:-}" ]; then
		cat
		return
	fi
	: >>"$P11_LATCH_SYSTEM_RESULTS"
	awk -v flow="$1" -v sum="$faults_sum" '
		FILENAME != "-" { if ($1 == sum && $2 == flow) done[$3 " " $4 " " $5 " " $6 " " $7] = 1; next }
		!(($1 " " $2 " " $3 " " $4 " " $5) in done)' "$P11_LATCH_SYSTEM_RESULTS" -
}

note_done() {
	[ -z "${P11_LATCH_SYSTEM_RESULTS:-}" ] || echo "$faults_sum $*" >>"$P11_LATCH_SYSTEM_RESULTS"
}

# --- The verdict -------------------------------------------------------------------------------------

# What the application was told: it lived on, and the first refusal is one of the table.
answers_are_known() {
	grep '^exit \(12[89]\|1[3-9][0-9]\|2\)' "$SCRATCH/action" | grep -v '^exit 2$' && echo "it did not end by itself"
	grep -q -e '^[a-z-]* CKR' "$SCRATCH/action" || return 0
	faults_first=$(awk '$2 ~ /^CKR_/ && $2 != "CKR_OK" { print $2; exit }' "$SCRATCH/action")
	for faults_rv in $ANSWERS; do
		[ "${faults_first:-CKR_OK}" != "$faults_rv" ] || return 0
	done
	echo "an answer that is not in the table: $faults_first"
}

# No descriptor of ours is left in the application that called C_Finalize. openCryptoki leaves now and then one of its
# own.
descriptors_are_closed() {
	[ "$TOKEN" = softhsm ] || return 0
	awk '$1 == "fds" { sub("n=", "", $3); n[++i] = $3 }
		END { if (i == 2 && n[2] > n[1] + most) print "descriptors are left in the application: " n[2] - n[1] }
	' most="${1:-0}" "$SCRATCH/action"
}

# vendor_says: the vendor's own answers to each PIN and SO secret that a person knows: "PIN" or "SO", and the value.
vendor_says() {
	once "$MODULE" "login user $PIN" logout "login user $PIN_NEW" logout "login user ${LETTER:-$PIN}" logout \
		"login so $SO" logout "login so $SO_NEW" logout |
		awk -v values="$PIN $PIN_NEW ${LETTER:-$PIN} $SO $SO_NEW" '
			BEGIN { split(values, value, " ") }
			$1 == "login" { n++; if ($2 == "CKR_OK") print n <= 3 ? "PIN" : "SO", value[n] }'
}

pin_of() {
	printf '%s\n' "$1" | sed -n 's/^PIN //p' | head -n 1
}

so_of() {
	printf '%s\n' "$1" | sed -n 's/^SO //p' | head -n 1
}

# A right SO secret is what such a card waits for.
so_presented() {
	once "$LATCH" "login so $(so_of "$1")" logout close finalize >/dev/null
}

object_is_there() {
	faults_read=$(once "$MODULE" "login user $1" "read-data keep" | tail -n 2)
	case $faults_read in
	*"$KEEP"*) ;;
	*) echo "the private object is gone: $faults_read" ;;
	esac
}

# The policy knows the SO secret, or a person does: the card can be unblocked, and has its object.
unblocks() {
	faults_out=$("$CMD" unblock --pin "$PIN" "$CARD" 2>&1) ||
		faults_out=$(once "$LATCH" "login so $(so_of "$1")" "init-pin $PIN" logout close finalize)
	[ "$(record State), $(login_rv "$MODULE" user "$PIN")" = "active, CKR_OK" ] ||
		echo "cannot be unblocked: $(record State): $faults_out"
}

# is_true SNAPSHOT SAID: what the application was told to be done is done.
is_true() {
	case $1,$(cat "$SCRATCH/action") in
	blocked,*"-pin CKR_OK"*)
		case $2 in
		*"PIN $PIN_NEW"*) ;;
		*) echo "the application was told that the PIN is set, and it is not" ;;
		esac
		;;
	factory,*"init-pin CKR_OK"*"finalize CKR_OK"*) state_is blocked || echo "it was not blocked by C_Finalize" ;;
	esac
}

# A hold's socket that could not be removed goes at a recovery, from a minute on.
holds_are_swept() {
	faults_holds=$(find "$STATE" -name 'hold-*.sock')
	[ -n "$faults_holds" ] || return 0
	echo "$faults_holds" | xargs touch -d '-2 minutes'
	"$CMD" recover >>"$SCRATCH/recover" 2>&1
}

card_is_known() {
	faults_said=$(vendor_says)
	if state_is personalizing; then
		so_presented "$faults_said"
		faults_said=$(vendor_says)
	fi
	faults_pin=$(pin_of "$faults_said")
	[ "$2" = next ] || is_true "$1" "$faults_said"
	[ -n "$(so_of "$faults_said")" ] || echo "its SO secret is one that nobody knows"
	case $(record State) in
	blocked)
		[ -z "$faults_pin" ] || echo "blocked by its record, but it takes a PIN"
		unblocks "$faults_said"
		faults_pin=$PIN
		;;
	active) [ -n "$faults_pin" ] || echo "active, with a PIN that nobody knows" ;;
	none) [ -z "$faults_pin" ] || [ "$1" = active ] || echo "no record, and it takes a PIN" ;;
	*) echo "its record says $(record State)" ;;
	esac
	[ "$(private Journal)" = none ] || echo "its journal says $(private Journal)"
	case $1,$(record State) in
	factory,* | empty,* | *,none) ;;
	*) object_is_there "$faults_pin" ;;
	esac
	holds_are_swept
	faults_left=$(find "$STATE" -name '*.new' -o -name '*.sock')
	[ -z "$faults_left" ] || echo "files are left: $faults_left"
	case $(flags "$MODULE") in
	*SO_PIN_FINAL_TRY* | *SO_PIN_LOCKED*) echo "the last SO try, or none is left" ;;
	esac
}

nothing_broke() {
	[ ! -e "$FAULTS/crashed" ] || cat "$FAULTS/crashed"
	sanitized_ours "$FAULTS/asan"
	cat "$FAULTS"/asan/* 2>/dev/null | head -n 40
	[ "$1" -lt "$CASE_MOST_S" ] || echo "it took $1 s"
}

token_is_there() {
	"$P11DRIVE" "$MODULE" initialize "slot-label $LABEL" | grep -q '^slot-label CKR_OK'
}

clear_faults() {
	rm -f "$FAULTS"/fault "$FAULTS"/no-* "$FAULTS"/lasted "$FAULTS"/done "$FAULTS"/crashed "$FAULTS"/asan/* "$FAULTS"/p11-latch*.[0-9]*
}

# What a flow said and left, as a sum. openCryptoki's token is in the memory of its daemon, too.
sum_of_left() {
	[ "$TOKEN" = softhsm ] || return 0
	{
		echo "$*"
		grep -e ' CKR_' -e '^exit' "$SCRATCH/action"
		find "$(token_folder)" "$STATE" -printf '%P %M %u %s\n' | sort
		find "$(token_folder)" "$STATE" -type f -print0 | sort -z | xargs -0 sed -e '/^Since=/d'
	} | sha256sum
}

# What was judged once, and was good, is not judged again.
is_good_again() {
	faults_sum_of_left=$(sum_of_left "$@")
	[ -n "$faults_sum_of_left" ] && grep -qxF "$faults_sum_of_left" "$SCRATCH/good"
}

# one_case FLOW SNAPSHOT THEN CASE...: prints what is wrong.
one_case() {
	faults_flow=$1 faults_from=$2 faults_then=$3
	shift 3
	restore "$faults_from"
	log_clear
	clear_faults
	echo "$*" >"$FAULTS/fault"
	faults_begun=$(date +%s)
	"do_$faults_flow" >"$SCRATCH/action" 2>&1
	wait_for "$CASE_MOST_S" quiet || echo "a helper is left: $(pgrep -a p11-latch)"
	faults_took=$(($(date +%s) - faults_begun))
	rm -f "$FAULTS/fault" "$FAULTS"/no-*
	[ "$faults_took" -le "$faults_slowest" ] || {
		faults_slowest=$faults_took
		faults_slowest_case="$* "
	}
	nothing_broke "$faults_took"
	answers_are_known
	descriptors_are_closed "$faults_descriptors"
	# A token that may not be there yet is not to be recovered, and one that is there is not to be made again.
	[ "$faults_from" != empty ] || faults_then=$(token_is_there && echo recover || echo next)
	! is_good_again "$faults_flow" "$faults_from" "$faults_then" || return 0
	if [ "$faults_then" = recover ]; then
		"$CMD" recover >"$SCRATCH/recover" 2>&1
	else
		"do_$faults_flow" >"$SCRATCH/recover" 2>&1
		"$CMD" recover >>"$SCRATCH/recover" 2>&1
	fi
	card_is_known "$faults_from" "$faults_then"
}

# run_traced FLOW SNAPSHOT: undisturbed, with all its calls in the trace.
run_traced() {
	restore "$2"
	clear_faults
	: >"$FAULTS/trace"
	chmod 666 "$FAULTS/trace"
	"do_$1" >"$SCRATCH/action" 2>&1
}

# calls_of FLOW SNAPSHOT PROGRAM CALL: where it makes that call, as one_case() takes it: PROGRAM INSTANCE GENERATION N.
calls_of() {
	run_traced "$1" "$2"
	sed -n "s/^\\($3 [0-9]* [0-9]* [0-9]*\\) $4 .*/\\1/p" "$FAULTS/trace"
	rm -f "$FAULTS/trace"
}

# The calls that there are, and what an undisturbed run is like.
faults_trace() {
	run_traced "$1" "$2"
	wait_for "$CASE_MOST_S" quiet || bail_out "$1: a helper is left"
	faults_descriptors=$(descriptors_are_closed | sed 's/.*: //')
	faults_wrong=$(answers_are_known && nothing_broke 0 && card_is_known "$2" next)
	[ -z "$faults_wrong" ] || bail_out "$1, undisturbed: $faults_wrong; $(cat "$SCRATCH/action")"
	cases_of_trace "${3:-}" | not_done_yet "$1" >"$SCRATCH/cases"
	faults_calls=$(wc -l <"$FAULTS/trace")
	rm -f "$FAULTS/trace"
	[ "$faults_calls" -gt 100 ] || bail_out "$1: only $faults_calls calls are counted"
}

faults() {
	faults_all=0 faults_good=0 faults_struck=0 faults_slowest=0 faults_slowest_case=
	faults_next=recover
	faults_trace "$1" "$2" "${3:-}"
	while read -r faults_case; do
		# shellcheck disable=SC2086
		one_case "$1" "$2" "$faults_next" $faults_case >"$SCRATCH/verdict" 2>&1 </dev/null
		faults_verdict=$(cat "$SCRATCH/verdict")
		faults_all=$((faults_all + 1))
		[ ! -e "$FAULTS/done" ] || faults_struck=$((faults_struck + 1))
		if [ -z "$faults_verdict" ]; then
			faults_good=$((faults_good + 1))
			echo "$faults_sum_of_left" >>"$SCRATCH/good"
			note_done "$1 $faults_case good"
		else
			not_ok "$kind, $1: $faults_case, then $faults_next" "$faults_verdict" \
				"$(cat "$SCRATCH/action")" "$(cat "$SCRATCH/recover")" "$(log_text | tail -n 20)"
			note_done "$1 $faults_case bad"
		fi
		[ "$faults_next" = recover ] && faults_next=next || faults_next=recover
	done <"$SCRATCH/cases"
	is "$faults_good" "$faults_all" \
		"$kind, $1: of its $faults_calls calls $faults_all go wrong, one a run: the card is known and goes on"
	note "$kind, $1: $faults_struck of $faults_all came to pass; the slowest took $faults_slowest s: $faults_slowest_case"
	clear_faults
}
