# SPDX-License-Identifier: BSD-3-Clause
# What tests/KILL.md says, from the results of runs: sh report.sh SRCDIR RESULTS
set -u
SRCDIR=$1
RESULTS=$2
. "$SRCDIR/tests/kill/flows.sh"

introduction() {
	cat <<-'END'
		# Killed at each step

		Made by `make check-kill`, which runs each flow of `tests/kill/flows.sh` on each token, and kills a process of it
		with SIGKILL at one step after the other. Then somebody recovers by `p11-latch recover`, or, each second time,
		the person whose request was interrupted comes again; and it is looked at what became of the card.

		| class | a step |
		| --- | --- |
		| own | a system call of the process's own, before it is made |
		| vendor | a system call within a call of the vendor's module; on the cards, which are whole after each APDU, that is before and after each APDU is sent, too |
		| call | a call of the vendor's module, before it is made, and when it has returned |
		| own+, call+ | the same, and the application dies at the same moment as the helper, or the helper as the application |

		| outcome | the card |
		| --- | --- |
		| blocked | takes no PIN of a person's, by its record too |
		| active | takes a PIN that a person knows, by its record too |
		| untouched | has no record, and the PIN that it had, if any |
		| refused | is refused by p11-latch, where policy holds no SO secret, and nothing has proved that it could be unlocked |
		| kept | needed `p11-latch reset`: the recovery was killed as well, and by p11-latch's own count only the last SO try was left |
		| half | is active, and takes no PIN before it is unblocked once more |
		| lost | nobody knows its SO secret, or what was on it is not there |
		| wrong | is anything else: open, its last SO try spent, something under way, not to be unblocked by whoever may |

		Each of the first six has also shown that its SO secret is one that policy or person knows, that an SO try is left,
		that whoever may unblocks it, and that what was on it before is there still. Half and lost, within calls of modules
		that are not whole themselves, are compared with a control: the same calls by a program without p11-latch.
	END
}

# Whole where as many were killed as there are steps; a step that one run has and the next has not is none.
how() {
	if sums "$1" | awk '$5 < $4 { exit 1 }'; then
		echo "Every step."
	else
		echo "Every step where as many were killed as there are, else a sample of them, by seed $(cat "$RESULTS/$1.seed")."
	fi
}

# Lines "FLOW KIND CLASS STEPS KILLED BLOCKED ACTIVE UNTOUCHED REFUSED KEPT HALF LOST WRONG" of one token.
sums() {
	for sums_file in "$RESULTS/$1".*.list "$RESULTS/$1".*.done; do
		sums_flow=${sums_file#"$RESULTS/$1."}
		sums_flow=${sums_flow%.*}
		sed "s/^/${sums_file##*.} ${sums_flow%%@*} /" "$sums_file"
	done | awk '
		$1 == "list" {
			steps[$2, $3, $4]++
			if ($3 != "command" && $4 != "vendor")
				steps[$2, $3, $4 "+"]++
			next
		}
		$8 == "unreached" { steps[$2, $3, $4]-- }
		$8 != "unreached" {
			killed[$2, $3, $4]++
			n[$2, $3, $4, $8]++
		}
		END {
			for (k in steps) {
				split(k, w, SUBSEP)
				if (w[1] ~ /^control/ && !killed[k])
					continue
				print w[1], w[2], w[3], steps[k], killed[k] + 0, n[k, "blocked"] + 0, n[k, "active"] + 0,
				    n[k, "untouched"] + 0, n[k, "refused"] + 0, n[k, "kept"] + 0, n[k, "half"] + 0,
				    n[k, "lost"] + 0, n[k, "bad"] + 0
			}
		}' | sort
}

# as_rows N: behind the Nth column, no zero is shown.
as_rows() {
	awk -v shown="$1" '{
		printf "|"
		for (i = 1; i <= NF; i++)
			printf " %s |", (i > shown && $i == 0 ? "" : $i)
		print ""
	}'
}

summary() {
	printf '\n## All\n\n| token | class | steps | killed | blocked | active | untouched | refused | kept | half | lost | wrong |\n'
	echo "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
	for summary_token; do
		sums "$summary_token" | grep -v '^control' | awk -v token="$summary_token" '
			{
				for (i = 4; i <= 13; i++)
					n[$3, i] += $i
				class[$3]
			}
			END {
				for (c in class) {
					printf "%s %s", token, c
					for (i = 4; i <= 13; i++)
						printf " %d", n[c, i]
					print ""
				}
			}' | sort
	done | as_rows 4
}

# Each call in which the module itself is not whole: how often it was killed there, and lost its token.
losses() {
	[ -e "$RESULTS/$1.control.done" ] || return 0
	printf '\nKilled within a call, and lost or half; of the control each step, of a sample mostly those that write:\n\n| call | with p11-latch | the control |\n| --- | ---: | ---: |\n'
	for losses_file in "$RESULTS/$1".*.done; do
		case $losses_file in
		*.control*.done) sed 's/^/control /' "$losses_file" ;;
		*) sed 's/^/latch /' "$losses_file" ;;
		esac
	done | awk '
		$3 == "vendor" && $7 != "unreached" {
			killed[$1, $6]++
			if ($7 == "lost" || $7 == "half")
				lost[$1, $6]++
			calls[$6]
		}
		function share(who, call) {
			return killed[who, call] ? (lost[who, call] + 0) " of " killed[who, call] : "-"
		}
		END {
			for (c in calls)
				if (lost["latch", c] + lost["control", c] > 0)
					printf "| %s | %s | %s |\n", c, share("latch", c), share("control", c)
		}' | sort
}

of_token() {
	printf '\n## %s\n\n' "$1"
	how "$1"
	losses "$1"
	printf '\n| flow | process | class | steps | killed | blocked | active | untouched | refused | kept | half | lost | wrong |\n'
	echo "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
	sums "$1" | as_rows 5
}

introduction
# shellcheck disable=SC2046
set -- $(for file in "$RESULTS"/*.seed; do [ ! -f "$file" ] || basename "$file" .seed; done)
summary "$@"
for token; do
	of_token "$token"
done
