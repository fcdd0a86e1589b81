#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# analyse.sh SRCDIR WORK "ANALYSER..." FLAG...: analysers over all that is installed. Clean, or it fails.
set -u
SRCDIR=$1 WORK=$2 ANALYSERS=$3
shift 3
FOLDERS="policy card module helper tool"
failed=0

mkdir -p "$WORK" && cd "$SRCDIR" || exit 1
# One flag a line: clang-tidy reads it there, and gcc as a file of arguments, in which quotes and blanks are kept so.
printf '%s\n' "$@" >"$WORK/compile_flags.txt"
sed 's/["\\ ]/\\&/g' "$WORK/compile_flags.txt" >"$WORK/gcc_flags"
export WORK

# over COMMAND: for each file, on all processors; each in a process of its own, since the va_list checker of clang 14
# mixes up the files that one process looks at.
over() {
	for folder in $FOLDERS; do
		ls "$folder"/*.c
	done | xargs -P "$(nproc)" -n 1 sh -c "$1" analyse
}

run_cppcheck() {
	# shellcheck disable=SC2086
	cppcheck --enable=warning,performance --std=c11 --library=posix --library=gnu -I. -D_GNU_SOURCE \
		-DP11_LATCH_VERSION='"x"' --suppressions-list=tests/lib/cppcheck.supp \
		--suppress=missingIncludeSystem --error-exitcode=1 --quiet -j "$(nproc)" $FOLDERS
}

# What is on stands in .clang-tidy.
run_clang_tidy() {
	over 'clang-tidy-14 --quiet -p "$WORK" "$1" 2>/dev/null'
}

# Not its leak checker: that of gcc 12 loses pointers that go into what reallocarray() gave, and into uthash's tables.
# Leaks are LeakSanitizer's and memcheck's to find, which both run over the tests.
run_fanalyzer() {
	over 'gcc @"$WORK/gcc_flags" -O1 -fanalyzer -Wno-analyzer-malloc-leak -Werror -c -o /dev/null "$1"'
}

for analyser in $ANALYSERS; do
	case $analyser in
	cppcheck) program=cppcheck run=run_cppcheck ;;
	clang-tidy) program=clang-tidy-14 run=run_clang_tidy ;;
	fanalyzer) program=gcc run=run_fanalyzer ;;
	*) echo "analyse.sh: there is no $analyser" >&2 && exit 2 ;;
	esac
	command -v "$program" >/dev/null || {
		echo "$analyser: $program is not installed" >&2
		failed=1
		continue
	}
	if "$run"; then
		echo "$analyser: clean"
	else
		echo "$analyser: NOT clean"
		failed=1
	fi
done
exit "$failed"
