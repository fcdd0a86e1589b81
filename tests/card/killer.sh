# SPDX-License-Identifier: BSD-3-Clause
# tests/kill/killer itself: it counts the same steps each time, kills at the one that is asked for, and ends.
set -u
. "$SRCDIR/tests/lib/all.sh"

KILLER=$BUILDDIR/tests/kill/killer
# LeakSanitizer does not work in a process that is traced.
ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
export ASAN_OPTIONS

# C_InitPIN by a program without p11-latch; killed by the words of killer.
init_pin() {
	"$KILLER" "$@" "$SCRATCH/report" "$P11DRIVE" "$BUILDDIR/tests/kill/marks.so" initialize "slot-label $LABEL" \
		"open rw" "login so $SO" "init-pin $PIN" logout >"$SCRATCH/out" 2>&1
}

# The number of the step of that name and call.
number_of() {
	awk -v name="$1" -v call="$2" '$2 == "call" && $4 == name && $5 == call { print $3 }' "$SCRATCH/list"
}

has_pin() {
	case $(flags "$MODULE") in
	*" USER_PIN_INITIALIZED "*) return 0 ;;
	esac
	return 1
}

token_start softhsm
MARKS_VENDOR=$MODULE
export MARKS_VENDOR

init_pin -l "$SCRATCH/list"
is "$(cat "$SCRATCH/report")" whole "nobody is killed without being asked for"
passes "and the program does its work" has_pin
token_new
init_pin -l "$SCRATCH/again"
is "$(grep -v ' vendor ' "$SCRATCH/again" | cksum)" "$(grep -v ' vendor ' "$SCRATCH/list" | cksum)" \
	"another time the steps are the same"

for where in before after; do
	token_new
	step=$(number_of $where C_InitPIN)
	init_pin -k application call "$step"
	is "$(cat "$SCRATCH/report")" "killed application call $step $where C_InitPIN -" "killed $where C_InitPIN"
	unlike "$(cat "$SCRATCH/out")" "*init-pin*" "it says nothing any more"
	[ $where = before ] && verdict=fails || verdict=passes
	$verdict "and the vendor's module has set a PIN after it only" has_pin
done

init_pin -k application own 100000
like "$(cat "$SCRATCH/report")" "whole application own [1-9]*" "a step that there is not: it says how many there are"
init_pin -k application own 1
like "$(cat "$SCRATCH/report")" "killed application own 1 * - -" "killed at its first system call"
is "$(cat "$SCRATCH/out")" "" "before anything"

# A child that its parent does not wait for.
"$KILLER" -k application own 100000 "$SCRATCH/report" sh -c '(sleep 0.3; touch "$1") & exit 0' sh "$SCRATCH/late"
passes "it waits for descendants that nobody waits for" test -e "$SCRATCH/late"
started=$(date +%s)
"$KILLER" -t 1 "$SCRATCH/report" sh -c 'sleep 50 & sleep 50'
is "$(cat "$SCRATCH/report")" late "what does not end is ended"
passes "and nothing is left of it" test $(($(date +%s) - started)) -lt 20
fails "no such class" "$KILLER" -k helper all 1 "$SCRATCH/report" true
done_testing
