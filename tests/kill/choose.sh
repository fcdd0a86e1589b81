# SPDX-License-Identifier: BSD-3-Clause
# Which steps of a flow it is killed at. Sourced by steps.sh, which says what the KILL_* are.

# Those to be killed at: KIND CLASS STEP, from a list of killer's. Of the steps of one process at one place the last stands
# for all. The control is a program of its own; of a sample it has only the steps like those in the file
# KILL_LIKE, where something was lost.
choose_steps() {
	awk -v every="$KILL_EVERY" -v places="$KILL_PLACES" -v seed="$KILL_SEED" -v kind="${P11_LATCH_KILL_KIND:-}" \
		-v class="${P11_LATCH_KILL_CLASS:-}" -v step="${P11_LATCH_KILL_STEP:-}" -v control="$FLOW" -v like="${KILL_LIKE:-}" '
		function offer(i, class_now, at_place,    nth) {
			if (kind != "" && kind != kinds[i] || class != "" && class != class_now)
				return
			if (step != "") {
				if (step == steps[i])
					print kinds[i], class_now, steps[i]
				return
			}
			nth = at_place ? places : every
			if (nth > 0 && (offered[class_now, at_place]++ + seed) % nth == 0)
				print kinds[i], class_now, steps[i]
		}
		BEGIN {
			while (like != "" && (getline at <like) > 0) {
				split(at, w)
				wanted[w[1], w[2]]
				if (w[4] != "-")
					wanted[w[4], "*"]
			}
		}
		control ~ /^control/ && ($2 != "vendor" || $5 !~ /Login|PIN|InitToken|Logout|CreateObject|DestroyObject/) { next }
		control ~ /^control/ && like != "" && !(($5, $4) in wanted) && !(($5, "*") in wanted) { next }
		{
			kinds[NR] = $1
			classes[NR] = $2
			steps[NR] = $3
			spot[NR] = $1 " " $6 " " $7
			last[spot[NR]] = NR
		}
		END {
			for (i = 1; i <= NR; i++) {
				if (!(i in spot))
					continue
				stands_for_all = last[spot[i]] == i || control ~ /^control/
				offer(i, classes[i], stands_for_all)
				if (kinds[i] == "command" || control ~ /^control/)
					continue
				offer(i, classes[i] "+", stands_for_all)
				offer(i, classes[i] "-", stands_for_all)
			}
		}' "$1"
}

# spread N: so many of the lines, or all where N is 0.
spread() {
	awk -v most="$1" -v seed="$KILL_SEED" '
		{ line[NR] = $0 }
		END {
			if (most == 0 || most > NR)
				most = NR
			for (i = 0; i < most; i++)
				print line[int((i + (seed % 7 + 1) / 8) * NR / most) + 1]
		}'
}
