# SPDX-License-Identifier: BSD-3-Clause
# What tests/KILL.md says, from the results of runs: sh report.sh SRCDIR RESULTS
set -u
SRCDIR=$1
RESULTS=$2
. "$SRCDIR/tests/kill/flows.sh"
. "$SRCDIR/tests/kill/choose.sh"

introduction() {
	cat <<-'END'
		# Killed at each step

		Made by `make check-kill`, which runs each flow of `tests/kill/flows.sh` on each token, and kills a process of it
		with SIGKILL at one place after the other. Then somebody recovers by `p11-latch recover`, or, each second time,
		the person whose request was interrupted comes again; and it is looked at what became of the card.

		| class | a step |
		| --- | --- |
		| own | a system call of the process's own, before it is made |
		| vendor | a system call within a call of the vendor's module; on the cards, which are whole after each APDU, that is before and after each APDU is sent, too |
		| call | a call of the vendor's module, before it is made, and when it has returned |
		| own+, call+, vendor+ | the same, and the application dies at the same moment as the helper, or the helper as the application |
		| own-, call-, vendor- | the same, and only the other one dies |

		A place is all the steps of one process between which nothing happened outside of it: no byte of the files of token,
		card and p11-latch changed (they are all read at each step), no message was sent, no process begun or ended. Wherever in
		a place a process is killed, the same is left; so it is killed at its last step, and `P11_LATCH_KILL_EVERY=N` adds each
		Nth of all others.

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
		that whoever may unblocks it, and that what was on it before is there still. Half and lost, where one that is killed is
		within calls of modules that are not whole themselves, are compared with a control: the same calls by a program without
		p11-latch.
	END
}

# A step that one run has and the next has not, as where processes wait for each other, is none.
how() {
	sums "$1" | grep -v '^control' | awk -v seed="$(cat "$RESULTS/$1.seed")" '
		$6 < $5 { part = 1 }
		END {
			print part ? "A sample of the places, by seed " seed "." : "Every place."
		}'
	moved "$1" | awk '
		{ n++ }
		$1 != $2 { moved++ }
		END {
			if (moved)
				printf "%d of %d times the process was at another system call than when the steps were counted.\n", moved, n
		}'
}

# Lines "MEANT WAS": the system call that the step was, and that it was killed at.
moved() {
	for moved_file in "$RESULTS/$1".*.done; do
		awk -v list="${moved_file%.done}.list" '
			BEGIN {
				while ((getline line <list) > 0) {
					split(line, w)
					name[w[1], w[2], w[3]] = w[4]
				}
			}
			$6 != "unreached" {
				sub(/[+-]$/, "", $2)
				print name[$1, $2, $3], $4
			}' "$moved_file"
	done
}

# Lines "list FLOW KIND CLASS", "place FLOW KIND CLASS STEP" and "done FLOW KIND CLASS STEP NAME CALL VERDICT BESIDE".
all_of() {
	for all_file in "$RESULTS/$1".*.list "$RESULTS/$1".*.done; do
		FLOW=${all_file#"$RESULTS/$1."}
		FLOW=${FLOW%.*}
		sed "s/^/${all_file##*.} ${FLOW%%@*} /" "$all_file"
		case $all_file in
		*.list) KILL_PLACES=1 KILL_EVERY=0 KILL_SEED=0 choose_steps "$all_file" | sed "s/^/place ${FLOW%%@*} /" ;;
		esac
	done
}

# Lines "FLOW KIND CLASS STEPS PLACES KILLED BLOCKED ACTIVE UNTOUCHED REFUSED KEPT HALF LOST WRONG" of one token.
sums() {
	all_of "$1" | awk '
		$1 == "list" {
			steps[$2, $3, $4]++
			if ($3 != "command") {
				steps[$2, $3, $4 "+"]++
				steps[$2, $3, $4 "-"]++
			}
			next
		}
		$1 == "place" {
			places[$2, $3, $4]++
			next
		}
		$8 == "unreached" {
			steps[$2, $3, $4]--
			places[$2, $3, $4]--
		}
		$8 != "unreached" {
			killed[$2, $3, $4]++
			n[$2, $3, $4, $8]++
		}
		END {
			for (k in steps) {
				split(k, w, SUBSEP)
				if (w[1] ~ /^control/ && !killed[k])
					continue
				print w[1], w[2], w[3], steps[k], places[k] + 0, killed[k] + 0, n[k, "blocked"] + 0, n[k, "active"] + 0,
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
	printf '\n## All\n\n| token | class | steps | places | killed | blocked | active | untouched | refused | kept | half | lost | wrong |\n'
	echo "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
	for summary_token; do
		sums "$summary_token" | grep -v '^control' | awk -v token="$summary_token" '
			{
				for (i = 4; i <= 14; i++)
					n[$3, i] += $i
				class[$3]
			}
			END {
				for (c in class) {
					printf "%s %s", token, c
					for (i = 4; i <= 14; i++)
						printf " %d", n[c, i]
					print ""
				}
			}' | sort
	done | as_rows 5
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
		function count(call) {
			killed[$1, call]++
			if ($7 == "lost" || $7 == "half")
				lost[$1, call]++
			calls[call]
		}
		$7 == "unreached" { next }
		$3 ~ /^vendor[+]?$/ { count($6) }
		$3 !~ /^vendor[+]?$/ && $8 ~ /^C_/ { count($8) }
		function share(who, call) {
			return killed[who, call] ? (lost[who, call] + 0) " of " killed[who, call] : "-"
		}
		END {
			for (c in calls)
				if (lost["latch", c] + lost["control", c] > 0)
					printf "| %s | %s | %s |\n", c, share("latch", c), share("control", c)
		}' | sort
}

# The classes together: which step of which process, that is.
of_token() {
	printf '\n## %s\n\n' "$1"
	how "$1"
	losses "$1"
	printf '\n| flow | process | steps | places | killed | blocked | active | untouched | refused | kept | half | lost | wrong |\n'
	echo "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
	sums "$1" | awk '
		{
			for (i = 4; i <= 14; i++)
				n[$1 " " $2, i] += $i
			row[$1 " " $2]
		}
		END {
			for (r in row) {
				printf "%s", r
				for (i = 4; i <= 14; i++)
					printf " %d", n[r, i]
				print ""
			}
		}' | sort | as_rows 5
}

introduction
# shellcheck disable=SC2046
set -- $(for file in "$RESULTS"/*.seed; do [ ! -f "$file" ] || basename "$file" .seed; done)
summary "$@"
for token; do
	of_token "$token"
done
