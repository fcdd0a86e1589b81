# SPDX-License-Identifier: BSD-3-Clause
# PINs that are empty, NULL, very long, of other bytes than letters: each gets an answer, none does harm.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

UTF8=hex:c3a9c3a8e282acf09f94
UTF8_SHORT=hex:c3a9e282acc3a9 # 7 bytes
WITH_NUL=hex:31320033343536
WITH_NEWLINE=hex:310a32330a0d34

long() {
	head -c "$1" /dev/zero | tr '\0' 7
}

# refuses RV OLD NEW TEXT: C_SetPIN on the blocked card, which stays blocked.
refuses() {
	is "$(rv user set-pin "$2" "$3")" "$1" "$kind: C_SetPIN: $4: $1"
	state_is blocked || not_ok "$kind: $4: stays blocked" "$(record State)"
}

# By the vendor's own rules for PINs: 4 to 255, or 4 to 8.
new_pins() {
	max=$([ "$kind" = softhsm ] && echo 255 || echo 8)
	blocked_card
	session_start user "$LATCH"
	refuses CKR_PIN_LEN_RANGE "$SO" empty "an empty new PIN"
	refuses CKR_PIN_LEN_RANGE "$SO" 123 "a new PIN too short"
	refuses CKR_PIN_LEN_RANGE "$SO" "$(long $((max + 1)))" "a new PIN too long"
	refuses CKR_PIN_LEN_RANGE "$SO" "$(long 1000)" "a new PIN of 1000 bytes"
	refuses CKR_ARGUMENTS_BAD "$SO" null "no new PIN"
	refuses CKR_PIN_INVALID "$SO" "$SO" "a new PIN that is the PUK"
	drive_stop user
	for pin in "$WITH_NUL" "$UTF8_SHORT" "$WITH_NEWLINE" "$(long "$max")"; do
		blocked_card
		is "$(once "$LATCH" "set-pin $SO $pin" | last_rv)" CKR_OK "$kind: a new PIN $(printf %.20s "$pin")"
		is "$(login_rv "$MODULE" user "$pin")" CKR_OK "$kind: is set as it is, byte by byte"
		is "$(login_rv "$LATCH" user "$pin")" CKR_OK "$kind: and logs in"
	done
}

presented() {
	blocked_card
	session_start user "$LATCH"
	for puk in 1 "$(long 255)" "$(long 1000)" "$UTF8" "$WITH_NUL" "hex:$(printf %s "$SO" | od -An -tx1 | tr -d ' ')00"; do
		refuses CKR_PIN_INCORRECT "$puk" "$PIN_NEW" "a PUK $(printf %.20s "$puk")"
		is "$(rv user login user "$puk")" CKR_PIN_LOCKED "$kind: C_Login: $(printf %.20s "$puk")"
		is "$(record State)" blocked "$kind: and the card stays blocked"
	done
	is "$(rv user login user null)" CKR_OK "$kind: C_Login: NULL has the policy's own PUK used, spawned"
	drive user logout >/dev/null
	is "$(rv user login user empty)" CKR_OK "$kind: C_Login: empty is the same"
	drive_stop user
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: the right PUK unblocks it as ever"
}

# C_InitPIN with what the vendor refuses begins no personalization; what it takes, is blocked at the end.
first_pins() {
	token_new
	rm -rf "${STATE:?}"/*
	session_start desk "$LATCH"
	must desk login so "$SO"
	for pin in empty 123 "$(long 256)" "$(long 1000)"; do
		is "$(rv desk init-pin "$pin")" CKR_PIN_LEN_RANGE "$kind: C_InitPIN $(printf %.20s "$pin")"
		is "$(record State)" none "$kind: a first PIN $(printf %.20s "$pin") begins nothing"
	done
	unlike "$(rv desk init-pin null)" CKR_OK "$kind: no first PIN"
	is "$(record State)" none "$kind: begins nothing either"
	expect CKR_OK desk init-pin "$WITH_NUL"
	is "$(record State)" personalizing "$kind: one with a NUL byte is a PIN as any other"
	expect CKR_OK desk close
	is "$(record State)" blocked "$kind: and is blocked at the end"
	drive_stop desk
	fails "$kind: by its own means" vendor_takes "$WITH_NUL"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	new_pins
	presented
	first_pins
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
