# SPDX-License-Identifier: BSD-3-Clause
# kill -9 at each step: of a program that unblocks by itself, one that calls C_SetPIN, and of p11-latch apply.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/interrupted.sh"

setup() {
	blocked_card
}

by_application() {
	once "$LATCH" "login so $SO" "init-pin $PIN_NEW" logout
}

by_set_pin() {
	set_pin "$SO" "$PIN_NEW"
}

only_puk() {
	"$CMD" apply "$SCRATCH/puk.dsc" "$CARD"
}

# Where the policy holds no PUK, the person who comes next tells how far it came.
typed_puk() {
	printf '%s\n' "$SO" "$PIN_NEW" >"$SCRATCH/in"
	"$CMD" unblock --puk - --pin - "$CARD" <"$SCRATCH/in"
}

without_policy() {
	asked_puk | pickup
	blocked_card
	passes "$kind: a PUK that a person typed, killed after C_InitPIN" \
		interrupted_now p11-latch C_InitPIN 1 kill-after typed_puk
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$kind: the new PIN is right"
	is_active "$PIN_NEW" "$kind: active"
	blocked_card
	passes "$kind: the same, killed before C_InitPIN" \
		interrupted_now p11-latch C_InitPIN 1 kill-before typed_puk
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_PIN_LOCKED "$kind: the new PIN is not"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: and the PUK unblocks"
	is_active "$PIN_NEW" "$kind: active"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	fault none
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	interrupt "$kind: SO login and C_InitPIN, the program itself" p11drive by_application
	interrupt "$kind: the same, its helper" p11-latch-helper by_application
	# On openCryptoki the program calls nothing of the vendor's for it.
	[ "$kind" != softhsm ] || interrupt "$kind: C_SetPIN, the program itself" p11drive by_set_pin
	printf '[Description]\nSetPIN=true\nInitialPUK=#%s\nPUK=#%s\n' "$SO" "$SO_NEW" >"$SCRATCH/puk.dsc"
	interrupt "$kind: p11-latch apply, a new PUK alone" p11-latch only_puk
	without_policy
	token_stop
done
done_testing
