# SPDX-License-Identifier: BSD-3-Clause
# Secrets that a test plants, and the looking for them: in what programs say, in files, in memory. Sourced, after
# all.sh.
#
#	secrets_keep         from here on what drive_start, once and $CMD start has a malloc that neither scrubs nor
#	                     uses again (tests/lib/keepalloc.c), and leaves its memory in $DUMPS when it ends: in
#	                     $DUMPS/vendor where p11drive has the vendor's module without p11-latch, else in $DUMPS/latch
#	                     ($KEEP_VENDOR is the path of the vendor's module); what programs say is to go to $HEARD
#	secrets_start KIND   a token and p11-latch, with all of that kept and heard
#	nothing_left SECRET...         tests that none of them is in the memory of those that have ended, nor in what they
#	                     said and wrote
#	heard LINE...                  a program with p11-latch.so does that, and what it says is kept
#	command_heard LINES WORD...    the command, with these lines on standard input
#	secrets_in FOLDER SECRET...    which of them stand there, in any form: "" if none
#	not_in FOLDER TEXT SECRET...   a test that none does

HEARD=$SCRATCH/heard
DUMPS=$SCRATCH/dumps

# A wrapper around program $2 as $SCRATCH/bin/$1. What only carries a script's words to another process is none.
secrets_wrap() {
	cat >"$SCRATCH/bin/$1" <<-EOF
		#!/bin/sh
		[ "\${1:-}" != --to ] || exec "$2" "\$@"
		KEEPALLOC_FOLDER=$DUMPS/latch
		[ "\${1:-}" != "\${KEEP_VENDOR:-}" ] || KEEPALLOC_FOLDER=$DUMPS/vendor
		export KEEPALLOC_FOLDER
		LD_PRELOAD=$BUILDDIR/tests/lib/keepalloc.so exec "$2" "\$@"
	EOF
	chmod 755 "$SCRATCH/bin/$1"
}

secrets_keep() {
	install -d -m 1777 "$DUMPS" "$DUMPS/vendor" "$DUMPS/latch" "$HEARD"
	mkdir -p "$SCRATCH/bin"
	secrets_wrap p11drive-kept "$BUILDDIR/tests/lib/p11drive"
	secrets_wrap p11-latch-kept "$BUILDDIR/p11-latch"
	P11DRIVE=$SCRATCH/bin/p11drive-kept
	CMD=$SCRATCH/bin/p11-latch-kept
}

heard() {
	once "$LATCH" "$@" finalize >>"$HEARD/programs" 2>&1
}

# shellcheck disable=SC2059
command_heard() {
	printf "$1" >"$SCRATCH/in"
	shift
	"$CMD" "$@" <"$SCRATCH/in" >>"$HEARD/commands" 2>&1
}

secrets_in() {
	"$BUILDDIR/tests/lib/filescan" "$@" 2>&1 || true
}

not_in() {
	not_in_folder=$1
	not_in_text=$2
	shift 2
	is "$(secrets_in "$not_in_folder" "$@")" "" "$not_in_text"
}

secrets_start() {
	secrets_keep
	token_start "$1"
	latch_setup
	CMD=$SCRATCH/bin/p11-latch-kept
	KEEP_VENDOR=$MODULE
	export KEEP_VENDOR
	rm -f "$DUMPS"/*/* "$HEARD"/*
	log_clear
}

nothing_left() {
	passes "$kind: no helper is left" wait_for 20 no_helpers
	for left_what in p11-latch-helper p11-latch p11drive; do
		passes "$kind: $left_what: memory is there" ls "$DUMPS/latch/$left_what".*
		rm -rf "$SCRATCH/looked"
		mkdir "$SCRATCH/looked"
		mv "$DUMPS/latch/$left_what".* "$SCRATCH/looked/"
		not_in "$SCRATCH/looked" "$kind: $left_what: no secret is left in it" "$@"
	done
	not_in "$HEARD" "$kind: no secret in what programs and commands said" "$@"
	not_in "$LOG" "$kind: nor in the log" "$@"
	not_in "$STATE" "$kind: nor in the state" "$@"
}
