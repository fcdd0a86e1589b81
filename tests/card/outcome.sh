# SPDX-License-Identifier: BSD-3-Clause
# What an application is told, and what the log says: each way in which an unblocking can end.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# tells RV TEXT LINE: how the last of them ends.
tells() {
	tells_rv=$1 tells_text=$2
	shift 2
	is "$(once "$LATCH" "$@" | last_rv)" "$tells_rv" "$kind: $tells_text"
}

told() {
	known_puk | pickup
	blocked_card
	tells CKR_PIN_INCORRECT "C_SetPIN with a wrong PUK" "set-pin 99999999 $PIN_NEW"
	tells CKR_PIN_LOCKED "C_Login with what unblocks nothing" "login user 99999999"
	tells CKR_PIN_LEN_RANGE "a new PIN that is too short" "set-pin $SO 123"
	tells CKR_PIN_LEN_RANGE "a new PIN that is empty" "set-pin $SO empty"
	tells CKR_PIN_LEN_RANGE "a new PIN that is too long" "set-pin $SO $(printf '1%.0s' $(seq 256))"
	unlike "$(once "$LATCH" "set-pin $SO null" | last_rv)" CKR_OK "$kind: a new PIN that is NULL"
	tells CKR_PIN_INVALID "a new PIN that is the PUK" "set-pin $SO $SO"
	still_blocked "$kind: and the card is what it was" "$PIN" "$SO"
	unlike "$(flags "$MODULE")" "*SO_PIN_COUNT_LOW*" "$kind: and no wrong value was sent to it"
	tells CKR_OK "the right PUK and a proper PIN" "set-pin $SO $PIN_NEW"
	is_active "$PIN_NEW" "$kind: active"
}

# Odd PINs are PINs as any other, where the token takes them.
odd_pins() {
	for odd in hex:31323300343536 hex:c3a4c3b6c3bc31 '"a b c d"'; do
		blocked_card
		tells CKR_OK "a new PIN $odd" "set-pin $SO $odd"
		is "$(once "$MODULE" "login user $odd" | last_rv)" CKR_OK "$kind: is the card's"
	done
	[ "$kind" = softhsm ] || return 0
	blocked_card
	longest=$(printf '7%.0s' $(seq 255))
	tells CKR_OK "a new PIN of 255 bytes" "set-pin $SO $longest"
	is_active "$longest" "$kind: is the card's"
}

refused() {
	tells CKR_FUNCTION_FAILED "$1: C_SetPIN" "set-pin $SO $PIN_NEW"
	logged "$2" "$kind: $1: the log says what and where"
	is "$(record State)" blocked "$kind: $1: the card is as it was"
}

not_possible() {
	known_puk | pickup
	blocked_card
	echo 'Unblock=' >>"$POLICY"
	refused "an error in the policy" "policy.conf"
	tells CKR_FUNCTION_FAILED "an error in the policy: C_Login" "login user $SO"
	echo 'SetPIN=perhaps' | pickup
	refused "an error in the description" "unblock.dsc"
	printf '[Fields]\nPUK=\n[Description]\nSetPIN=true\nInitialPUK=PUK\nPIN=!FROM_USER_DIALOG_2_FIELD\n' >"$SCRATCH/field.dsc"
	pickup <"$SCRATCH/field.dsc"
	refused "a field without a value" "has no value for InitialPUK= or CardManagerKey="
	pickup "Field.PUK=file:$SCRATCH/no-such-file" <"$SCRATCH/field.dsc"
	refused "a field whose file is missing" no-such-file
	: >"$SCRATCH/empty"
	pickup "Field.PUK=file:$SCRATCH/empty" <"$SCRATCH/field.dsc"
	refused "a field whose file is empty" "empty is empty"
	pickup Field.PUK=env:NO_SUCH_VARIABLE <"$SCRATCH/field.dsc"
	refused "a field whose variable is not set" NO_SUCH_VARIABLE
	known_puk 9999999999 | pickup
	[ "$kind" != opencryptoki ] || is "$(set_pin 9999999999 "$PIN_NEW")" CKR_FUNCTION_FAILED \
		"$kind: a PUK in the policy that the token cannot have"
	[ "$kind" != opencryptoki ] || logged "takes an SO PIN of 4 to 8" "$kind: the log says what it takes"
	known_puk | pickup
	latch_conf "spawn:$SCRATCH/no-such-helper"
	refused "the helper is missing" no-such-helper
	latch_conf "unix:$SCRATCH/no-such-socket"
	refused "the helper's socket is missing" no-such-socket
	latch_conf "spawn:$HELPER"
	tells CKR_OK "all of it put right" "set-pin $SO $PIN_NEW"
	is_active "$PIN_NEW" "$kind: active"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	told
	odd_pins
	not_possible
	no_secret "$kind: no PUK or PIN stands in log or state" "$SO" "$PIN_NEW" 9999999999
	token_stop
done
done_testing
