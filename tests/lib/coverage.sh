#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# coverage.sh SRCDIR BUILDDIR [RUN_ARG...]: runs the tests in a build with --enable-coverage, and counts what they ran.
set -u
SRCDIR=$1 BUILDDIR=$2
shift 2
command -v gcovr >/dev/null || {
	echo "make coverage needs gcovr; on Debian: apt-get install gcovr" >&2
	exit 1
}

# Helpers run as other users too, whose counts go into the same files; and root's umask in a helper is 077.
open_counts() {
	find "$BUILDDIR" -name '*.gcda' -exec rm -f {} +
	find "$BUILDDIR" -name '*.gcno' | while read -r notes; do
		: >"${notes%.gcno}.gcda"
	done
	find "$BUILDDIR" -name '*.gcda' -exec chmod 666 {} +
	find "$BUILDDIR" -type d -exec chmod a+rx {} +
}

# Branches within uthash's macros are uthash's.
UTHASH='^\s*HASH_(ADD|ADD_KEYPTR|DEL|DELETE|FIND|FIND_STR|ITER) ?\('

# A process that is killed counts nothing: what it was at shows as not run.
count() {
	for folder in policy card module helper; do
		gcovr --root "$SRCDIR" --object-directory "$BUILDDIR" --filter "$SRCDIR/$folder/" \
			--exclude-unreachable-branches --exclude-branches-by-pattern "$UTHASH" \
			--gcov-ignore-parse-errors --print-summary \
			--txt "$BUILDDIR/coverage-$folder.txt" "$BUILDDIR" 2>"$BUILDDIR/coverage.log" |
			sed -n "s|^lines: \(.*\)|$folder: lines \1|p; s|^branches: \(.*\)|$folder: branches \1|p"
	done
	gcovr --root "$SRCDIR" --object-directory "$BUILDDIR" --filter "$SRCDIR/(policy|card|module|helper)/" \
		--exclude-unreachable-branches --exclude-branches-by-pattern "$UTHASH" \
		--gcov-ignore-parse-errors --print-summary --txt "$BUILDDIR/coverage.txt" "$BUILDDIR" 2>>"$BUILDDIR/coverage.log" |
		sed -n 's/^lines: /together: lines /p; s/^branches: /together: branches /p'
	echo "which lines were not run stands in $BUILDDIR/coverage.txt"
}

# More failing system calls than the check tries (tests/lib/sysfault.sh), and more time for each test.
export P11_LATCH_SYSTEM="${P11_LATCH_SYSTEM:-97}" P11_LATCH_LIMIT="${P11_LATCH_LIMIT:-1200}"
open_counts
sh "$SRCDIR/tests/run.sh" --srcdir "$SRCDIR" --builddir "$BUILDDIR" "$@"
status=$?
count
exit "$status"
