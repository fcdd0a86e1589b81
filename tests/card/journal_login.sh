# SPDX-License-Identifier: BSD-3-Clause
# kill -9 at each step of what begins with C_Login: the PUK in place of a PIN, and a PIN letter.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/interrupted.sh"

setup() {
	blocked_card
}

by_puk() {
	once "$LATCH" "login user $SO" "set-pin $SO $PIN_NEW"
}

by_letter() {
	login_rv "$LATCH" user "$PIN_NEW"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	fault none
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	interrupt "$kind: C_Login with the PUK and C_SetPIN, the helper" p11-latch-helper by_puk
	interrupt "$kind: the same, the program itself" p11drive by_puk
	printf '[Description]\nSetPIN=true\nPIN=#%s\nInitialPUK=#%s\nPUK=#%s\n' "$PIN_NEW" "$SO" "$SO_NEW" |
		pickup PinLetter=yes
	interrupt "$kind: C_Login with a PIN letter, the helper" p11-latch-helper by_letter
	interrupt "$kind: the same, the program itself" p11drive by_letter
	token_stop
done
done_testing
