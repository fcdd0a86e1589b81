# SPDX-License-Identifier: BSD-3-Clause
# The test vector of tickets and boxes in p11-latch(7): it is what this program makes, and another one, which goes by
# the page alone, opens it.
set -u
. "$SRCDIR/tests/lib/tap.sh"
page=$SRCDIR/man/p11-latch.7
PYTHON=/usr/bin/python3 # the one that Debian's modules belong to
"$PYTHON" -c 'import cryptography' || bail_out "python3-cryptography is not installed"

# The literal blocks that hold a vector, with an empty line between two.
vectors() {
	awk '/^\.Bd -literal$/ { getline; in_it = /^card manager key/; if (in_it && n++) print "" }
		/^\.Ed$/ { in_it = 0 } in_it' "$1"
}

is "$(vectors "$page")" "$("$BUILDDIR/tests/unit/vector_print")" "the page has what the program makes"
passes "a program that goes by the page opens it" "$PYTHON" "$SRCDIR/tests/docs/tickets.py" "$page"

# One digit of each that is another, and the same program says so.
for field in 'card manager key' 'name of the card' 'SO secret' 'ticket' 'box'; do
	sed "0,/^$field  *[0-9a-f]*\$/s/^\($field  *\)[0-9a-f]/\1a/" "$page" >"$SCRATCH/page"
	fails "and does not, where $field is another" "$PYTHON" "$SRCDIR/tests/docs/tickets.py" "$SCRATCH/page"
done

done_testing
