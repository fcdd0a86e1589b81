# SPDX-License-Identifier: BSD-3-Clause
# The clock jumps by years, forth and back, before, between and while a card is personalized, held and unblocked.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

YEARS=315360000 # ten
clock_first=${P11_LATCH_SEED:-1}
clock_each=1
case $SYSTEM_PART in
*[0-9]) clock_each=3 ;;
esac

# How far from now it is that the record was written, in 300 days; ten years are 12.
now_by_record() {
	clock_since=$(record Since)
	[ "$clock_since" = none ] && echo none || echo $(((clock_since - $(date +%s)) / 86400 / 300))
}

# lines NTH LINE...: a program runs these, and the clock jumps before the Nth.
lines() {
	clock_nth=$1 clock_n=0
	shift
	drive_start program "$LATCH"
	for clock_line in initialize "slot-label $LABEL" "open rw" "$@" finalize; do
		clock_n=$((clock_n + 1))
		[ "$clock_n" -ne "$clock_nth" ] || clock_is "$clock_day" "$clock_monotonic"
		# shellcheck disable=SC2086
		drive program $clock_line
	done >"$SCRATCH/action" 2>&1
	drive_stop program
	wait_for 20 quiet || not_ok "$kind: no helper is left" "$(pgrep -a p11-latch)"
}

# jumping FLOW SNAPSHOT STATE LINE...: before each of the lines, of a sample each third; it comes to its end.
jumping() {
	clock_flow=$1 clock_from=$2 clock_state=$3
	shift 3
	clock_nth=$((clock_first % clock_each + 1))
	clock_first=$((clock_first + 1))
	clock_wrong=
	while [ "$clock_nth" -le $(($# + 4)) ]; do
		restore "$clock_from"
		clear_faults
		clock_is 0 0
		lines "$clock_nth" "$@"
		[ "$(record State)" = "$clock_state" ] && ! grep -q 'CKR_[^O]' "$SCRATCH/action" ||
			clock_wrong="$clock_wrong line $clock_nth: $(record State): $(cat "$SCRATCH/action")"
		clock_wrong="$clock_wrong$(nothing_broke 0)"
		clock_nth=$((clock_nth + clock_each))
	done
	is "$clock_wrong" "" "$kind, $clock_flow: $clock_what, before its lines, and it is $clock_state"
}

# A hold goes on, and what it leaves is blocked.
held() {
	restore factory
	clear_faults
	clock_is 0 0
	cat >"$SCRATCH/held.sh" <<-EOF
		"$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "login so $SO" "init-pin $PIN" finalize
		echo "$clock_day $clock_monotonic" >"$FAULTS/clock"
		"$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "login user $PIN" finalize
		cat "$STATE"/records/*
	EOF
	hurt "$CMD" personalize -- sh "$SCRATCH/held.sh" >"$SCRATCH/action" 2>&1
	wait_for 20 quiet || not_ok "$kind: no helper is left" "$(pgrep -a p11-latch)"
	is "$(grep -e '^login' -e '^State' "$SCRATCH/action" | tr '\n' ' ')$(record State)" \
		"login CKR_OK login CKR_OK State=personalizing blocked" "$kind: $clock_what, during a hold, which goes on, and ends blocked"
	is "$(now_by_record)" "$1" "$kind: the record has the time of then"
	passes "$kind: and p11-latch unblock unblocks it" hurt "$CMD" unblock --pin "$PIN" "$CARD"
	is_active "$PIN" "$kind: active"
	is "$(nothing_broke 0)" "" "$kind: nothing broke"
}

jumps() {
	jumping personalize factory blocked "login so $SO" "init-pin $PIN" logout "login user $PIN" logout close
	jumping unblock blocked active "set-pin $SO $PIN_NEW" close
	jumping login blocked active "login user $SO" "set-pin $SO $PIN_NEW" logout close
	held "$1"
}

kind=softhsm
token_start "$kind"
latch_setup
faults_start
known_puk | pickup
snapshots_make
hurt_drive
clock_what="the clock goes ten years forth" clock_day=$YEARS clock_monotonic=0
jumps 12
clock_what="the clock goes ten years back" clock_day=-$YEARS clock_monotonic=0
jumps -12
# As after a sleep, where it does not stand still.
clock_what="both clocks go a day forth" clock_day=86400 clock_monotonic=86400
jumps 0
token_stop
done_testing
