# SPDX-License-Identifier: BSD-3-Clause
# Which reports of sanitizers count: all but those of leaks of others.
set -u
. "$SRCDIR/tests/lib/tap.sh"
. "$SRCDIR/tests/lib/sanitized.sh"

REPORTS=$SCRATCH/reports
MALLOC="    #0 0x7f in __interceptor_malloc ../src/asan_malloc_linux.cpp:69 [/lib/x86_64-linux-gnu/libasan.so.8]"
CRYPTO="    #1 0x7f in CRYPTO_zalloc <null> [/lib/x86_64-linux-gnu/libcrypto.so.3]"
OURS="    #2 0x55 in main helper/main.c:176 [$BUILDDIR/p11-latch-helper]"
LIBC="    #3 0x7f in __libc_start_call_main ../sysdeps/x86/libc-start.h:58 [/lib/x86_64-linux-gnu/libc.so.6]"
VENDOR="    #1 0x7f in bt_get_node <null> [/usr/lib/x86_64-linux-gnu/opencryptoki/libopencryptoki.so.0]"
UNLOADED="    #1 0x7f in <null> <null> [<null>]"
REMAPPED="    #1 0x7f in <null> <null> [$BUILDDIR/p11-latch-helper]"

# leaks NAME FRAME...: a report of one leak with these frames.
leaks() {
	leaks_name=$1
	shift
	{
		printf '\n=====\n==p11-latch-helper==7==ERROR: LeakSanitizer: detected memory leaks\n\n'
		printf 'Direct leak of 77 byte(s) in 1 object(s) allocated from:\n'
		printf '%s\n' "$@"
		printf '\nSUMMARY: AddressSanitizer: 77 byte(s) leaked in 1 allocation(s).\n'
	} >>"$REPORTS/$leaks_name"
}

# counts EXPECTED TEXT: those of the reports that are left.
counts() {
	sanitized_ours "$REPORTS"
	is "$(ls "$REPORTS" | tr '\n' ' ')" "$1" "$2"
	rm -f "$REPORTS"/*
}

mkdir "$REPORTS"
leaks own "$MALLOC" "$OURS" "$LIBC"
leaks crypto "$MALLOC" "$CRYPTO" "$OURS" "$LIBC"
counts "crypto own " "a leak of ours counts, also through a library of all programs"
leaks vendor "$MALLOC" "$VENDOR" "$OURS" "$LIBC"
leaks unloaded "$MALLOC" "$UNLOADED" "$OURS" "$LIBC"
leaks remapped "$MALLOC" "$REMAPPED" "$OURS" "$LIBC"
counts "" "a vendor's does not, whatever its place is called once it is unloaded"
leaks both "$MALLOC" "$VENDOR" "$OURS" "$LIBC"
leaks both "$MALLOC" "$OURS" "$LIBC"
counts "both " "nor does it hide one of ours"
printf '==1==ERROR: AddressSanitizer: ILL on unknown address 0x55\n%s\n' "$VENDOR" >"$REPORTS/error"
printf 'WARNING: ThreadSanitizer: data race (pid=1)\n%s\n' "$VENDOR" >"$REPORTS/race"
printf 'policy/ini.c:1:2: runtime error: signed integer overflow\n' >"$REPORTS/undefined"
counts "error race undefined " "every other report counts"
done_testing
