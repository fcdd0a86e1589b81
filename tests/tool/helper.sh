# SPDX-License-Identifier: BSD-3-Clause
# p11-latch-helper as a person starts it: what it is for, its version, and what it refuses.
set -u
. "$SRCDIR/tests/lib/all.sh"

HELPER=$BUILDDIR/p11-latch-helper

# says STATUS PATTERN TEXT WORD...: without a socket on its standard input.
says() {
	helper_status=$1 helper_pattern=$2 helper_text=$3
	shift 3
	helper_out=$("$HELPER" "$@" </dev/null 2>&1)
	is $? "$helper_status" "$helper_text: exit status $helper_status"
	like "$helper_out" "$helper_pattern" "$helper_text: $helper_pattern"
}

says 0 "usage: p11-latch-helper *" "--help" --help
says 0 "p11-latch-helper [0-9]*" "--version" --version
says 2 "*usage: p11-latch-helper *" "a word that it does not know" --nonsense
says 2 "*usage: p11-latch-helper *" "a word too many" file
says 2 "usage: p11-latch-helper *" "--spawned with --operators" --spawned --operators
says 2 "usage: p11-latch-helper *started by p11-latch.so, or by systemd*" "no socket on its standard input" --spawned
done_testing
