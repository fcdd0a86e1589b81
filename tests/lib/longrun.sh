# SPDX-License-Identifier: BSD-3-Clause
# The long run: one application logs in, and unblocks its card, so often that what it loses each time would show.
# Sourced, after pickup.sh and secrets.sh. The control is the vendor's module alone, by the same calls.
#
#	long_run LOGINS ROUNDS THREAD_ROUNDS    on SoftHSM; the last are of 8 threads, each with a token of its own

LONG_THREADS=8
LONG_MEMORY_SLACK=256 # KiB: what a heap's pages differ by from run to run
LONG_BLOCK_SLACK=16 # blocks of memory: what is kept once, such as a thread's own; one lost in each round is more

# long_policy: every card is blocked, and its PUK is the policy's.
long_policy() {
	policy_clear
	description personalize <<-'END'
		[Application_B]
		BlockCard=true
	END
	known_puk | description unblock
	printf 'Personalize=personalize.dsc\nUnblock=unblock.dsc\n' | policy
}

# long_tokens PIN: LABEL, and LABEL1, LABEL2 and so on for the threads; all with that PIN, of which nothing is known.
long_tokens() {
	token_new
	long_at=0
	while [ $long_at -lt $LONG_THREADS ]; do
		long_at=$((long_at + 1))
		token_lines "slot $long_at" "init-token $SO $LABEL$long_at"
		token_lines "slot-label $LABEL$long_at" "open rw" "login so $SO" "init-pin $1"
	done
	token_lines "slot-label $LABEL" "open rw" "login so $SO" "init-pin $1"
	rm -rf "${STATE:?}"/*
}

# long_part MODULE PART COUNT OLD FORGET: what longrun says of it, in $SCRATCH/long.
long_part() {
	long_from=$(date +%s)
	"$BUILDDIR/tests/lib/longrun" "$1" "$2" "$LABEL" "$3" "$SO" "$PIN" "$4" "$PIN_NEW" "$5" \
		>"$SCRATCH/long" 2>"$SCRATCH/long.err" </dev/null ||
		bail_out "$2: $(cat "$SCRATCH/long.err"); the log: $(log_text | tail -n 5)"
	long_took=$(($(date +%s) - long_from))
}

# Of 21 samples, those from the sixth on count: what is loaded at first use is loaded by then. Growth is the last
# three's mean less the first three's. "MEMORY BLOCKS FILES": KiB, blocks of memory, and by how much the most differ.
long_growth() {
	tr -s 'a-z=' ' ' <"$SCRATCH/long" | awk '
		NR >= 6 && NR <= 8 { rss -= $2; blocks -= $3 }
		NR >= 19 { rss += $2; blocks += $3 }
		NR == 6 { least = most = $4 }
		NR >= 6 { if ($4 < least) least = $4; if ($4 > most) most = $4 }
		END { print int(rss / 3), int(blocks / 3), NR == 21 ? most - least : "no" }'
}

# long_judge TEXT COUNT PART OLD FORGET
long_judge() {
	long_tokens "$PIN"
	long_part "$MODULE" "$3" "$2" "$PIN" -
	long_control=$(long_growth)
	note "$1, vendor alone: $2 in $long_took s; growth of memory, blocks, files: $long_control" \
		"(last: $(tail -n 1 "$SCRATCH/long"))"
	long_tokens "$PIN"
	[ "$3" != logins ] || long_adopt
	long_part "$LATCH" "$3" "$2" "$4" "$5"
	long_ours=$(long_growth)
	note "$1, through p11-latch: $2 in $long_took s; growth of memory, blocks, files: $long_ours" \
		"(last: $(tail -n 1 "$SCRATCH/long"))"
	# shellcheck disable=SC2086
	set -- "$1" $long_control $long_ours
	if is_sanitized; then
		skip "$1: memory does not grow" "a sanitizer keeps what was freed"
	else
		long_memory "$@"
	fi
	is "$7" 0 "$1: nor the number of open files"
	long_left "$1"
}

# long_memory TEXT MEMORY BLOCKS FILES MEMORY BLOCKS FILES: the vendor's alone, and ours.
long_memory() {
	unlike "$(tail -n 1 "$SCRATCH/long")" "* blocks=0 *" "$1: blocks of memory are counted"
	passes "$1: memory does not grow beyond the vendor's ($5 KiB, vendor alone $2)" \
		test "$5" -le $(($2 + LONG_MEMORY_SLACK))
	passes "$1: nor does the number of blocks of memory ($6, vendor alone $3)" \
		test "$6" -le $(($3 + LONG_BLOCK_SLACK))
}

long_adopt() {
	"$CMD" adopt "pkcs11:token=$LABEL" >/dev/null 2>&1 || bail_out "adopt"
}

# What the runs leave behind: no watcher, no lock that is held, no file but a card's own, nothing under way.
long_left() {
	passes "$1: no watcher is left" wait_for 20 no_helpers
	long_held=
	for long_file in "$STATE"/*/* "$STATE"/*; do
		[ ! -f "$long_file" ] || flock -n -x "$long_file" true || long_held="$long_held $long_file"
	done
	is "$long_held" "" "$1: no lock is held"
	is "$(cat "$STATE"/private/*.state 2>/dev/null | grep '^Journal=' | grep -cv '=none$')" 0 \
		"$1: nothing is under way"
	is "$(cat "$STATE"/records/* | grep '^State=' | sort | uniq -c | tr -s ' ')" \
		" $(find "$STATE/records" -type f | wc -l) State=active" "$1: all cards are active"
	long_cards=$(find "$STATE/records" -type f | wc -l)
	passes "$1: no more files in the state than its $long_cards cards need" \
		test "$(find "$STATE" -type f | wc -l)" -le $((3 * long_cards + 2))
}

long_run() {
	token_start softhsm
	latch_setup
	long_policy
	long_judge "logins" "$1" logins "$SO" -
	long_judge "rounds in $LONG_THREADS threads" "$3" $LONG_THREADS "$SO" "$CMD"
	long_judge "rounds of block and unblock" "$2" rounds "$SO" "$CMD"
	no_secret "no secret in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
}
