# SPDX-License-Identifier: BSD-3-Clause
# Which CK_RVs p11-latch's own code tells apart, found in its sources.
#
#	sh values.sh FOLDER...         lines "GROUP NAME": each CKR_ that these sources name, where those of one GROUP
#	                               are named in the same conditions and case lists only, side by side, so that no
#	                               line treats one as it does not treat the other. All other values are "the rest"
#	sh values.sh --ranges FOLDER...    each place where a CK_RV is compared by more than "equal", which would make
#	                               the rest more than one
set -u

# Each file as a line, without comments, strings and the table of names for the log.
plain() {
	awk '
	FNR == 1 {
		printf("%s%s: ", (NR > 1 ? "\n" : ""), FILENAME)
		within = 0
	}
	{
		line = $0
		gsub(/\047"\047/, "", line)
		gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
		gsub(/NAME\(CKR_[A-Z0-9_]*\)/, "", line)
		sub(/\/\/.*/, "", line)
		left = ""
		for (;;) {
			at = index(line, within ? "*/" : "/*")
			if (!within)
				left = left (at ? substr(line, 1, at - 1) : line)
			if (!at)
				break
			line = substr(line, at + 2)
			within = !within
		}
		gsub(/[ \t]+/, " ", left)
		printf "%s", left
		if (left !~ / $/)
			printf " "
	}
	END {
		print ""
	}' "$@" | tr -s ' '
}

sources() {
	find "$@" -name '*.[ch]' -o -name '*.inc' | sort
}

# A place is a list of case labels, or a chain of one variable's comparisons; anything else is one of its own.
places() {
	awk '
	function take(text, n) {
		taken = substr(text, 1, n)
		while (match(taken, /CKR_[A-Z0-9_]+/)) {
			print place, substr(taken, RSTART, RLENGTH)
			taken = substr(taken, RSTART + RLENGTH)
		}
		return substr(text, n + 1)
	}
	# How far the chain goes on that begins with this variable.
	function chain(text, of, with, by,    n, next_one) {
		n = length(of " " by " ")
		match(substr(text, n + 1), /^CKR_[A-Z0-9_]+/)
		n += RLENGTH
		next_one = " " with " " of " " by " "
		while (substr(text, n + 1, length(next_one)) == next_one) {
			if (!match(substr(text, n + 1 + length(next_one)), /^CKR_[A-Z0-9_]+/))
				break
			n += length(next_one) + RLENGTH
		}
		return n
	}
	{
		text = $0
		while (match(text, /(case CKR_[A-Z0-9_]+ ?: ?)+|[A-Za-z0-9_.>-]+ [=!]= CKR_[A-Z0-9_]+|CKR_[A-Z0-9_]+/)) {
			place++
			n = RLENGTH
			text = substr(text, RSTART)
			if (match(text, /^[A-Za-z0-9_.>-]+ == CKR_/))
				n = chain(text, substr(text, 1, index(text, " ") - 1), "||", "==")
			else if (match(text, /^[A-Za-z0-9_.>-]+ != CKR_/))
				n = chain(text, substr(text, 1, index(text, " ") - 1), "&&", "!=")
			text = take(text, n)
		}
	}'
}

groups() {
	sort -u | awk '
	{
		where[$2] = where[$2] "," $1
	}
	END {
		for (name in where) {
			if (!(where[name] in group))
				group[where[name]] = ++n
			print group[where[name]], name
		}
	}' | sort -k 2
}

# The names that variables and members of type CK_RV have in this file; rv is one everywhere.
variables() {
	{
		echo rv
		grep -o 'CK_RV [a-z_]*\( =\|[;,)]\)' | sed 's/CK_RV \([a-z_]*\).*/\1/'
	} | grep . | sort -u | paste -s -d '|'
}

ranges() {
	plain "$@" | while IFS= read -r ranges_text; do
		case $ranges_text in
		*CK_RV* | *rv*) ;;
		*) continue ;;
		esac
		ranges_names=$(printf '%s\n' "$ranges_text" | variables)
		printf '%s\n' "$ranges_text" | grep -E -o -e ".{0,40}\b($ranges_names) (<|>|<=|>=|%|/|>>|<<|&|\||\^) .{0,40}" \
			-e ".{0,40}\((int|short|char|long|unsigned|uint32_t|unsigned int)\) ?($ranges_names)\b.{0,40}" |
			sed "s|^|${ranges_text%%: *}: |"
	done
}

case $1 in
--ranges)
	shift
	# shellcheck disable=SC2046
	ranges $(sources "$@")
	;;
*)
	# shellcheck disable=SC2046
	plain $(sources "$@") | places | groups
	;;
esac
