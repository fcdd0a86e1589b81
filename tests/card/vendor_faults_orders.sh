# SPDX-License-Identifier: BSD-3-Clause
# Orders of an administrator's, and the vendor's module fails at each call in every way.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/vendor_faults.sh"

block_order() {
	known_puk | pickup
	active_with_object
	saved
	sweep block-order runs=command next="login user $PIN" -- block "$CARD"
}

# killed PROGRAM CALL HOW COMMAND...: by a signal at its first call of this name, so that there is something to recover.
killed() {
	faulty_start
	fault "$1" "$2" 1 "$3"
	shift 3
	"$@" >/dev/null 2>&1
	faulted || bail_out "$*: nothing was killed"
	fault none
	sed -i "s|^Path=.*|Path=$BUILDDIR/tests/faults/bent.so|" "$P11_LATCH_CONF"
	wait_for 10 no_helpers || bail_out "$*: a helper does not end"
}

holder() {
	once "$LATCH" "login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data $OBJECT value private" logout close
}

# A dead watcher's card.
recover_block() {
	known_puk | pickup
	new_card
	killed p11-latch-helper C_OpenSession kill-before holder
	is "$(record State)" personalizing "$kind: there is something to recover"
	saved
	sweep recover-block runs=command must=block -- recover
}

recover_puk() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_with_object
	killed p11-latch C_SetPIN kill-after "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	saved
	sweep recover-puk runs=command next="login user $PIN_NEW" -- recover
}

held() {
	known_puk | pickup
	new_card
	saved
	sweep personalize runs=command starts=new must=block next="login user $PIN" -- \
		personalize -- "$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" \
		"login so $SO" "init-pin $PIN" logout close
}

# openCryptoki's token is initialised once only, when it comes from the factory.
new_life() {
	known_puk | pickup
	new_card
	first=$SO more=
	if [ "$kind" = opencryptoki ]; then
		opencryptoki_wipe
		token_lines "slot 0" "init-token 87654321 $LABEL"
		first=87654321 more=PUK=#$SO
	fi
	printf '[Application_B]\nBlockCard=true\n[Description]\nInitToken=true\nSetPIN=true\nInitialLabel=%s\nInitialPUK=#%s\n%s\nPIN=#%s\n' \
		"$LABEL" "$first" "$more" "$PIN" >"$CONF_DIR/now.dsc"
	saved
	# Each guess at it costs the token a try.
	SO_NEW=$first
	sweep apply runs=command starts=new must=block next="login user $PIN" -- \
		apply "$CONF_DIR/now.dsc" "$CARD"
}

faults_sample 400
for kind in $TOKENS; do
	faults_start "$kind"
	block_order
	recover_block
	recover_puk
	held
	new_life
	secrets_of_software
	token_stop
done
done_testing
