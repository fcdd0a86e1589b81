# SPDX-License-Identifier: BSD-3-Clause
# make check-kill: whole.sh SRCDIR BUILDDIR [TOKEN...]. Interrupted, it goes on where it was, if the build is the same.
# What is in the environment for steps.sh makes it a sample, or a part. Results are in tests/kill/results of the build,
# and make P11_LATCH_KILL_REPORT, tests/KILL.md if not set.
set -u
SRCDIR=$1
BUILDDIR=$2
shift 2
: "${P11_LATCH_KILL_DIR:=$BUILDDIR/tests/kill/results}" "${P11_LATCH_LIMIT:=1000000}" "${P11_LATCH_KILL_EVERY:=997}"
: "${P11_LATCH_KILL_REPORT:=$SRCDIR/tests/KILL.md}"
export P11_LATCH_KILL_DIR P11_LATCH_KILL_EVERY P11_LATCH_LIMIT

[ $# -gt 0 ] || set -- softhsm opencryptoki openpgp piv-opensc piv-ykcs11
for token; do
	set -- "$@" "tests/kill/$token.sh"
	shift
done
sh "$SRCDIR/tests/run.sh" --srcdir "$SRCDIR" --builddir "$BUILDDIR" ${KILL_JOBS:+-j "$KILL_JOBS"} "$@"
status=$?
sh "$SRCDIR/tests/kill/report.sh" "$SRCDIR" "$P11_LATCH_KILL_DIR" >"$P11_LATCH_KILL_REPORT.new" &&
	mv "$P11_LATCH_KILL_REPORT.new" "$P11_LATCH_KILL_REPORT" && exit "$status"
