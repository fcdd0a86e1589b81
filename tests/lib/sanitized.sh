# SPDX-License-Identifier: BSD-3-Clause
# Builds with sanitizers: which runtimes are to be loaded, and where reports go. Sourced, by run.sh too.
#
#	foreign PROGRAM ARG...             a program that is not ours, with the module in it
#	foreign_path PROGRAM               its path, for foreign()
#	foreign_script FILE                writes a program that is foreign() for those that no shell starts
#	preloaded LIBRARY PROGRAM ARG...   PROGRAM with LIBRARY loaded before its own
#	is_sanitized
#
# A sanitized module or library wants the sanitizer's runtime loaded before everything else.

# What run.sh found once, for all tests.
: "${SANITIZED:=}" "${SANITIZER_RUNTIMES:=}"

# clang puts its sanitizers' runtimes into the program itself.
sanitized_look() {
	SANITIZED=
	SANITIZER_RUNTIMES=$(ldd "$BUILDDIR/.libs/p11-latch.so" 2>/dev/null |
		sed -n 's/.*=> *\([^ ]*lib[atu]*b*san[^ ]*\) .*/\1/p' | paste -s -d ' ' -)
	[ -z "$SANITIZER_RUNTIMES" ] || SANITIZER_RUNTIMES="$SANITIZER_RUNTIMES $BUILDDIR/tests/lib/early.so"
	if [ -n "$SANITIZER_RUNTIMES" ] ||
		grep -q -a -e __asan_init -e __ubsan_handle -e __tsan_init "$BUILDDIR/p11-latch-helper" 2>/dev/null; then
		SANITIZED=yes
	fi
}

# sanitized_reports FOLDER: whatever a process of any user has to report is a file there. A helper has no standard error
# for it, and nobody looks at its exit status. openCryptoki's threads share memory by gcc's transactions and glibc's
# tzset(), of whose order ThreadSanitizer sees nothing: what is called by code without it is not its matter. Frames are
# written with the file that they are in, for sanitized_ours().
sanitized_reports() {
	install -d -m 1777 "$1"
	sanitized_common="log_path=$1/report:log_exe_name=1:stack_trace_format='    #%n %p in %f %S [%m]'"
	ASAN_OPTIONS="fast_unwind_on_malloc=0:${ASAN_OPTIONS:+$ASAN_OPTIONS:}$sanitized_common:detect_leaks=1:exitcode=0:handle_sigill=1"
	UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}$sanitized_common:print_stacktrace=1"
	TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}$sanitized_common:exitcode=0:ignore_noninstrumented_modules=1"
	export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
}

# sanitized_ours FOLDER: without the reports that are all of leaks of others. A leak is ours where the first that is not a
# library of all programs is ours; vendor modules leak at each C_Finalize, and what they have unloaded has no name then,
# or that of a file which the sanitizer itself has mapped there since.
sanitized_ours() {
	for sanitized_report in "$1"/*; do
		[ ! -f "$sanitized_report" ] || awk -v ours="[$BUILDDIR/" '
			/^(Direct|Indirect) leak of / { undecided = 1; next }
			/^==.*LeakSanitizer: detected memory leaks|^Too many leaks!|^SUMMARY: AddressSanitizer: .* leaked|^=*$|^ *#/ { known = 1 }
			undecided && /^ *#/ && !/\[[^[]*\/lib(asan|ubsan|c|crypto|p11-kit|stdc\+\+)\.so[^\/]*\]$/ {
				undecided = 0
				if (index($0, ours) && !/ in <null> /)
					mine = 1
			}
			!known { mine = 1 }
			{ known = 0 }
			END { exit !mine }' "$sanitized_report" || rm -f "$sanitized_report"
	done
}

is_sanitized() {
	[ -n "$SANITIZED" ]
}

foreign() {
	if [ -n "$SANITIZER_RUNTIMES" ]; then
		LD_PRELOAD="$SANITIZER_RUNTIMES" \
			ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0:suppressions=$SRCDIR/tests/lib/asan.supp" "$@"
	else
		"$@"
	fi
}

# What is set-group-id takes no runtime, and a copy of it is not.
foreign_path() {
	foreign_from=$(command -v "$1") || return
	if is_sanitized && [ -g "$foreign_from" ]; then
		cp "$foreign_from" "$SCRATCH/$1"
		foreign_from=$SCRATCH/$1
	fi
	printf '%s' "$foreign_from"
}

foreign_script() {
	cat >"$1" <<-END
		#!/bin/sh
		SRCDIR="$SRCDIR" SANITIZED=$SANITIZED SANITIZER_RUNTIMES="$SANITIZER_RUNTIMES"
		. "$SRCDIR/tests/lib/sanitized.sh"
		foreign exec "\$@"
	END
	chmod 755 "$1"
}

preloaded() {
	sanitized_library=$1
	shift
	LD_PRELOAD="${SANITIZER_RUNTIMES:+$SANITIZER_RUNTIMES }$sanitized_library" "$@"
}
