# SPDX-License-Identifier: BSD-3-Clause
# A vendor's module that shows false flags, lengths and numbers of slots all the time, while a card is blocked.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/vendor_faults.sh"

# In the words of vendor_faults_block.sh, but all that is told falsely at all calls, and nothing else.
lies() {
	known_puk | pickup BlockMethod="$1"
	new_card
	saved
	sweep "lies-$1" call='C_*' starts=new must=block next="login user $PIN" -- \
		"login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data $OBJECT value private" logout close
}

# The change of a PUK was interrupted, and whoever comes next ends it.
lies_to_end() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_with_object
	faulty_start
	fault p11-latch C_SetPIN 1 kill-after
	"$CMD" unblock --pin "$PIN_NEW" "$CARD" >/dev/null 2>&1
	faulted || bail_out "nothing was killed"
	fault none
	sed -i "s|^Path=.*|Path=$BUILDDIR/tests/faults/bent.so|" "$P11_LATCH_CONF"
	saved
	sweep lies-puk runs=command call='C_*' next="login user $PIN_NEW" -- recover
}

# A watcher died, and whoever comes next blocks its card.
lies_to_recover() {
	new_card
	faulty_start
	fault p11-latch-helper C_OpenSession 1 kill-before
	personalized
	faulted || bail_out "nothing was killed"
	fault none
	sed -i "s|^Path=.*|Path=$BUILDDIR/tests/faults/bent.so|" "$P11_LATCH_CONF"
	wait_for 10 no_helpers || bail_out "a helper does not end"
	saved
	sweep lies-recover runs=command call='C_*' must=block -- recover
}

faults_sample 1
for kind in $TOKENS; do
	faults_start "$kind"
	case $kind in
	softhsm) lies scramble ;;
	opencryptoki)
		lies lock
		lies_to_recover
		lies_to_end
		;;
	esac
	token_stop
done
done_testing
