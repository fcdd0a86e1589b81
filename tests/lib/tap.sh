# SPDX-License-Identifier: BSD-3-Clause
# What every test script begins with: results as "ok - text" lines, waiting without blind sleeps.
# Sourced. The script ends with done_testing, without which run.sh counts it as failed.

TAP_PASSED=0
TAP_FAILED=0
TAP_SKIPPED=0

# ok TEXT, not_ok TEXT [DETAIL]
ok() {
	TAP_PASSED=$((TAP_PASSED + 1))
	printf 'ok - %s\n' "$1"
}

not_ok() {
	TAP_FAILED=$((TAP_FAILED + 1))
	printf 'not ok - %s\n' "$1"
	shift
	for tap_detail in "$@"; do
		printf '%s\n' "$tap_detail" | sed 's/^/#   /'
	done
}

# skip TEXT REASON: only for what this machine cannot have, never for a missing package.
skip() {
	TAP_SKIPPED=$((TAP_SKIPPED + 1))
	printf 'ok - %s # SKIP %s\n' "$1" "$2"
}

# is ACTUAL EXPECTED TEXT
is() {
	if [ "$1" = "$2" ]; then
		ok "$3"
	else
		not_ok "$3" "is:       $1" "should be: $2"
	fi
}

# like ACTUAL PATTERN TEXT: a shell pattern. unlike: the reverse.
like() {
	# shellcheck disable=SC2254
	case $1 in
	$2) ok "$3" ;;
	*) not_ok "$3" "is:          $1" "should match: $2" ;;
	esac
}

unlike() {
	# shellcheck disable=SC2254
	case $1 in
	$2) not_ok "$3" "is:              $1" "should not match: $2" ;;
	*) ok "$3" ;;
	esac
}

# passes TEXT COMMAND...: exit status 0. fails TEXT COMMAND...: any other.
passes() {
	tap_text=$1
	shift
	if tap_out=$("$@" 2>&1); then
		ok "$tap_text"
	else
		not_ok "$tap_text" "exit status $? of: $*" "$tap_out"
	fi
}

fails() {
	tap_text=$1
	shift
	if tap_out=$("$@" 2>&1); then
		not_ok "$tap_text" "exit status 0 of: $*" "$tap_out"
	else
		ok "$tap_text"
	fi
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# bail_out REASON: nothing more can be tested.
bail_out() {
	not_ok "the test can go on" "$*"
	exit 1
}

# wait_for SECONDS COMMAND...: until it succeeds; false when the time is over. Whole seconds.
wait_for() {
	tap_end=$(($(date +%s) + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$tap_end" ] || return 1
		sleep 0.02
	done
}

# gone PID: no such process any more, or only a zombie of it.
gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

done_testing() {
	printf '1..%d\n' $((TAP_PASSED + TAP_FAILED + TAP_SKIPPED))
	[ "$TAP_FAILED" -eq 0 ]
	exit
}
