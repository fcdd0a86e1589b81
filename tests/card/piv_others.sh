# SPDX-License-Identifier: BSD-3-Clause
# A PIV card is blocked and unblocked while other processes use it through the vendor's own module.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"
. "$SRCDIR/tests/lib/contention.sh"

# Programs that come and go. One that stays, and goes on trying on a locked card, makes ykcs11 2.2.0 keep the card for
# itself alone (SCardBeginTransaction): then nobody else's call comes back, and the helper gives up at its limit.
contender_start() {
	(
		while [ ! -e "$SCRATCH/contender.stop" ]; do
			once "$MODULE" "login user $PIN" logout finalize
		done >"$SCRATCH/contender"
	) &
	contender=$!
	wait_for 10 grep -q '^logout CKR_OK' "$SCRATCH/contender" || bail_out "the other process does not log in"
}

# None of them is left in the middle of its work, which pcscd would not see a new card after.
contender_stop() {
	: >"$SCRATCH/contender.stop"
	wait_for 10 gone "$contender" || bail_out "the other process does not end"
	rm "$SCRATCH/contender.stop"
}

# What a fresh process is told would be told by a login; here the card itself says it.
vendor_says() {
	vendor_takes "$PIN" && printf CKR_OK || printf CKR_PIN_INCORRECT
}

is_active() {
	is "$(record State), $(private Journal), $(card_pin card pin | cut -d ' ' -f 2)" "active, none, $1" "$2"
}

# Logs in and out all the time, with pauses as a person's programs make.
loop() {
	known_puk | pickup
	blocked_card
	"$CMD" unblock --pin "$PIN" "$CARD" >/dev/null 2>&1
	contention "$1" "$2"
}

# A program that is logged in, and stays: the helper does its work in bounded time all the same.
logged_in() {
	known_puk | pickup
	fresh
	once "$MODULE" "login user $CARD_PIN" "set-pin $CARD_PIN $PIN" >/dev/null
	"$CMD" adopt "$CARD" >/dev/null 2>&1
	session_start other "$MODULE"
	expect CKR_OK other login user "$PIN"
	expect CKR_OK other sign-rsa
	started=$(date +%s)
	passes "$kind: the card is blocked while another program is logged in" "$CMD" block "$CARD"
	is_blocked "$kind: by its lock"
	passes "$kind: and unblocked" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	passes "$kind: in less than 20 s" test $(($(date +%s) - started)) -lt 20
	card_is 3 "$PIN_NEW" "$kind: the PIN is the new one"
	drive other logout >/dev/null
	# ykcs11 may send the PIN that it keeps first, and answer for that.
	drive other login user "$PIN_NEW" >/dev/null
	drive other logout >/dev/null
	expect CKR_OK other login user "$PIN_NEW"
	expect CKR_OK other sign-rsa
	drive_stop other
}

# ykcs11 never notices that a card was away, and pcscd none that comes back to a program of it; a helper's fresh load does.
put_back() {
	known_puk | pickup
	blocked_card
	[ "$kind" = piv-ykcs11 ] || session_start other "$LATCH"
	card_pull card
	like "$("$CMD" unblock --pin "$PIN_NEW" "$CARD" 2>&1)" "*not in a reader*" "$kind: a pulled card is not unblocked"
	if [ "$kind" != piv-ykcs11 ]; then
		is "$(rv other set-pin "$PUK" "$PIN_NEW" | grep -c -e DEVICE -e TOKEN -e SESSION)" 1 \
			"$kind: nor by a program that has a session"
		drive_stop other
	fi
	sleep 0.5 # as pulled_back() of piv_pulled.sh says
	card_back card
	passes "$kind: put back it is" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	card_is 3 "$PIN_NEW" "$kind: whole"
}

for kind in $PIV_KINDS; do
	piv_start
	loop 5 20
	logged_in
	put_back
	token_stop
done
done_testing
