#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what the tests need, builds p11-latch in every way that counts, and runs every test.
# The last line is "N passed, N failed, N skipped". Needs root, or sudo; no git. --keep: keeps the build.
set -u

TOP=$(cd "$(dirname "$0")/.." && pwd)
. "$TOP/tests/lib/packages.sh"
KEEP=no
[ "${1:-}" != --keep ] || KEEP=yes

PASSED=0
FAILED=0
SKIPPED=0
FAILURES=

finish() {
	[ -z "$FAILURES" ] || printf '\nfailed:%s\n' "$FAILURES"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
	exit
}

give_up() {
	echo "tests/check.sh: $*" >&2
	FAILED=$((FAILED + 1))
	finish
}

if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null ||
		give_up "needs root, or sudo: each test runs in namespaces of its own"
	sudo true || give_up "sudo does not let this user become root"
	exec sudo sh "$0" "$@"
fi
unshare -m -i -n -p -f --mount-proc true ||
	give_up "this machine gives no namespaces (see above); a container needs --privileged"

# shellcheck disable=SC2086
packages_install $BUILD_PACKAGES $TEST_PACKAGES || give_up "packages are missing"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/latch-check.XXXXXX") || give_up "no scratch folder"
chmod 755 "$WORK"
clean_up() {
	if [ "$KEEP" = yes ]; then
		echo "kept: $WORK" >&2
	else
		chmod -R u+w "$WORK"
		rm -rf "$WORK"
	fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP PIPE
LIMIT_JOBS=$(nproc)
# Many a test waits for a reader or a daemon most of its time.
TEST_JOBS=$((LIMIT_JOBS + 2))
unset MAKEFLAGS CFLAGS CPPFLAGS LDFLAGS CC P11_LATCH_CONF P11_LATCH_DEBUG P11_LATCH_HOLD SOFTHSM2_CONF

# step NAME COMMAND...: one check, with its output shown where it fails.
step() {
	step_name=$1
	shift
	step_start=$(date +%s)
	printf '%s ... ' "$step_name"
	if "$@" >"$WORK/step.log" 2>&1 </dev/null; then
		PASSED=$((PASSED + 1))
		echo "passed ($(($(date +%s) - step_start)) s)"
		return 0
	fi
	FAILED=$((FAILED + 1))
	FAILURES="$FAILURES
  $step_name"
	echo "FAILED ($(($(date +%s) - step_start)) s)"
	tail -n 100 "$WORK/step.log" | sed 's/^/  | /'
	return 1
}

# tests BUILDDIR WHAT...: run.sh, whose own lines are the progress.
tests() {
	tests_dir=$1
	shift
	rm -f "$WORK/sum"
	P11_LATCH_SUMMARY=$WORK/sum sh "$WORK/src/tests/run.sh" --srcdir "$WORK/src" \
		--builddir "$tests_dir" -j "$TEST_JOBS" "$@" >"$WORK/run.log" 2>&1 </dev/null &
	tests_pid=$!
	tail -f --pid="$tests_pid" -n +1 "$WORK/run.log" 2>/dev/null
	wait "$tests_pid"
	if ! read -r passed failed skipped <"$WORK/sum"; then
		passed=0 failed=1 skipped=0
	fi
	PASSED=$((PASSED + passed))
	FAILED=$((FAILED + failed))
	SKIPPED=$((SKIPPED + skipped))
	FAILURES="$FAILURES$(sed -n 's/^FAIL *\(.*\)$/\
  \1/p' "$WORK/run.log" | sort -u)"
}

# build DIR OPTION...: configured and built, test programs too, with not one warning.
build() {
	build_dir=$WORK/$1
	shift
	mkdir "$build_dir" && cd "$build_dir" || return 1
	"$WORK/src/configure" --enable-werror "$@" || return 1
	make -j "$LIMIT_JOBS" test-programs
}

# All seeds, whatever the time, and the shallow half of each parser; "make fuzz" goes on as long as one likes.
fuzz() {
	mkdir "$WORK/fuzz" && cd "$WORK/fuzz" &&
		"$WORK/src/configure" --enable-werror --enable-fuzzers --enable-asan --enable-ubsan CC=clang \
			CFLAGS="-O1 -g" &&
		make -j "$LIMIT_JOBS" fuzz FUZZ_SECONDS=3
}

distcheck() {
	cd "$WORK/gcc" && make distcheck RUN_ARGS="module docs tests/card/block.sh"
}

# Whatever lies in the tree is in the archive.
archive_is_whole() {
	mkdir "$WORK/archive" &&
		tar -xf "$WORK"/gcc/p11-latch-*.tar.xz -C "$WORK/archive" --strip-components=1 &&
		cd "$WORK/copy" || return 1
	find . -type f | sort | while read -r file; do
		cmp "$file" "$WORK/archive/$file" || echo "$file" >>"$WORK/archive-lacks"
	done
	[ ! -e "$WORK/archive-lacks" ]
}

house_style() {
	cd "$WORK/copy" && sh tests/lib/style.sh
}

scripts_parse() {
	cd "$WORK/copy" || return 1
	find . -name '*.sh' -o -path ./.ci/run | while read -r script; do
		sh -n "$script" || echo "$script" >>"$WORK/bad-scripts"
	done
	bash -n conf/p11-latch.bash && [ ! -e "$WORK/bad-scripts" ]
}

mkdir "$WORK/src" "$WORK/copy"
step "a copy of the tree" copy_tree "$TOP" "$WORK/src" || finish
step "a second, left as it is" copy_tree "$TOP" "$WORK/copy" || finish
step "autogen.sh" sh "$WORK/src/autogen.sh" || finish
step "house style" house_style
step "shell scripts parse" scripts_parse
if step "build with gcc" build gcc CC=gcc; then
	step "clang-format" make -C "$WORK/gcc" format-check CLANG_FORMAT=clang-format-14
	step "cppcheck and clang-tidy" make -C "$WORK/gcc" analyse ANALYSERS="cppcheck clang-tidy"
	tests "$WORK/gcc"
	step "make distcheck" distcheck && step "the archive is whole" archive_is_whole
fi
if step "build with clang" build clang CC=clang; then
	tests "$WORK/clang" unit module
fi
if step "build with AddressSanitizer and UndefinedBehaviorSanitizer" \
	build asan CC=gcc --enable-asan --enable-ubsan CFLAGS="-O1 -g -fsanitize-undefined-trap-on-error"; then
	# Of the flows those that go through most of the code; "make check-sanitized" runs all, and looks deeper for leaks.
	export ASAN_OPTIONS=fast_unwind_on_malloc=1
	tests "$WORK/asan" unit module tests/card/hostile.sh tests/card/ends.sh tests/card/hold.sh tests/card/hold_secrets.sh \
		tests/card/unblock_login.sh tests/card/apply.sh tests/card/apply_new.sh tests/card/offline_phone.sh \
		tests/card/block.sh tests/card/who_may.sh tests/card/faults_record.sh tests/tool/check.sh \
		tests/tool/explain.sh tests/tool/probe_far.sh tests/tool/respond.sh tests/tool/status.sh
	unset ASAN_OPTIONS
fi
step "fuzzers, their seeds and 3 seconds each" fuzz
step "the demonstration" sh "$WORK/copy/tests/demo.sh"
finish
