# SPDX-License-Identifier: BSD-3-Clause
# A card that could not be blocked, since its module answers with errors, takes nobody's PIN until it is blocked.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# away CALL RV: so the helper's module answers to each such call, while everything else goes well.
away() {
	known_puk | pickup BlockMethod=scramble
	fresh
	fault p11-latch-helper "$1" 0 rv "$2"
	personalize desk
	must desk finalize
	drive_stop desk
	wait_for 20 no_helpers || bail_out "a helper does not end"
	is "$(record State)" personalizing "$kind, $1 answers $2: not blocked"
	passes "$kind, $1 answers $2: the card itself would take the PIN" vendor_takes "$PIN"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind, $1 answers $2: and p11-latch does not"
	unlike "$(once "$LATCH" "set-pin $PIN $PIN_NEW" | last_rv)" CKR_OK "$kind, $1 answers $2: nor is the PIN changed"
	fault none
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind, $1 answers $2: the next login, when all is well, blocks it"
	state_is blocked || not_ok "$kind, $1 answers $2: it is blocked" "$(record State)"
	fails "$kind, $1 answers $2: by its own means" vendor_takes "$PIN"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	# A card that cannot be scrambled is locked, where it locks.
	[ "$kind" = opencryptoki ] || for answer in 0x5 0x30 0xe0; do
		away C_InitPIN "$answer"
	done
	away C_Login 0x5
	token_stop
done
done_testing
