# SPDX-License-Identifier: BSD-3-Clause
# A PUK that the policy leaves to people (a dialog): when a value given to C_Login is tried as one.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

both_steps() {
	once "$LATCH" "login user $1" "set-pin $1 $2"
}

by_login() {
	is "$(both_steps "$SO" "$PIN_NEW" | tr '\n' ' ' | grep -c 'login CKR_OK set-pin CKR_OK')" 1 "$1"
	is_active "$PIN_NEW" "$kind: active"
}

# Wrong SO PINs cost nothing there.
without_counter() {
	asked_puk | pickup
	blocked_card
	for n in 1 2 3 4 5; do
		is "$(login_rv "$LATCH" user 9999999$n)" CKR_PIN_LOCKED "$kind: a wrong value, $n"
	done
	still_blocked "$kind: leaves the card blocked"
	by_login "$kind: the right one unblocks all the same"
	asked_puk | pickup UnblockByLogin=no
	blocked_card
	is "$(login_rv "$LATCH" user "$SO")" CKR_PIN_LOCKED "$kind: UnblockByLogin=no: it is not tried"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: by C_SetPIN it is"
}

so_flags() {
	flags "$MODULE" | grep -o 'SO_PIN[A-Z_]*' | grep -v TO_BE_CHANGED | tr '\n' ' '
}

# A mail program with a stored PIN would else cost each card its tries.
with_counter() {
	for choice in auto no; do
		asked_puk | pickup "UnblockByLogin=$choice"
		blocked_card
		is "$(login_rv "$LATCH" user 99999999)" CKR_PIN_LOCKED "$kind, $choice: a wrong value"
		is "$(login_rv "$LATCH" user "$SO")" CKR_PIN_LOCKED "$kind, $choice: and the right one"
		is "$(so_flags)" "" "$kind, $choice: are not tried"
		is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind, $choice: by C_SetPIN it is"
	done
	asked_puk | pickup UnblockByLogin=yes
	blocked_card
	by_login "$kind, yes: the right one unblocks"
}

# One wrong value until something succeeds, and at least three tries must be known to remain.
one_at_most() {
	asked_puk | pickup UnblockByLogin=yes
	blocked_card
	is "$(login_rv "$LATCH" user 99999999)" CKR_PIN_LOCKED "$kind, yes: a wrong value"
	is "$(so_flags)" "SO_PIN_COUNT_LOW " "$kind, yes: is tried"
	is "$(record Method)" lock "$kind, yes: the record still says that the card is locked"
	is "$(login_rv "$LATCH" user 99999998)" CKR_PIN_LOCKED "$kind, yes: another"
	is "$(login_rv "$LATCH" user "$SO")" CKR_PIN_LOCKED "$kind, yes: and then the right one"
	is "$(so_flags)" "SO_PIN_COUNT_LOW " "$kind, yes: are not"
	once "$MODULE" "login so $SO" >/dev/null
	is "$(so_flags)" "" "$kind, yes: with the flags clear again, this machine's count still holds:"
	is "$(login_rv "$LATCH" user "$SO")" CKR_PIN_LOCKED "$kind, yes: it is not tried"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind, yes: C_SetPIN may try it"
	is_active "$PIN_NEW" "$kind, yes: active"
	block_again
	by_login "$kind, yes: and after that success C_Login may again"
}

token_start softhsm
kind=softhsm
latch_setup
without_counter
token_stop
token_start opencryptoki
kind=opencryptoki
latch_setup
with_counter
one_at_most
no_secret "no PUK stands in log or state" "$SO" 99999999
token_stop
done_testing
