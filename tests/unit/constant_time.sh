# SPDX-License-Identifier: BSD-3-Clause
# Secrets are compared in constant time: no branch and no address depends on one, as valgrind sees it.
set -u
. "$SRCDIR/tests/lib/tap.sh"
. "$SRCDIR/tests/lib/sanitized.sh"

# watched PART: exit status 9 where something depends on a secret.
watched() {
	valgrind --quiet --error-exitcode=9 "$SCRATCH/constant" "$1"
}

if is_sanitized; then
	skip "secrets are compared in constant time" "valgrind does not run what a sanitizer is in"
	done_testing
fi
# Debian 12's valgrind cannot read what clang tells debuggers.
strip --strip-debug -o "$SCRATCH/constant" "$BUILDDIR/tests/unit/constant"
watched control >"$SCRATCH/out" 2>&1
is $? 9 "a comparison that stops at the first difference is seen"
like "$(cat "$SCRATCH/out")" "*depends on uninitialised value*" "and said to depend on the secret"
passes "secret_equal() does not depend on what it compares" watched secrets
passes "nor does the reading of a card manager key, and the comparing of two" watched keys
passes "nor what a presented value is found to be: the policy's PUK, the PIN letter, none" watched rows
done_testing
