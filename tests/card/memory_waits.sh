# SPDX-License-Identifier: BSD-3-Clause
# Where secrets are while somebody waits: in the locked memory of helpers and commands, and nowhere else; no crash
# leaves a core of it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/secrets.sh"

SO=pUk7Zq4X
SO_NEW=nEw7Kq9V
PIN=pIn3Wd8J
PIN_NEW=nPn5Yt6H
PLANTED="$SO $SO_NEW $PIN $PIN_NEW"

memory_of() {
	"$BUILDDIR/tests/lib/memscan" "$@" 2>&1 | tail -n 1
}

# locked_only PID TEXT SECRET: there it is, in locked memory and nowhere else.
locked_only() {
	like "$(memory_of "$1" "$3")" "locked=[1-9]* elsewhere=0" "$kind, $2: is in locked memory, and only there"
}

nowhere() {
	nowhere_pid=$1
	nowhere_text=$2
	shift 2
	is "$(memory_of "$nowhere_pid" "$@")" "locked=0 elsewhere=0" "$kind, $nowhere_text"
}

# crash PID SIGNAL TEXT: where its core would be, if it left one.
crash() {
	crash_folder=$(readlink "/proc/$1/cwd")
	kill "-$2" "$1"
	wait_for 10 gone "$1" || bail_out "$3 does not end by SIG$2"
	crash_cores=$(ls "$crash_folder"/core* 2>/dev/null)
	rm -f "$crash_folder"/core*
}

no_core() {
	crash "$@"
	is "$crash_cores" "" "$kind, $3: SIG$2 leaves no core"
}

# Only where cores are plain files in the process's folder can one be seen: a program that does nothing against it.
cores_are_seen() {
	case $(cat /proc/sys/kernel/core_pattern) in
	core*) ;;
	*) skip "cores are seen" "this machine puts them elsewhere: $(cat /proc/sys/kernel/core_pattern)" && return ;;
	esac
	session_start control "$MODULE"
	crash "$(drive_pid control)" ABRT "control"
	unlike "$crash_cores" "" "$kind: a program that does nothing against it leaves a core"
}

# Of every process there is: its environment and its words, but those that this script gives to p11drive.
words_of_all() {
	mkdir -p "$HEARD"
	for one in /proc/[0-9]*; do
		case $(readlink "$one/exe") in
		*/p11drive) tr '\0' '\n' <"$one/environ" ;;
		"$BUILDDIR"/*) tr '\0' '\n' <"$one/environ" && tr '\0' '\n' <"$one/cmdline" ;;
		esac
	done >"$HEARD/words" 2>/dev/null
	passes "$kind, $1: processes have environments" grep -q '^P11_LATCH_CONF=' "$HEARD/words"
	# shellcheck disable=SC2086
	not_in "$HEARD" "$kind, $1: no secret in any environment or on any command line" $PLANTED
}

# helper: the only one, once that which started it has left it behind.
only_helper() {
	wait_for 10 watcher || bail_out "one helper should run, there are: $(helpers)"
	helper=$(watcher)
}

# The watcher of an ordinary holder.
holder() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	only_helper
	watcher=$helper
	locked_only "$watcher" "watcher: the SO PIN" "$SO"
	locked_only "$watcher" "watcher: the PUK that the policy is to set" "$SO_NEW"
	nowhere "$watcher" "watcher: no PIN is in it" "$PIN" "$PIN_NEW"
	# openCryptoki has what it is given for itself, as the control shows.
	session_start control "$MODULE"
	must control login so "$SO"
	ours=$(memory_of "$(drive_pid desk)" "$SO")
	alone=$(memory_of "$(drive_pid control)" "$SO")
	passes "$kind, holder: the SO PIN is in it no more often ($ours) than with the vendor's module alone ($alone)" \
		test "${ours##*=}" -le "${alone##*=}"
	drive_stop control
	[ "$kind" != softhsm ] || nowhere "$(drive_pid desk)" "holder: no secret is in it" "$SO" "$SO_NEW" "$PIN"
	words_of_all "watcher"
	no_core "$watcher" SEGV "watcher"
	must desk close
	drive_stop desk
	wait_for 20 no_helpers || bail_out "a helper is left"
	becomes blocked "$kind: the card is blocked all the same"
}

# The watcher of a hold, which another helper has handed the SO PIN to; and the command that waits for its program.
hold() {
	token_new
	rm -rf "${STATE:?}"/*
	"$CMD" personalize -- sh -c "echo \$P11_LATCH_HOLD >'$SCRATCH/cookie'; exec sleep 600" &
	hold_pid=$!
	wait_for 10 test -s "$SCRATCH/cookie" || bail_out "no hold: $(log_text)"
	only_helper
	hold_watcher=$helper
	P11_LATCH_HOLD=$(cat "$SCRATCH/cookie") once "$LATCH" "login so $SO" "init-pin $PIN" >/dev/null
	wait_for 10 watcher || bail_out "more than the hold's watcher are left"
	locked_only "$hold_watcher" "hold: the SO PIN that was handed on" "$SO"
	nowhere "$hold_watcher" "hold: no PIN is in it" "$PIN"
	# shellcheck disable=SC2086
	nowhere "$hold_pid" "hold: and none in the command" $PLANTED
	words_of_all "hold"
	is "$(sed -n 's/^Max core file size *\([0-9]*\) .*/\1/p' "/proc/$hold_pid/limits")" 0 \
		"$kind, hold: the command dumps no core"
	hold_program=$(pgrep -P "$hold_pid")
	no_core "$hold_pid" ABRT "command of a hold"
	kill "$hold_program"
	wait_for 20 no_helpers || bail_out "the hold does not end"
	becomes blocked "$kind: the card is blocked all the same"
}

# A command that has been given the PUK and waits for the PIN.
command_waits() {
	asked_puk | pickup
	mkfifo "$SCRATCH/fifo"
	"$CMD" unblock --puk - --pin - "$CARD" <"$SCRATCH/fifo" >"$SCRATCH/out" 2>&1 &
	command_pid=$!
	exec 9>"$SCRATCH/fifo"
	echo "$SO" >&9
	wait_for 10 has_secret "$command_pid" "$SO" || bail_out "the command does not read: $(cat "$SCRATCH/out")"
	locked_only "$command_pid" "command: the PUK that was typed" "$SO"
	words_of_all "command"
	no_core "$command_pid" SEGV "command"
	exec 9>&-
	rm "$SCRATCH/fifo"
}

has_secret() {
	[ "$(memory_of "$1" "$2")" != "locked=0 elsewhere=0" ]
}

# A helper that crashes in the middle of its work, in the vendor's module.
at_work() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	session_start desk "$LATCH"
	fault p11-latch-helper C_Login 1 hang
	drive desk set-pin "$SO" "$PIN_NEW" >"$SCRATCH/answer" &
	drive_client=$!
	wait_for 15 faulted || bail_out "the helper calls no C_Login: $(log_text)"
	only_helper
	like "$(memory_of "$helper" "$SO" "$SO_NEW" "$PIN_NEW")" "locked=[3-9]* elsewhere=0" \
		"$kind, helper at work: PUKs and PIN are in locked memory, and only there"
	words_of_all "helper at work"
	no_core "$helper" SEGV "helper at work"
	wait "$drive_client"
	is "$(cut -d ' ' -f 2 "$SCRATCH/answer")" CKR_FUNCTION_FAILED "$kind, helper at work: its end is the answer"
	nowhere "$(drive_pid desk)" "helper at work: nothing is left in the application" "$SO_NEW" "$PIN_NEW"
	fault none
	is "$(rv desk set-pin "$SO" "$PIN_NEW")" CKR_OK "$kind, helper at work: asked again, it unblocks"
	drive_stop desk
}

if is_sanitized; then
	skip "secrets are in locked memory only" "a sanitizer keeps what was freed"
	done_testing
fi
prlimit --pid $$ --core=unlimited:unlimited || bail_out "no cores may be had here"
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	cores_are_seen
	holder
	hold
	command_waits
	faulty_start
	[ "$kind" != softhsm ] || at_work
	passes "$kind: no helper is left" wait_for 20 no_helpers
	# shellcheck disable=SC2086
	not_in "$LOG" "$kind: no secret in the log" $PLANTED
	# shellcheck disable=SC2086
	not_in "$STATE" "$kind: nor in the state" $PLANTED
	token_stop
done
done_testing
