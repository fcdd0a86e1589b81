#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Runs the tests of a built tree, each in namespaces of its own, and sums them up. See --help.
set -u

usage() {
	cat <<-EOF
		usage: sh tests/run.sh [--srcdir DIR] [--builddir DIR] [-j N] [-v] [KIND|FILE...]
		KIND is unit, module, card, tool, clients or docs; FILE a script or a program of tests/. Default: all.
		-j N: so many at a time (default: 2). -v: their output too. Last line: the sum.
		P11_LATCH_SUMMARY=FILE: the sum goes there too, as "PASSED FAILED SKIPPED".
	EOF
}

SRCDIR=$(cd "$(dirname "$0")/.." && pwd)
BUILDDIR=$PWD
JOBS=2
VERBOSE=${VERBOSE:-no} # comes with --one
LIMIT=${P11_LATCH_LIMIT:-300} # seconds for each test

while [ $# -gt 0 ]; do
	case $1 in
	--srcdir) SRCDIR=$(cd "$2" && pwd) && shift ;;
	--builddir) BUILDDIR=$(cd "$2" && pwd) && shift ;;
	--one) break ;;
	-j) JOBS=$2 && shift ;;
	-j*) JOBS=${1#-j} ;;
	-v) VERBOSE=yes ;;
	--help) usage && exit 0 ;;
	-*) usage >&2 && exit 2 ;;
	*) break ;;
	esac
	shift
done

. "$SRCDIR/tests/lib/sanitized.sh"

# --- One test: called by xargs below, with RESULTS set --------------------------------------------

# Check's "N%: Checks: A, Failures: B, Errors: C", and TAP; "passed failed skipped".
count() {
	awk -v status="$2" -v script="$3" -v reports="$4" '
		/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
			gsub(/[^0-9]+/, " ")
			split($0, n, " ")
			bad = n[3] + n[4]
			passed += n[2] - bad; failed += bad
		}
		/^ok .*# SKIP/ { skipped++; next }
		/^ok / { passed++; tap++ }
		/^not ok / { failed++ }
		/^1\.\.[0-9]+$/ { plan = 1; planned = substr($0, 4) + 0 }
		END {
			early = script == "yes" && (!plan || planned != passed + failed + skipped)
			if (early || passed + failed + skipped == 0 || (status != 0 && failed == 0))
				failed++
			failed += reports
			print passed + 0, failed + 0, skipped + 0, early + 0
		}' "$1"
}

show_reports() {
	for report in "$1"/*; do
		[ ! -f "$report" ] || {
			echo "      ${report##*/}"
			sed 's/^/      ! /' "$report" | head -n 80
		}
	done
}

run_one() {
	name=$1
	out=$RESULTS/$(printf '%s' "$name" | tr / _)
	case $name in
	*.sh) script=yes && set -- sh "$SRCDIR/$name" ;;
	*) script=no && set -- "$BUILDDIR/$name" ;;
	esac
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/latch.XXXXXX") || exit 1
	chmod 755 "$SCRATCH"
	! is_sanitized || sanitized_reports "$out.reports"
	started=$(date +%s)
	# Whoever kills unshare kills the whole process namespace.
	env -i PATH="$PATH" LC_ALL=C TERM=dumb SRCDIR="$SRCDIR" BUILDDIR="$BUILDDIR" \
		SCRATCH="$SCRATCH" TMPDIR="$SCRATCH" CK_VERBOSITY=normal CK_DEFAULT_TIMEOUT=120 \
		SANITIZED="$SANITIZED" SANITIZER_RUNTIMES="$SANITIZER_RUNTIMES" \
		${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} \
		${UBSAN_OPTIONS:+UBSAN_OPTIONS="$UBSAN_OPTIONS"} \
		${TSAN_OPTIONS:+TSAN_OPTIONS="$TSAN_OPTIONS"} \
		${P11_LATCH_HOSTILE:+P11_LATCH_HOSTILE="$P11_LATCH_HOSTILE"} \
		${P11_LATCH_SEED:+P11_LATCH_SEED="$P11_LATCH_SEED"} \
		${P11_LATCH_FAULTS:+P11_LATCH_FAULTS="$P11_LATCH_FAULTS"} \
		${P11_LATCH_PULLED:+P11_LATCH_PULLED="$P11_LATCH_PULLED"} \
		$(env | grep '^P11_LATCH_KILL_[A-Z]*=[^ ][^ ]*$') \
		${P11_LATCH_SYSTEM:+P11_LATCH_SYSTEM="$P11_LATCH_SYSTEM"} \
		${P11_LATCH_SYSTEM_RESULTS:+P11_LATCH_SYSTEM_RESULTS="$P11_LATCH_SYSTEM_RESULTS"} \
		${P11_LATCH_SYSTEM_WAYS:+P11_LATCH_SYSTEM_WAYS="$P11_LATCH_SYSTEM_WAYS"} \
		timeout -s KILL "$LIMIT" \
		unshare -m -i -n -p -f --kill-child --mount-proc -- \
		sh "$SRCDIR/tests/lib/space.sh" "$@" >"$out.out" 2>&1
	status=$?
	rm -rf "$SCRATCH"
	sanitized_ours "$out.reports"
	reports=$(ls "$out.reports" 2>/dev/null | wc -l)
	seconds=$(($(date +%s) - started))
	count "$out.out" "$status" "$script" "$reports" >"$out.count"
	read -r passed failed skipped early <"$out.count"
	verdict=PASS
	why=
	if [ "$failed" -gt 0 ]; then
		verdict=FAIL
		[ "$early" = 0 ] || why=", ended early"
		[ "$status" != 137 ] || why=", killed after $LIMIT s"
		[ "$reports" = 0 ] || why="$why, $reports reports of a sanitizer"
	fi
	{
		printf '%s  %s: %s passed, %s failed, %s skipped%s (%s s)\n' "$verdict" "$name" \
			"$passed" "$failed" "$skipped" "$why" "$seconds"
		if [ "$verdict" = FAIL ]; then
			sed 's/^/      | /' "$out.out" | tail -n 200
			show_reports "$out.reports"
			echo "      exit status $status"
		elif [ "$VERBOSE" = yes ]; then
			sed 's/^/      | /' "$out.out"
		fi
	} >"$out.report"
	cat "$out.report" # in one piece: two may report at the same moment
}

if [ "${1:-}" = --one ]; then
	run_one "$2"
	exit 0
fi

# --- All of them ----------------------------------------------------------------------------------

preserved() {
	printf '%s,' P11_LATCH_SUMMARY P11_LATCH_HOSTILE P11_LATCH_SEED P11_LATCH_PULLED P11_LATCH_LIMIT \
		P11_LATCH_FAULTS P11_LATCH_SYSTEM P11_LATCH_SYSTEM_RESULTS P11_LATCH_SYSTEM_WAYS \
		P11_LATCH_KILL_DIR P11_LATCH_KILL_EVERY P11_LATCH_KILL_PLACES P11_LATCH_KILL_FLOW P11_LATCH_KILL_KIND \
		P11_LATCH_KILL_CLASS P11_LATCH_KILL_STEP P11_LATCH_KILL_MOST
	printf 'ASAN_OPTIONS,UBSAN_OPTIONS,TSAN_OPTIONS'
}

if [ "$(id -u)" != 0 ]; then
	if sudo -n true 2>/dev/null; then
		exec sudo -n --preserve-env="$(preserved)" sh "$0" \
			--srcdir "$SRCDIR" --builddir "$BUILDDIR" -j "$JOBS" "$@"
	fi
	echo "tests/run.sh: needs root, or sudo without a password: each test runs in namespaces of its own" >&2
	exit 1
fi
if ! unshare -m -i -n -p -f --mount-proc true 2>/dev/null; then
	echo "tests/run.sh: this machine gives no namespaces (unshare -m -i -n -p fails);" \
		"a container needs --privileged" >&2
	exit 1
fi

list_scripts() {
	for source in "$SRCDIR/tests/$1"/*.sh; do
		[ ! -f "$source" ] || echo "tests/$1/${source##*/}"
	done
}

# Every Check program and script of one kind; a program whose source was never built is listed too.
list_kind() {
	case $1 in
	unit | module)
		for source in "$SRCDIR/tests/$1"/test_*.c; do
			source=${source##*/}
			[ ! -f "$SRCDIR/tests/$1/$source" ] || echo "tests/$1/${source%.c}"
		done
		# Built from the source of another, as the one under ThreadSanitizer is.
		for program in "$BUILDDIR/tests/$1"/test_*; do
			program=${program##*/}
			case $program in
			*.*) ;;
			*) [ ! -x "$BUILDDIR/tests/$1/$program" ] || echo "tests/$1/$program" ;;
			esac
		done
		list_scripts "$1"
		;;
	card | clients | tool | docs)
		list_scripts "$1"
		;;
	*)
		echo "$1" | sed 's|^.*/\(tests/\)|\1|'
		;;
	esac
}

[ $# -gt 0 ] || set -- unit module card tool clients docs
RESULTS=$(mktemp -d "${TMPDIR:-/tmp}/latch-results.XXXXXX") || exit 1
trap 'rm -rf "$RESULTS"' EXIT
trap 'exit 130' INT TERM HUP PIPE
chmod 711 "$RESULTS" # helpers of other users report there
sanitized_look
export RESULTS VERBOSE SANITIZED SANITIZER_RUNTIMES
for kind; do
	list_kind "$kind"
done | sort -u >"$RESULTS/list"
echo "running $(wc -l <"$RESULTS/list") tests, $JOBS at a time"
xargs -P "$JOBS" -n 1 sh "$0" --srcdir "$SRCDIR" --builddir "$BUILDDIR" --one <"$RESULTS/list"

sum=$(cat "$RESULTS"/*.count 2>/dev/null |
	awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
[ -z "${P11_LATCH_SUMMARY:-}" ] || echo "$sum" >"$P11_LATCH_SUMMARY"
# shellcheck disable=SC2086
set -- $sum
grep -h '^FAIL' "$RESULTS"/*.report 2>/dev/null
echo "$1 passed, $2 failed, $3 skipped"
[ "$2" -eq 0 ] && [ "$1" -gt 0 ]
