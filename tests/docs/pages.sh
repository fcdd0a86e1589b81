# SPDX-License-Identifier: BSD-3-Clause
# Pages and documents: installed, without warnings, and complete as far as a program can tell.
set -u
. "$SRCDIR/tests/lib/tap.sh"
cd "$SRCDIR" || exit 1

# warnings PAGE: what its reader would not see.
warnings() {
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$1" 2>&1 | grep -v '^mandoc: outdated'
	elif command -v groff >/dev/null; then
		groff -mandoc -ww -z -Tutf8 "$1" 2>&1
	else
		echo "neither mandoc nor groff is installed"
	fi
}

# lacking FILE WORD...: those that do not stand in the file as words of their own; no WORD is a fault too.
lacking() {
	lacking_file=$1
	shift
	[ $# -gt 0 ] || echo "the script finds none of them in the sources"
	for lacking_word; do
		grep -q -w -e "$lacking_word" "$lacking_file" || printf '%s ' "$lacking_word"
	done
}

for page in man/*.[1-8]; do
	grep -q -w -F "$page" Makefile.am && ok "$page is installed" ||
		not_ok "$page is installed" "it is not named in Makefile.am"
	is "$(warnings "$page")" "" "$page has no warnings"
done
for document in README.md SECURITY.md HACKING.md OFFICE.md HELPDESK.md NEWS; do
	is "$(lacking Makefile.am "$document")" "" "$document is installed"
done

# p11-latch.1 and completion: tests/tool/words.sh.
commands=$(sed -n 's/^    {"\([a-z]*\)", tool_.*/\1/p' tool/main.c)
# shellcheck disable=SC2086
is "$(lacking NEWS $commands)" "" "NEWS has every subcommand"

elements=$(sed -n 's/^    {"\([A-Za-z0-9]*\)", IN_[A-Z]*, ELEMENT_[A-Z]*, true,.*/\1/p' policy/element.c)
# shellcheck disable=SC2086
is "$(lacking man/encoding-description.5 $elements)" "" \
	"encoding-description.5 has every element that is acted on"

columns=$(sed -n '/^const char \*const profile_columns/,/};/s/^    "\([A-Za-z]*\)",$/\1/p' card/profile_columns.c)
profiles=$(sed -n 's/^[[:space:]]*\.name = "\([a-z0-9-]*\)",/\1/p' card/profile.c)
# shellcheck disable=SC2086
is "$(lacking man/p11-latch.conf.5 $columns)" "" "p11-latch.conf.5 has every column"
# shellcheck disable=SC2086
is "$(lacking man/p11-latch.conf.5 $profiles)" "" "p11-latch.conf.5 has every profile"
# shellcheck disable=SC2086
is "$(lacking man/p11-latch.7 $profiles)" "" "p11-latch.7 has every profile"

for name in $(sed -n '/^static const char \*const names\[\]/,/;/p' policy/binding.c | grep -o '"[A-Za-z]*"' |
	tr -d '"'); do
	is "$(lacking man/p11-latch.conf.5 "$name")" "" "p11-latch.conf.5 has $name="
done

# The files that documents name by their paths; WHAT and NAME stand for any.
for document in README.md SECURITY.md HACKING.md OFFICE.md HELPDESK.md; do
	for path in $(grep -o '`[a-z]\+/[A-Za-z0-9_./@-]\+`' "$document" | tr -d '`' | sort -u); do
		case $path in
		*WHAT* | *NAME* | *.sock | */corpus | tests/module/test_tsan) continue ;;
		esac
		[ -e "$path" ] || [ -e "$path.c" ] || [ -e "$path.in" ] || not_ok "$document: $path is there"
	done
	ok "$document: the files that it names were looked for"
done
done_testing
