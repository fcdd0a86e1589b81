# SPDX-License-Identifier: BSD-3-Clause
# PUK and card manager key are changed, and the vendor's module fails at each call in every way.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/vendor_faults.sh"

new_puk() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	sed '/^PIN=/d' "$CONF_DIR/descriptions/unblock.dsc" >"$CONF_DIR/puk.dsc"
	blocked_with_object
	saved
	sweep new-puk done="$PIN_NEW" next="set-pin $SO $PIN_NEW" -- "set-pin $SO $PIN_NEW" close
	sweep application-puk next="login user $PIN_NEW" -- "login so $SO" "init-pin $PIN_NEW" logout close
	sweep puk-only runs=command next="set-pin $SO $PIN_NEW" -- apply "$CONF_DIR/puk.dsc" "$CARD"
}

KEY=4cf1bc3e80d9a8675b1f2e3d4c5a69788796a5b4c3d2e1f0
KEY_NEW=8c19fd2b25a4e3d07645cb01f7929b2ad6853ec2f8546e1f

new_key() {
	SO=$KEY
	SO_NEW=$KEY_NEW
	printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\nCardManagerKey=#%s\nNewCardManagerKey=#%s\n' \
		"$KEY" "$KEY_NEW" | pickup
	blocked_with_object
	saved
	sweep new-key runs=command done="$PIN_NEW" -- unblock --pin "$PIN_NEW" "$CARD"
}

faults_sample 400
for kind in $TOKENS; do
	faults_start "$kind"
	new_puk
	[ "$kind" != softhsm ] || new_key
	secrets_of_software
	token_stop
done
done_testing
