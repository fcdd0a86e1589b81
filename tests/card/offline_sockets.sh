# SPDX-License-Identifier: BSD-3-Clause
# Challenge and response behind the sockets: a stranger unblocks with a response, and waits after wrong ones.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/offline.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

order() {
	order_user=$1
	shift
	as "$order_user" "$CMD" "$@" </dev/null >"$SCRATCH/out" 2>&1
}

asked() {
	order anyone challenge "$CARD"
	sed -n 's/^\([0-9A-F]\{4\}\( [0-9A-F]\{4\}\)*\)$/\1/p' "$SCRATCH/out"
}

blocked_by_operator() {
	who operator
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	must desk finalize
	drive_stop desk
	token_share
	state_is blocked || bail_out "$kind: not blocked: $(log_text | tail)"
}

# wait_over: the state says that nobody waits any more, as after that time.
wait_over() {
	sed -i 's/^ResponseAfter=.*/ResponseAfter=1/' "$STATE"/private/*.state
}

after() {
	after_at=$(private ResponseAfter)
	[ "$after_at" = none ] && echo 0 || echo $((after_at - $(date +%s)))
}

# between LEAST MOST TEXT: how long a stranger is to wait from now on.
between() {
	between_s=$(after)
	if [ "$between_s" -ge "$1" ] && [ "$between_s" -le "$2" ]; then
		ok "$3"
	else
		not_ok "$3" "waits $between_s s" "$(log_text | tail -n 5)"
	fi
}

wrong() {
	for wrong_n; do
		order anyone unblock "$CARD" --response "111122223333444$wrong_n" --pin "$PIN_NEW"
	done
}

waits() {
	wrong 1 2
	between -5 0 "$kind: two wrong responses: nobody waits"
	wrong 3
	between -5 1 "$kind: a third: a second"
	wait_over
	wrong 4 5 6
	between 50 60 "$kind: three more: a minute"
	log_clear
	answer=$(respond "$(asked)")
	fails "$kind: then a right one is refused too" order anyone unblock "$CARD" --response "$answer" --pin "$PIN_NEW"
	logged "a response is refused until [0-9:]*, since 6 wrong ones were given" "$kind: the log says until when"
	is "$(as anyone "$P11DRIVE_PLAIN" "$LATCH" initialize "slot-label $LABEL" "open rw" "set-pin $(echo "$answer" | tr -d ' ') $PIN_NEW" | last_rv)" \
		CKR_PIN_LOCKED "$kind: by C_SetPIN as well"
	wait_over
	wrong 7 8 9
	between 3500 3600 "$kind: three more: an hour"
	# The clock was wrong, far ahead, when it was written.
	sed -i "s/^ResponseAfter=.*/ResponseAfter=$(($(date +%s) + 1000000))/" "$STATE"/private/*.state
	fails "$kind: a clock that was set back" order anyone unblock "$CARD" --response "$answer" --pin "$PIN_NEW"
	between 3500 3600 "$kind: has nobody wait for more than an hour"
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: no SO try was spent by any of them"
	passes "$kind: operators do not wait" order operator unblock "$CARD" --response "$answer" --pin "$PIN_NEW"
	is "$(record State) $(private ResponseWrong) $(private ResponseAfter)" "active none none" "$kind: a right one clears the count"
}

# What the command refuses by itself reaches the helper from elsewhere; it is no matter of tickets.
misheard() {
	log_clear
	raw helper order op=u8:3 "text=$CARD" "new=$PIN_NEW" response=F0454F13B1E29C0 ask shut end >/dev/null
	logged "this is no response: one has 16 or 32 digits" "$kind: a response of 15 digits: it is said what one is"
	is "$(private ResponseWrong)" none "$kind: and is none of the wrong ones"
}

# The time of a pause is written, and then the clock goes back by ten years.
clock_back() {
	passes "$kind: an operator blocks it again" order operator block --force "$CARD"
	token_share
	wrong 1 2 3
	clock_is -315360000 0
	answer=$(respond "$(asked)")
	log_clear
	fails "$kind: the clock goes back during a pause" order anyone unblock "$CARD" --response "$answer" --pin "$PIN_NEW"
	logged "a response is refused until" "$kind: which goes on"
	clock_is $((3000 - 315360000)) 0
	fails "$kind: for most of an hour" order anyone unblock "$CARD" --response "$answer" --pin "$PIN_NEW"
	clock_is $((3601 - 315360000)) 0
	passes "$kind: and no longer" order anyone unblock "$CARD" --response "$answer" --pin "$PIN_NEW"
	clock_is 0 0
	token_share
}

strangers() {
	passes "$kind: an operator blocks it again" order operator block --force "$CARD"
	token_share
	misheard
	log_clear
	answer=$(respond "$(asked)")
	passes "$kind: anyone unblocks it with the response" order anyone unblock "$CARD" --response "$answer" --pin "$PIN"
	is_active "$PIN" "$kind: active"
	token_share
	fails "$kind: and not once more" order anyone unblock "$CARD" --response "$answer" --pin "$PIN_NEW"
	fails "$kind: nor without a response" order anyone unblock "$CARD" --pin "$PIN_NEW"
	logged "unblock is refused: only operators may" "$kind: the log says who may"
	is_active "$PIN" "$kind: the card is as it was"
}

P11DRIVE_PLAIN=$BUILDDIR/tests/lib/p11drive
users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	shared_office
	faults_start
	hurt_helper
	sockets_start
	blocked_by_operator
	# Each wrong response takes its second; of a token that counts SO tries it is of interest.
	if [ "$kind" = opencryptoki ]; then
		waits
		clock_back
	else
		passes "$kind: an operator unblocks it, by the policy's key" order operator unblock "$CARD" --pin "$PIN_NEW"
		token_share
	fi
	strangers
	no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO"
	who root
	sockets_stop
	passes "$kind: no helper is left" wait_for 20 no_helpers
	is "$(nothing_broke 0)" "" "$kind: none of them broke"
	token_stop
done
done_testing
