#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# sanitized_check.sh SRCDIR FOLDER [RUN_ARG...]: builds p11-latch with each sanitizer in FOLDER, and runs every test under
# AddressSanitizer and UndefinedBehaviorSanitizer, and those with threads under ThreadSanitizer. RUN_ARGs: these instead.
# SANITIZERS="address" or "thread": that one alone.
set -u
SRCDIR=$1 FOLDER=$2
shift 2
. "$SRCDIR/tests/lib/packages.sh"
unset MAKEFLAGS CFLAGS CPPFLAGS LDFLAGS CC
: "${SANITIZERS:=address thread}" "${P11_LATCH_LIMIT:=1200}"
export P11_LATCH_LIMIT
# Helper and command have one thread.
THREADED="module tests/card/hanging.sh tests/card/long_run.sh tests/card/parallel.sh"

# build NAME OPTION...: configured and built in $FOLDER/NAME.
build() {
	build_dir=$FOLDER/$1
	shift
	mkdir -p "$build_dir" && cd "$build_dir" &&
		"$FOLDER/src/configure" --enable-werror CC=gcc "$@" >configure.log &&
		make -j "$(nproc)" test-programs >make.log
}

# tests NAME WHAT...
tests() {
	tests_dir=$FOLDER/$1
	shift
	sh "$FOLDER/src/tests/run.sh" --srcdir "$FOLDER/src" --builddir "$tests_dir" -j "$(($(nproc) + 1))" "$@"
}

# gcc 12's UndefinedBehaviorSanitizer writes its reports to standard error whatever it is told, and a helper has none: so
# it traps, which AddressSanitizer reports.
address() {
	build address --enable-asan --enable-ubsan CFLAGS="-O1 -g -fsanitize-undefined-trap-on-error" && tests address "$@"
}

# shellcheck disable=SC2086
thread() {
	[ $# -gt 0 ] || set -- $THREADED
	build thread --enable-tsan CFLAGS="-O1 -g" && tests thread "$@"
}

rm -rf "${FOLDER:?}/src"
mkdir -p "$FOLDER/src" && copy_tree "$SRCDIR" "$FOLDER/src" && sh "$FOLDER/src/autogen.sh" || exit 1
status=0
for sanitizer in $SANITIZERS; do
	echo "with $sanitizer sanitizer:"
	"$sanitizer" "$@" || status=1
done
exit "$status"
