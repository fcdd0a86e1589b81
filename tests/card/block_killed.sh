# SPDX-License-Identifier: BSD-3-Clause
# p11-latch block on a card in use, interrupted: it is blocked afterwards, or as it was, and never lost.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/interrupted.sh"

LETTER=424242

office() {
	{
		printf '[Description]\nSetPIN=true\nPIN=#%s\nInitialPUK=#%s\n' "$LETTER" "${1:-$SO}"
	} | pickup PinLetter=yes BlockMethod=scramble
}

setup() {
	token_new
	rm -rf "${STATE:?}"/*
	personalize_direct
	[ "$known" = no ] || "$CMD" adopt "$CARD" >/dev/null
}

block() {
	"$CMD" block "$CARD"
}

# Whatever the module says of it, the PIN is another: the card is blocked at once where it can be asked at no cost, else
# before anything else; and its PIN letter is in force.
ambiguous() {
	setup
	fault p11-latch C_InitPIN 0 after 0x32
	if [ "$kind" = softhsm ]; then
		passes "$kind: C_InitPIN fails after it was done: p11-latch block sees that it was" block
		fault none
	else
		fails "$kind: C_InitPIN fails after it was done: p11-latch block says so" block
		fault none
		is "$(record State)" personalizing "$kind: and the card stays to be blocked"
	fi
	fails "$kind: since its PIN is lost" vendor_takes "$PIN"
	"$CMD" recover >/dev/null 2>&1
	is "$(record State)" blocked "$kind: recover blocks it, or it was"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "$kind: the PIN letter opens it"
	is_active "$LETTER" "$kind: and it is active"
}

# Killed after C_InitPIN: nobody knows the PIN, and nobody has spent the PIN letter.
killed() {
	setup
	fault p11-latch C_InitPIN 1 kill-after
	block >/dev/null 2>&1
	fault none
	is "$(record State)" personalizing "$kind: killed after C_InitPIN: the card is to be blocked"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_INCORRECT "$kind: the next request does"
	is "$(record State), $(record ByUser)" "blocked, none" "$kind: and not on its user's account"
	is "$(login_rv "$LATCH" user "$LETTER")" CKR_OK "$kind: the PIN letter opens it"
}

untouched() {
	setup
	before=$(cat "$STATE"/records/* 2>/dev/null)
	fault p11-latch C_Login 0 rv 0x30
	fails "$kind: the card fails before anything was changed" block
	fault none
	is "$(cat "$STATE"/records/* 2>/dev/null)" "$before" "$kind: the record is what it was"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_OK "$kind: its user goes on"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	fault none
	office
	for known in no yes; do
		ambiguous
		killed
		untouched
	done
	known_puk | pickup
	interrupt "$kind: p11-latch block" p11-latch block
	passes "$kind: no helper is left" wait_for 10 no_helpers
	token_stop
done
done_testing
