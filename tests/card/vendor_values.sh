# SPDX-License-Identifier: BSD-3-Clause
# What tests/faults takes for equal is equal: the CK_RVs that the code tells apart are all known to it, by their names.
set -u
. "$SRCDIR/tests/lib/all.sh"

CODE="card helper module policy tool"

values() {
	(cd "${1:-$SRCDIR}" && shift && sh "$SRCDIR/tests/faults/values.sh" "$@")
}

# Another way to what stands in the code: the compiler's, which drops comments; strings have no such names but in a table.
named() {
	for folder in $CODE; do
		find "$SRCDIR/$folder" -name '*.[ch]' -o -name '*.inc'
	done | xargs cat | ${CC:-cc} -fpreprocessed -dD -E -P -x c - 2>"$SCRATCH/compiler" | grep -v '^ *NAME(CKR_' |
		grep -o 'CKR_[A-Z][A-Z0-9_]*' | sort -u
}

# shellcheck disable=SC2086
values "$SRCDIR" $CODE >"$SCRATCH/values"
cut -d ' ' -f 2 "$SCRATCH/values" | sort >"$SCRATCH/found"
named >"$SCRATCH/named"
is "$(diff "$SCRATCH/found" "$SCRATCH/named")" "" "each CKR_ of the code is a value of its own, or of a group"
passes "they are not few" test "$(grep -c . "$SCRATCH/found")" -gt 20

unknown=
while read -r name; do
	grep -q "[(\" ]${name}[,)]" "$SRCDIR/tests/faults/faults.c" || unknown="$unknown $name"
done <"$SCRATCH/found"
is "$unknown" "" "each of them goes wrong in tests/faults/faults.c"

# The wire has 32 bits, and what is wider becomes one value that nothing is equal to.
# shellcheck disable=SC2086
is "$(values "$SRCDIR" --ranges $CODE | grep -v '^helper/wire\.c: .*rv < UINT32_MAX ? rv : UINT32_MAX')" "" \
	"the code compares a CK_RV by \"equal\" alone"

# That it would be seen.
mkdir "$SCRATCH/made-up"
cat >"$SCRATCH/made-up/one.c" <<-'END'
	/* CKR_MUTEX_BAD */
	static int
	one(CK_RV got)
	{
		log_error("CKR_NO_EVENT");
		switch (rv) {
		case CKR_DATA_INVALID:
		case CKR_DATA_LEN_RANGE:
			return 1;
		case CKR_KEY_CHANGED:
			return 2;
		}
		if (rv == CKR_PIN_LOCKED ||
		    rv == CKR_PIN_INCORRECT)
			return 3;
		if (rv != CKR_CANCEL && got != CKR_PENDING)
			return 4;
		if (rv == CKR_CANT_LOCK || rv == CKR_NEXT_OTP)
			return CKR_NEXT_OTP;
	}
END
is "$(values "$SCRATCH" made-up | awk '{ group[$1] = group[$1] " " $2 } END { for (g in group) print group[g] }' | sort | tr '\n' ';')" \
	" CKR_CANCEL; CKR_CANT_LOCK; CKR_DATA_INVALID CKR_DATA_LEN_RANGE; CKR_KEY_CHANGED; CKR_NEXT_OTP; CKR_PENDING; CKR_PIN_INCORRECT CKR_PIN_LOCKED;" \
	"equal are those that stand side by side, and nowhere else"
for range in 'if (got >= CKR_VENDOR_DEFINED)' 'if (rv & 0x80000000)' 'int n = (int)rv;' 'if (a->rv < 3)'; do
	printf 'static int\none(CK_RV got)\n{\n\t%s\n}\n' "$range" >"$SCRATCH/made-up/one.c"
	unlike "$(values "$SCRATCH" --ranges made-up)" "" "seen: $range"
done
done_testing
