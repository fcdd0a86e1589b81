# SPDX-License-Identifier: BSD-3-Clause
# A card that is blocked and unblocked while another process logs in and out of it all the time. Sourced, after
# pickup.sh.
#
#	contention ROUNDS PAUSE_MS   tests: each answer was true, and the card is whole at the end

# A program that knows nothing of p11-latch. SoftHSM's keeps the PIN that it read first, openCryptoki's is refused
# while the card is locked; both make the vendor module write what others are just changing. It is to be the one
# that is not kept waiting between its read and its write, where no look at the card could find it. openCryptoki's objects
# leak at each of its logins, and LeakSanitizer takes minutes to tell of that.
contender_start() {
	{
		printf 'initialize\nslot-label "%s"\nopen rw\n' "$LABEL"
		yes "login user $PIN
logout
exit-if $SCRATCH/contender.stop
sleep $1"
	} 2>/dev/null | ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" nice -n -15 "$P11DRIVE" "$MODULE" >"$SCRATCH/contender" &
	contender=$!
	wait_for 10 grep -q '^logout CKR_OK' "$SCRATCH/contender" || bail_out "the other process does not log in"
}

# By itself, while it is logged out: openCryptoki's token is lost when a program is killed in its C_Login.
contender_stop() {
	: >"$SCRATCH/contender.stop"
	wait_for 10 gone "$contender" || bail_out "the other process does not end"
}

# What a fresh process is told; what the other one disturbs in it is asked again.
vendor_says() {
	for contention_try in 1 2 3 4 5 6 7 8; do
		contention_rv=$(login_rv "$MODULE" user "$PIN")
		case $contention_rv in
		CKR_OK | CKR_PIN_INCORRECT | CKR_PIN_LOCKED) break ;;
		esac
	done
	[ "$contention_rv" != CKR_PIN_LOCKED ] || contention_rv=CKR_PIN_INCORRECT
	printf '%s' "$contention_rv"
}

# check WHAT STATE RV ANSWER: after an answer that something was done.
contention_check() {
	contention_is=$(record State)
	contention_says=$(vendor_says)
	[ "$contention_is, $contention_says" != "$2, $3" ] || return 0
	contention_false=$((contention_false + 1))
	not_ok "round $contention_n: $1" "record: $contention_is, should be $2; card: $contention_says, should be $3" "$4" \
		"$(log_text | tail -n 10)"
}

# A fresh program, which the vendor module itself may disturb before it comes to C_SetPIN.
contention_set_pin() {
	for contention_try in 1 2 3 4 5 6 7 8; do
		contention_out=$(once "$LATCH" "set-pin $SO $PIN")
		case $contention_out in
		*"slot-label CKR_OK"*"open CKR_OK"*) break ;;
		esac
	done
	[ "$(printf '%s\n' "$contention_out" | last_rv)" = CKR_OK ]
}

# By C_SetPIN, in the program's own process where the module caches, or by the command.
contention_unblock() {
	if [ $((contention_n % 2)) = 0 ]; then
		contention_out=$("$CMD" unblock --pin "$PIN" "$CARD" 2>&1)
	else
		contention_set_pin
	fi
}

contender_logins() {
	grep -c '^login' "$SCRATCH/contender"
}

contender_kept_up() {
	[ "$(contender_logins)" -gt $((contention_n * 4)) ]
}

contention() {
	contender_start "$2"
	contention_n=0
	contention_false=0
	contention_failed=0
	while [ "$contention_n" -lt "$1" ]; do
		contention_n=$((contention_n + 1))
		log_clear
		if contention_out=$("$CMD" block "$CARD" 2>&1); then
			contention_check blocked blocked CKR_PIN_INCORRECT "$contention_out"
		else
			contention_failed=$((contention_failed + 1))
			note "$contention_n: $contention_out"
		fi
		log_clear
		if contention_unblock; then
			contention_check unblocked active CKR_OK "$contention_out"
		else
			contention_failed=$((contention_failed + 1))
			note "$contention_n: $contention_out" "$(log_text | tail -n 5)"
		fi
		# A reader serves whom it likes: the next round begins when the other process had its share.
		wait_for 10 contender_kept_up
	done
	passes "$TOKEN: the other process was there to the end" test -d "/proc/$contender"
	contender_stop
	passes "$TOKEN: and logged in all the time" test "$(contender_logins)" -gt $(($1 * 4))
	is "$contention_false" 0 "$TOKEN: $1 blocks and unblocks, each left the card in the state that was reported"
	is "$contention_failed" 0 "$TOKEN: and none of them failed"
	is_active "$PIN" "$TOKEN: the card is whole at the end"
}
