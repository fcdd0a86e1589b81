# SPDX-License-Identifier: BSD-3-Clause
# A personalization, and the end of its holder: by whatever it ends, the card is blocked.
set -u
. "$SRCDIR/tests/lib/all.sh"

desk() {
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	policy <<-'EOF'
		Personalize=personalize.dsc
	EOF
}

# begin NAME: a program makes the card's first PIN, and stays.
begin() {
	session_start "$1" "$LATCH"
	expect CKR_OK "$1" login so "$SO"
	expect CKR_OK "$1" init-pin "$PIN"
}

is_blocked() {
	becomes blocked "$1: the card becomes blocked"
	fails "$1: the PIN that was set is right no more" vendor_takes "$PIN"
}

vendor_takes() {
	[ "$(login_rv "$MODULE" user "$1")" = CKR_OK ]
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	desk

	begin desk
	is "$(record State)" personalizing "$kind: C_InitPIN begins a personalization"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: nobody else can log in meanwhile"
	expect CKR_OK desk logout
	expect CKR_OK desk login user "$PIN"
	expect CKR_OK desk gen-key
	expect CKR_OK desk close
	is "$(record State)" blocked "$kind: when the last session is closed, the card is blocked"
	is_blocked "$kind, close"
	drive_stop desk
	token_stop
done
done_testing
