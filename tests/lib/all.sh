# SPDX-License-Identifier: BSD-3-Clause
# All of the library for test scripts, in the order in which the parts need each other. Sourced.

: "${SRCDIR:?run this by tests/run.sh}" "${BUILDDIR:?run this by tests/run.sh}"
for part in tap sanitized drive vcards tokens latch; do
	. "$SRCDIR/tests/lib/$part.sh"
done
