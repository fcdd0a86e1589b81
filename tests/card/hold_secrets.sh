# SPDX-License-Identifier: BSD-3-Clause
# Several programs under p11-latch personalize change the SO PIN, or do not know that another did: the hold blocks the
# card with the one that is right, and spends no SO try on those of before.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/hold.sh"

SO_THIRD=55667788

# What the watcher that is to block the card would not know is not changed behind its back.
others_change_so() {
	desk BlockMethod=scramble
	fresh
	personalize one
	must one logout
	is "$(outside "login so $SO" "set-pin $SO $SO_NEW")" CKR_FUNCTION_FAILED \
		"$kind: another program does not change the SO PIN of a card that is being personalized"
	logged "C_SetPIN as SO is refused" "$kind: and the log says why"
	must one close
	drive_stop one
	is_blocked "$kind, after another program's C_SetPIN as SO"

	fresh
	hold_start
	personalize one
	must one logout
	is "$(under "login so $SO" "set-pin $SO $SO_NEW")" CKR_FUNCTION_FAILED \
		"$kind, hold: nor while a program of the hold has it, which does not know"
	must one close
	is "$(under "login so $SO" "set-pin $SO $SO_NEW")" CKR_OK \
		"$kind, hold: once that has handed it on the hold is told"
	drive_stop one
	hold_end
	is_blocked "$kind, hold, after a program's C_SetPIN as SO"
	unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind, hold: and no SO try was wasted on the old one"
}

# holds: a hold that has the card; what its watcher sends to the card is noted.
holds() {
	fresh
	export FAULTY_GIVEN="$SCRATCH/given"
	: >"$FAULTY_GIVEN"
	hold_start
	unset FAULTY_GIVEN
	under "login so $SO" "init-pin $PIN" >/dev/null
	passes "$kind: the hold has the card" wait_for 10 only_the_watcher
}

# changes OLD NEW: a program changes the SO PIN, and ends.
changes() {
	is "$(under "login so $1" "set-pin $1 $2")" CKR_OK "$kind: a program changes the SO PIN"
	passes "$kind: and has ended" wait_for 10 has_ended
}

# All programs but those that the test has begun.
has_ended() {
	[ "$(helpers | wc -l)" -le $((1 + living)) ]
}

# sent SO_PIN: how often the hold's watcher did.
sent() {
	grep -c "^C_Login $(printf %s "$1" | od -An -tx1 | tr -d ' \n')\$" "$SCRATCH/given"
}

# holds_to TEXT RIGHT SO_PIN...: the hold ends, the card is blocked by the right one, and none of the others was tried.
holds_to() {
	holds_text="$kind, $1"
	hold_end
	is_blocked "$holds_text"
	unlike "$(sent "$2")" 0 "$holds_text: by the one that is right"
	shift 2
	for holds_so in "$@"; do
		is "$(sent "$holds_so")" 0 "$holds_text: no SO try is spent on one of before"
	done
}

# Programs that logged in before another changed it say what they know when they end: one after the other, ...
two_late() {
	living=2
	holds
	for late in one two; do
		personalize $late
		must $late logout
	done
	changes "$SO" "$SO_NEW"
	for late in one two; do
		must $late close
		drive_stop $late
	done
	holds_to "two programs that do not know of a change end" "$SO_NEW" "$SO"
}

# ... when they set a PIN, and when they end, and after a second change, too.
one_late() {
	living=1
	holds
	session_start late "$LATCH"
	must late login so "$SO"
	changes "$SO" "$SO_NEW"
	changes "$SO_NEW" "$SO_THIRD"
	must late init-pin "$PIN"
	must late close
	drive_stop late
	holds_to "one that does not know of two changes sets a PIN, and ends" "$SO_THIRD" "$SO" "$SO_NEW"
}

# What a program changed is no news any more when it ends.
one_stays() {
	living=1
	holds
	session_start one "$LATCH"
	must one login so "$SO"
	must one set-pin "$SO" "$SO_NEW"
	changes "$SO_NEW" "$SO_THIRD"
	must one init-pin "$PIN"
	must one close
	drive_stop one
	holds_to "one that changed it ends after another that changed it again" "$SO_THIRD" "$SO" "$SO_NEW"
}

# killed_in WHEN OLD NEW: a program is killed before or after the vendor's C_SetPIN as SO.
killed_in() {
	fault p11drive C_SetPIN 1 "$1"
	once "$LATCH" "login so $2" "set-pin $2 $3" >/dev/null 2>&1
	passes "$kind: a program is killed in C_SetPIN as SO ($1)" faulted
	fault none
	passes "$kind: and its helper ends" wait_for 10 has_ended
}

# Nobody knows whether it was changed: the new one is tried first, then the one of before.
one_killed() {
	living=0
	holds
	killed_in kill-after "$SO" "$SO_NEW"
	holds_to "killed when it was changed" "$SO_NEW" "$SO"

	holds
	killed_in kill-before "$SO" "$SO_NEW"
	holds_to "killed before it was changed" "$SO"

	# Neither of the two gives way to what another logged in with long before.
	living=1
	holds
	session_start late "$LATCH"
	must late login so "$SO"
	changes "$SO" "$SO_NEW"
	killed_in kill-before "$SO_NEW" "$SO_THIRD"
	must late init-pin "$PIN"
	must late close
	drive_stop late
	holds_to "killed before it was changed again, and one that knows of neither ends" "$SO_NEW" "$SO"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	others_change_so
	two_late
	one_late
	one_stays
	one_killed
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no SO PIN in log and state" "$SO" "$SO_NEW" "$SO_THIRD" "$PIN"
	token_stop
done
done_testing
