# SPDX-License-Identifier: BSD-3-Clause
# What is around p11-latch fails: its state directory vanishes, the disk is full, there are no descriptors, no processes.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

# --- The state directory, in the middle of it ---------------------------------------------------------

vanish() {
	mv "$STATE" "$SCRATCH/away"
}

become_file() {
	vanish
	echo "no folder" >"$STATE"
}

become_link() {
	vanish
	mkdir "$SCRATCH/elsewhere"
	ln -s "$SCRATCH/elsewhere" "$STATE"
}

# As root it could be written all the same.
become_unwritable() {
	vanish
	mkdir "$STATE"
	mount -t tmpfs -o ro,mode=755 tmpfs "$STATE"
}

become_full() {
	vanish
	mkdir "$STATE"
	mount -t tmpfs -o size=64k,mode=755 tmpfs "$STATE"
	cp -a "$SCRATCH/away/." "$STATE"
	dd if=/dev/zero of="$STATE/ballast" bs=1 >/dev/null 2>&1
	dd if=/dev/zero of="$STATE/ballast" bs=4k oflag=append conv=notrunc >/dev/null 2>&1
}

empty_itself() {
	cp -a "$STATE" "$SCRATCH/away"
	rm -rf "${STATE:?}"/*
}

comes_back() {
	umount "$STATE" 2>/dev/null
	rm -rf "$STATE" "$SCRATCH/elsewhere"
	mv "$SCRATCH/away" "$STATE"
}

# Nobody brings it back: what is there from then on is what p11-latch makes of it.
stays_away() {
	umount "$STATE" 2>/dev/null
	rm -rf "$SCRATCH/away" "$SCRATCH/elsewhere"
	[ -d "$STATE" ] && [ ! -L "$STATE" ] || {
		rm -rf "$STATE"
		mkdir "$STATE"
	}
}

# step_by_step EVENT NTH LINE...: a program runs the lines, and the event comes before the Nth.
step_by_step() {
	around_event=$1 around_nth=$2 around_n=0
	shift 2
	drive_start program "$LATCH"
	for around_line in initialize "slot-label $LABEL" "open rw" "$@" finalize; do
		around_n=$((around_n + 1))
		[ "$around_n" -ne "$around_nth" ] || "$around_event"
		# shellcheck disable=SC2086
		drive program $around_line
	done >"$SCRATCH/action" 2>&1
	drive_stop program
	wait_for 20 quiet || not_ok "$kind: no helper is left" "$(pgrep -a p11-latch)"
	around_lines=$around_n
}

# Whatever becomes of the memory of a card: no PIN of it is open that was to be blocked, and the PUK holds.
not_open() {
	faults_said=$(vendor_says)
	[ -n "$(so_of "$faults_said")" ] || echo "its SO secret is one that nobody knows"
	case $1 in
	factory) [ -z "$(pin_of "$faults_said")" ] || echo "it takes a PIN: $(record State)" ;;
	*) [ -z "$(pin_of "$faults_said")" ] || is_true blocked "$faults_said" ;;
	esac
}

# around FLOW SNAPSHOT LINE...: each event before each line; afterwards all is back as it was, or it is not.
around() {
	around_flow=$1 around_from=$2
	shift 2
	around_good=0 around_all=0 around_turn=${P11_LATCH_SEED:-1}
	for around_what in vanish become_file become_link become_unwritable become_full empty_itself; do
		for around_after in comes_back stays_away; do
			around_at=4 around_lines=5
			while [ "$around_at" -le "$around_lines" ]; do
				around_turn=$((around_turn + 1))
				if is_sampled && [ $((around_turn % 4)) != 0 ]; then
					around_at=$((around_at + 1))
					continue
				fi
				restore "$around_from"
				log_clear
				step_by_step "$around_what" "$around_at" "$@"
				"$around_after"
				around_verdict=$(
					answers_are_known
					if [ "$around_after" = comes_back ]; then
						"$CMD" recover >"$SCRATCH/recover" 2>&1
						card_is_known "$around_from" next
					else
						not_open "$around_from"
					fi
				)
				around_all=$((around_all + 1))
				if [ -z "$around_verdict" ]; then
					around_good=$((around_good + 1))
				else
					not_ok "$kind, $around_flow: $around_what before line $around_at, $around_after" \
						"$around_verdict" "$(cat "$SCRATCH/action")" "$(log_text | tail -n 20)"
				fi
				around_at=$((around_at + 1))
			done
		done
	done
	is "$around_good" "$around_all" "$kind, $around_flow: $around_all times the state directory goes in the middle of it"
}

is_sampled() {
	case $SYSTEM_PART in
	*[0-9]) true ;;
	*) false ;;
	esac
}

# --- Limits ---------------------------------------------------------------------------------------------

# within USER LIMIT FROM TO FLOW SNAPSHOT LINE...: an application that may have so much of it, and no more. LeakSanitizer
# would need a process and a descriptor itself.
within() {
	around_user=$1 around_limit=$2 around_first=$3 around_to=$4 around_flow=$5 around_from=$6
	shift 6
	around_n=$around_first
	around_good=0 around_all=0
	while [ "$around_n" -le "$around_to" ]; do
		restore "$around_from"
		log_clear
		token_share
		chmod -R a+rwX "$STATE"
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" \
			timeout -s KILL "$CASE_MOST_S" "$SCRATCH/bin/$around_user" prlimit "--$around_limit=$around_n:$around_n" \
			"$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "$@" finalize \
			>"$SCRATCH/action" 2>&1
		wait_for 20 quiet || not_ok "$kind: no helper is left" "$(pgrep -a p11-latch)"
		"$CMD" recover >"$SCRATCH/recover" 2>&1
		around_verdict=$(answers_are_known && card_is_known "$around_from" recover)
		around_all=$((around_all + 1))
		if [ -z "$around_verdict" ]; then
			around_good=$((around_good + 1))
		else
			not_ok "$kind, $around_flow: $around_limit=$around_n" "$around_verdict" \
				"$(cat "$SCRATCH/action")" "$(log_text | tail -n 20)"
		fi
		around_n=$((around_n + $(is_sampled && echo 3 || echo 1)))
	done
	is "$around_good" "$around_all" "$kind, $around_flow: $around_limit from $around_first to $around_to"
}

users_make
for kind in softhsm; do
	token_start "$kind"
	latch_setup
	faults_start
	known_puk | pickup
	snapshots_make
	around personalize factory "login so $SO" "init-pin $PIN" close
	around unblock blocked "set-pin $SO $PIN_NEW" close
	around login blocked "login user $SO" "set-pin $SO $PIN_NEW" close
	set -- "login so $SO" "init-pin $PIN" close
	within anyone nofile 4 24 personalize factory "$@"
	within anyone nproc 1 5 personalize factory "$@"
	set -- "set-pin $SO $PIN_NEW" close
	within anyone nofile 4 24 unblock blocked "$@"
	within anyone nproc 1 5 unblock blocked "$@"
	within anyone memlock 0 0 unblock blocked "$@"
	token_stop
done
done_testing
