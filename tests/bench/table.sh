# SPDX-License-Identifier: BSD-3-Clause
# The table of make bench: rows of samples, what meets its goal. Sourced.

ROWS_MET=0
ROWS_MISSED=0

title() {
	printf '\n%s\n%-34s %10s %8s %10s %10s %10s | %9s %8s  %s\n' "$1" "" direct noise p11-latch \
		p11-kit spy more goal ""
}

note_line() {
	printf '  %s\n' "$1"
}

calc() {
	awk "BEGIN { printf \"%.3f\", $1 }"
}

least() {
	sort -n "$1" | head -n 1
}

verdict() {
	case $1 in
	met) ROWS_MET=$((ROWS_MET + 1)) ;;
	MISSED) ROWS_MISSED=$((ROWS_MISSED + 1)) ;;
	esac
}

# row_of_samples TEXT GOAL UNIT DIVISOR: from lines "direct|again|latch|proxy|spy NUMBER" in
# $SCRATCH/samples, of each the least; more is p11-latch's less the direct one's. GOAL: a number, "N%" of the
# direct one, or "N%+M"; "-": only shown.
row_of_samples() {
	row_line=$(awk -v goal="$2" -v unit="$3" -v divisor="$4" '
		!($1 in least) || $2 + 0 < least[$1] { least[$1] = $2 + 0 }
		function show(way) { return least[way] / divisor }
		function cell(way) { return way in least ? sprintf("%10.4g", show(way)) : sprintf("%10s", "") }
		function limit(part) {
			if (split(goal, part, "%") == 1)
				return goal + 0
			return part[1] / 100 * show("direct") + part[2]
		}
		END {
			noise = show("again") - show("direct")
			more = show("latch") - show("direct")
			printf "%s %8.2g %s %s %s | %9.3g %8s  ", cell("direct"),
				noise < 0 ? -noise : noise, cell("latch"), cell("proxy"), cell("spy"),
				more, goal == "-" ? "-" : sprintf("<= %.3g", limit())
			printf "%s%s\n", unit, goal == "-" ? "" : more <= limit() ? " met" : " MISSED"
		}' "$SCRATCH/samples")
	printf '%-34s %s\n' "$1" "$row_line"
	verdict "${row_line##* }"
}

# row_of_one TEXT MEASURED GOAL UNIT: what has nothing beside it. GOAL "-": only shown.
row_of_one() {
	row_line=$(awk -v is="$2" -v goal="$3" -v unit="$4" 'BEGIN {
		printf "%10s %8s %10.4g %10s %10s | %9s %8s  %s %s\n", "", "", is, "", "", "",
			goal == "-" ? "-" : sprintf("<= %.3g", goal), unit,
			goal == "-" ? "" : is + 0 <= goal + 0 ? "met" : "MISSED" }')
	printf '%-34s %s\n' "$1" "$row_line"
	verdict "${row_line##* }"
}

table_end() {
	printf '\nnoise: direct against direct. more: p11-latch less direct.\n'
	printf '%s goals met, %s missed\n' "$ROWS_MET" "$ROWS_MISSED"
	[ "$ROWS_MISSED" -eq 0 ]
}
