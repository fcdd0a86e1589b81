# SPDX-License-Identifier: BSD-3-Clause
# A process initialised before a block or unblock elsewhere: SoftHSM keeps the old PIN in it, p11-latch does not.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

URI=pkcs11:token=$LABEL

# in_use: an active card with PIN, known here; policy holds its PUK.
in_use() {
	desk_knows "$SO"
	description unblock <<-EOF
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=#$SO
	EOF
	sed -i '/^Personalize=/a Unblock=unblock.dsc' "$POLICY"
	fresh
	personalize_direct
	"$CMD" adopt "$URI" >/dev/null || bail_out "adopt: $(log_text)"
}

block() {
	"$CMD" block "$URI" >/dev/null || bail_out "block: $(log_text)"
}

# Why all this: the vendor's module alone, in a process from before the block, undoes it.
undone_by_the_vendor() {
	in_use
	session_start early "$MODULE"
	block
	fails "$kind: blocked, the card refuses its PIN" vendor_takes "$PIN"
	expect CKR_OK early login user "$PIN"
	must early logout
	expect CKR_OK early set-pin "$PIN" "$PIN"
	passes "$kind: the vendor's module alone lets an old process undo that" vendor_takes "$PIN"
	drive_stop early
}

not_undone() {
	in_use
	session_start early "$LATCH"
	session_start inside "$LATCH"
	must inside login user "$PIN"
	must inside gen-key
	block
	expect CKR_PIN_LOCKED early login user "$PIN"
	expect CKR_PIN_INCORRECT early set-pin "$PIN" "$PIN_NEW"
	expect CKR_PIN_INCORRECT early set-pin "$PIN" "$PIN$PIN"
	expect CKR_OK inside sign
	expect CKR_PIN_INCORRECT inside set-pin "$PIN" "$PIN_NEW"
	must inside logout
	expect CKR_PIN_LOCKED inside login user "$PIN"
	fails "$kind: through the module no process undoes the block" vendor_takes "$PIN"
	fails "$kind: nor with the new PIN" vendor_takes "$PIN_NEW"
	is "$(record State)" blocked "$kind: and the card stays blocked"
	drive_stop inside
}

# unblocked elsewhere, early's vendor module still knows the first PIN only.
until_finalize() {
	session_start pickup "$LATCH"
	expect CKR_OK pickup set-pin "$SO" "$PIN_NEW"
	log_clear
	for pin in "$PIN" "$PIN_NEW"; do
		expect CKR_FUNCTION_FAILED early login user "$pin"
		expect CKR_FUNCTION_FAILED early set-pin "$pin" 0101010
	done
	logged "restart this program" "$kind: the log says what to do"
	passes "$kind: the PIN is the one that was set" vendor_takes "$PIN_NEW"
	must early finalize
	must early initialize
	must early slot-label "$LABEL"
	must early open rw
	expect CKR_PIN_INCORRECT early login user "$PIN"
	expect CKR_OK early login user "$PIN_NEW"
	must early logout
	expect CKR_OK early set-pin "$PIN_NEW" "$PIN"
	passes "$kind: after C_Finalize and C_Initialize it is as any other" vendor_takes "$PIN"
	drive_stop early

}

# Who made the change itself is not stale, however it did. "pickup" is, as long as it is from before a block.
not_who_did_it() {
	block
	log_clear
	expect CKR_OK pickup set-pin "$SO" "$PIN_NEW"
	logged "restart it before it logs in" "$kind: an old process can unblock, but not log in"
	expect CKR_FUNCTION_FAILED pickup login user "$PIN_NEW"
	drive_stop pickup
	block
	session_start pickup "$LATCH"
	EXPECT_NOTE="it unblocked the card itself"
	expect CKR_OK pickup set-pin "$SO" "$PIN_NEW"
	expect CKR_OK pickup login user "$PIN_NEW"
	must pickup logout
	expect CKR_OK pickup set-pin "$PIN_NEW" "$PIN"
	must pickup login so "$SO"
	expect CKR_OK pickup init-pin "$PIN_NEW"
	must pickup logout
	expect CKR_OK pickup login user "$PIN_NEW"
	EXPECT_NOTE=
	drive_stop pickup
}

# The process that personalized, and whose card was blocked at its last session's end.
holder_is_stale_afterwards() {
	fresh
	personalize desk
	must desk logout
	EXPECT_NOTE="it made the PIN itself"
	expect CKR_OK desk login user "$PIN"
	EXPECT_NOTE=
	must desk close
	must desk open rw
	expect CKR_PIN_LOCKED desk login user "$PIN"
	expect CKR_PIN_INCORRECT desk set-pin "$PIN" "$PIN_NEW"
	fails "$kind: the holder does not undo the block of its own card" vendor_takes "$PIN_NEW"
	session_start pickup "$LATCH"
	must pickup set-pin "$SO" "$PIN_NEW"
	expect CKR_FUNCTION_FAILED desk login user "$PIN"
	drive_stop pickup
	drive_stop desk
}

# openCryptoki reads the card each time: nobody is stale, nobody is to be refused.
others_are_never_stale() {
	in_use
	session_start early "$LATCH"
	block
	expect CKR_PIN_LOCKED early login user "$PIN"
	session_start pickup "$LATCH"
	must pickup set-pin "$SO" "$PIN_NEW"
	expect CKR_PIN_INCORRECT early login user "$PIN"
	expect CKR_OK early login user "$PIN_NEW"
	drive_stop pickup
	drive_stop early
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	if [ "$kind" = softhsm ]; then
		undone_by_the_vendor
		not_undone
		until_finalize
		not_who_did_it
		holder_is_stale_afterwards
	else
		others_are_never_stale
	fi
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
