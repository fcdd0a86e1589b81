# SPDX-License-Identifier: BSD-3-Clause
# A change of the PUK that was interrupted, and one SO try left: it goes to what a person gives, and to no guess.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

so_flags() {
	flags "$MODULE" | grep -o 'SO_PIN[A-Z_]*' | grep -v TO_BE_CHANGED | tr '\n' ' '
}

# unblock [PUK]: with the last try.
unblock() {
	printf '%s\n' ${1:+"$1"} "$PIN" >"$SCRATCH/in"
	"$CMD" unblock --last-try ${1:+--puk -} --pin - "$CARD" <"$SCRATCH/in" >"$SCRATCH/out" 2>&1
}

# left kill-before|kill-after: the new PIN is set, and the helper dies about its change of the PUK; then programs err.
left() {
	blocked_card
	faulty_start
	fault p11-latch-helper C_SetPIN 1 "$1"
	set_pin "$SO" "$PIN_NEW" >/dev/null
	fault none
	sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
	is "$(private Journal)" so "$1: the change is open"
	shift
	for wrong; do
		login_rv "$MODULE" so "$wrong" >/dev/null
	done
}

nothing_is_sent() {
	left kill-before 11112222 11113333
	log_clear
	fails "p11-latch recover" "$CMD" recover
	logged "have p11-latch unblock --last-try --puk send the one that you give" "the log says what helps"
	unlike "$(log_text)" "*p11-latch reset*" "and nothing that does not"
	"$CMD" reset "$CARD" >/dev/null
	fails "p11-latch reset, then recover" "$CMD" recover
	fails "p11-latch unblock without --last-try" "$CMD" unblock --puk "$SO" --pin "$PIN" "$CARD"
	fails "p11-latch unblock --last-try that says no PUK" unblock
	fails "p11-latch unblock --last-try with another PUK" unblock 99999999
	is "$(so_flags), $(private Journal)" "SO_PIN_FINAL_TRY , so" "none of them spends the last try"
}

given() {
	passes "p11-latch unblock --last-try with the $1 one" unblock "$2"
	is_active "$PIN" "the $1 one: active"
	is "$(so_flags), $(private NewValid), $(login_rv "$MODULE" so "$SO_NEW")" ", true, CKR_OK" \
		"the $1 one: all tries are back, and the new PUK is in force"
}

# Any program's right login gives the tries back.
by_program() {
	left kill-before 11112222 11113333
	login_rv "$LATCH" so "$SO" >/dev/null
	passes "p11-latch recover after a right login as SO" "$CMD" recover
	is_active "$PIN_NEW" "it is active, with the PIN that was set"
	is "$(so_flags)" "" "and all tries"
}

so_locked() {
	left kill-before 11112222 11113333 11114444
	is "$(so_flags)" "SO_PIN_LOCKED " "its SO PIN is locked meanwhile"
	fails "p11-latch recover then" "$CMD" recover
	logged "p11-latch forget, then p11-latch adopt" "the log says how the PIN goes on"
	passes "p11-latch forget" "$CMD" forget "$CARD"
	passes "p11-latch adopt" "$CMD" adopt "$CARD"
	is_active "$PIN_NEW" "it is active, with the PIN that was set"
}

token_start opencryptoki
latch_setup
known_puk "$SO" "PUK=#$SO_NEW" | pickup
nothing_is_sent
given old "$SO"
left kill-after 11112222 11113333
given new "$SO_NEW"
by_program
so_locked
asked_puk "PUK=#$SO_NEW" | pickup
left kill-before 11112222 11113333
given old "$SO"
no_secret "no PUK stands in log or state" "$SO" "$SO_NEW"
token_stop
done_testing
