# SPDX-License-Identifier: BSD-3-Clause
# House style that no other tool knows: the first two lines of each file, lengths, words that do not belong.
# Run in the top folder. Prints what is wrong, and fails if anything is.
set -u

BAD=$(mktemp) || exit 1
trap 'rm -f "$BAD"' EXIT

complain() {
	echo "$*" >>"$BAD"
}

# A script's first comment may stand below "#!"; header files of the build system have "dnl".
check_header() {
	head -n 3 "$1" | grep -v '^#!' | sed -n '1p' |
		grep -q 'SPDX-License-Identifier: BSD-3-Clause' ||
		complain "$1: its first line is not the licence"
}

find . -name '*.[ch]' -o -name '*.inc' -o -name '*.sh' -o -name '*.m4' -o -name '*.am' -o -name '*.ac' \
	-o -name '*.bash' | grep -v -e '^./build-aux/' -e '^./m4/l[it]' -e '^./aclocal' |
	sort | while read -r file; do
	check_header "$file"
	lines=$(wc -l <"$file")
	[ "$lines" -le 800 ] || complain "$file: $lines lines, over 800"
done

find card helper module policy tool tests -name '*.[ch]' | sort | while read -r file; do
	sed -n 2p "$file" | grep -q '^/\* [A-Z0-9a-z].*' ||
		complain "$file: its second line does not say what the file is"
	grep -n -E 'TODO|FIXME|XXX' "$file" | grep -v mkdtemp | grep -v mkstemp | grep -v XXXXXX |
		while read -r line; do
			complain "$file:$line"
		done
	awk -v file="$file" '
		/^[a-z_].*\(/ && !/;$/ { name = $0 }
		/^\{$/ { start = NR }
		/^\}$/ && start { if (NR - start > 100) print file ": " name ": over 100 lines"; start = 0 }
	' "$file" >>"$BAD"
done

# What nobody builds would never fail. Vendor modules of the tests stand there as .so, programs without suffix.
for file in card/*.c helper/*.c module/*.c policy/*.c tool/*.c tests/*/*.c tests/*/*/*.c; do
	grep -q -w "${file%.c}" Makefile.am tests/fuzz/fuzz.am || complain "$file: not named in Makefile.am"
done

[ ! -s "$BAD" ] || { sort -u "$BAD" && exit 1; }
