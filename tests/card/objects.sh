# SPDX-License-Identifier: BSD-3-Clause
# The private objects and keys that were made at the personalization are there after each way of unblocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

VALUE=hex:00ff10

blocked_with_objects() {
	token_new
	rm -rf "${STATE:?}"/*
	objects_out=$(once "$LATCH" "login so $SO" "init-pin $PIN" logout "login user $PIN" "gen-key mine" \
		"create-data letters $VALUE private" close)
	state_is blocked || bail_out "$kind: not blocked: $objects_out; $(log_text | tail)"
}

# there PIN TEXT: they are, as p11-latch and as the vendor's own module show them, and the key works.
there() {
	for module in "$LATCH" "$MODULE"; do
		is "$(once "$module" "login user $1" "read-data letters" "sign mine" "create-data more 55 private" |
			sed 's/\([^ ]* [^ ]*\).*/\1/' | tail -n 4 | tr '\n' ' ')" \
			"login CKR_OK read-data CKR_OK sign CKR_OK create-data CKR_OK " "$kind: $2, ${module##*/}"
	done
	like "$(once "$MODULE" "login user $1" "read-data letters" | tail -n 1)" "*value=%00%FF%10*" "$kind: $2: the same value"
}

by_login_session() {
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$SO"
	expect CKR_OK desk read-data letters
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	expect CKR_OK desk sign mine
	expect CKR_OK desk create-data made-then 1234 private
	drive_stop desk
	there "$PIN_NEW" "C_Login with the PUK and C_SetPIN"
	is "$(once "$MODULE" "login user $PIN_NEW" "read-data made-then" | last_rv)" CKR_OK \
		"$kind: and so is what was made in that session"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	blocked_with_objects
	set_pin "$SO" "$PIN_NEW" >/dev/null
	there "$PIN_NEW" "C_SetPIN"
	block_again
	"$CMD" unblock --pin "$PIN" "$CARD" >/dev/null 2>&1
	there "$PIN" "p11-latch unblock"
	block_again
	once "$LATCH" "login so $SO" "init-pin $PIN_NEW" logout >/dev/null
	there "$PIN_NEW" "the program itself"
	block_again
	by_login_session
	known_puk "$SO" "PUK=#$SO_NEW" | pickup BlockMethod=scramble
	blocked_with_objects
	set_pin "$SO" "$PIN_NEW" >/dev/null
	there "$PIN_NEW" "C_SetPIN on a scrambled card, and a new PUK"
	SO=$SO_NEW
	block_again
	by_login_session
	SO=76543210
	asked_puk | pickup
	blocked_with_objects
	set_pin "$SO" "$PIN_NEW" >/dev/null
	there "$PIN_NEW" "a PUK that a person typed"
	printf '[Description]\nSetPIN=true\nPIN=#864213\nInitialPUK=#%s\n' "$SO" | pickup PinLetter=yes
	blocked_with_objects
	is "$(once "$LATCH" "login user 864213" "read-data letters" | last_rv)" CKR_OK "$kind: in the login of a PIN letter"
	there 864213 "a PIN letter"
	token_stop
done
done_testing
