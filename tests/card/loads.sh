# SPDX-License-Identifier: BSD-3-Clause
# How often the helper loads the vendor module, which is most of what a flow costs on a card in a reader: once to do
# the work, and once more to see it done.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# loads N TEXT COMMAND...: a test that it makes helpers load the module N times, no more and no less.
loads() {
	loads_n=$1
	loads_text=$2
	shift 2
	fault p11-latch-helper C_Initialize $((loads_n + 1)) after 0
	"$@"
	passes "$loads_text: $loads_n loads are enough" not_faulted
	loads_undo
	fault p11-latch-helper C_Initialize "$loads_n" after 0
	"$@"
	passes "$loads_text: and it is so many" faulted
	loads_undo
	fault none
}

not_faulted() {
	! faulted
}

# Forgotten, and with a PIN that nobody locked: as before personalizing; what is left blocked is unblocked again.
loads_undo() {
	[ "$loads_next" != blocked ] || return 0
	"$CMD" forget "pkcs11:" >/dev/null 2>&1 || true
	personalize_direct "$PIN"
}

blocks() {
	loads_next=fresh
	blocks_out=$(once "$LATCH" "login so $SO" "init-pin $PIN" | last_rv)
	[ "$blocks_out" = CKR_OK ] || bail_out "init-pin: $blocks_out"
	wait_for 20 state_is blocked && wait_for 20 no_helpers || bail_out "not blocked: $(log_text | tail -n 5)"
}

unblocks() {
	loads_next=blocked
	unblocks_out=$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)
	[ "$unblocks_out" = CKR_OK ] || bail_out "set-pin: $unblocks_out"
	"$CMD" block --force pkcs11: >/dev/null 2>&1
	state_is blocked || bail_out "not blocked again"
}

for kind in opencryptoki openpgp; do
	token_start "$kind"
	latch_setup
	asked_puk | pickup
	loads_next=fresh
	faulty_start
	[ "$kind" = opencryptoki ] || personalize_direct "$PIN"
	loads 2 "$kind, personalized and blocked" blocks
	blocks
	loads 2 "$kind, unblocked by C_SetPIN" unblocks
	unset FAULTY_VENDOR FAULTY_FILE
	token_stop
done
done_testing
