# SPDX-License-Identifier: BSD-3-Clause
# Which steps of a flow it is killed at. Sourced by steps.sh, which says what the KILL_* are.

# Those to be killed at: KIND CLASS STEP. The control is a program of its own; of a sample it has the places alone at
# which something was lost.
choose_steps() {
	awk -v every="$KILL_EVERY" -v sharp="$KILL_SHARP" -v seed="$KILL_SEED" -v kind="${P11_LATCH_KILL_KIND:-}" \
		-v class="${P11_LATCH_KILL_CLASS:-}" -v step="${P11_LATCH_KILL_STEP:-}" -v control="$FLOW" -v family="$FAMILY" -v places="${KILL_PLACES:-}" '
		function is_sharp() {
			if ($2 == "call")
				return $4 == "after"
			if ($2 == "own")
				return $4 ~ /^(rename|fsync|fdatasync|unlink|ftruncate|fchmod|flock|write|sendmsg|sendto|setsid)$/
			if ($5 !~ /Login|PIN|InitToken/)
				return 0
			return family == "software" ? $4 ~ /^(rename|write|pwrite64|ftruncate|unlink|fsync)$/ : $4 ~ /^(sendto|read)$/
		}
		function offer(class_now, n) {
			if ((kind == "" || kind == $1) && (class == "" || class == class_now) && (step == "" || step == $3) &&
			    (step != "" || (n[class_now] + seed) % (is_sharp() ? sharp : every) == 0))
				print $1, class_now, $3
			n[class_now]++
		}
		BEGIN {
			while (places != "" && (getline at <places) > 0) {
				split(at, w)
				place[w[1], w[2]]
			}
		}
		control ~ /^control/ {
			if (places != "" && !(($5, $4) in place))
				next
			if ($2 == "vendor" && $5 ~ /Login|PIN|InitToken|Logout/)
				offer("vendor", plain)
			next
		}
		{
			if (is_sharp())
				offer($2, sharps)
			else
				offer($2, plain)
			if ($1 != "command" && $2 != "vendor") {
				if (is_sharp())
					offer($2 "+", both_sharps)
				else
					offer($2 "+", both)
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
