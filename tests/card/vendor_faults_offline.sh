# SPDX-License-Identifier: BSD-3-Clause
# Cards with tickets are made, opened and filled again, and the vendor's module fails at each call in every way.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/vendor_faults.sh"

KEY=4cf1bc3e80d9a8675b1f2e3d4c5a69788796a5b4c3d2e1f0

office() {
	policy_clear
	key_lines="UseCardManagerKey=true
CardManagerKey=#$KEY"
	printf '[Application_B]\nBlockCard=true\n[Description]\nInitCRKey=true\n%s\n' "$key_lines" | description personalize
	printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\n%s\n' "$key_lines" | description unblock
	printf '[Description]\nInitCRKey=true\n%s\n' "$key_lines" >"$CONF_DIR/refill.dsc"
	printf '%s\n' Personalize=personalize.dsc Unblock=unblock.dsc Tickets=2 | policy
}

answer() {
	echo "$KEY" >"$SCRATCH/manager.key"
	"$CMD" respond --challenge "$("$CMD" challenge "$CARD" 2>/dev/null)" --field "CARD_MANAGER_KEY=@$SCRATCH/manager.key" \
		2>/dev/null | tr -d ' '
}

# A card that has no box yet is opened by the PUK that it has still.
tickets() {
	tickets_name=$1
	shift
	sweep "$tickets_name" secret=boxed else=unblock else=--puk else="$SO" else=--pin else="$PIN" else="$CARD" "$@"
}

faults_sample 2500
for kind in $TOKENS; do
	faults_start "$kind"
	office
	new_card
	saved
	tickets offline-personalize starts=new must=block may=refuse next="login user $PIN" -- \
		"login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data $OBJECT value private" logout close
	blocked_with_object
	response=$(answer)
	[ "${#response}" = 16 ] || bail_out "$kind: no response: $response"
	saved
	tickets offline-response done="$PIN_NEW" next="set-pin $response $PIN_NEW" -- "set-pin $response $PIN_NEW" close
	tickets offline-command runs=command done="$PIN_NEW" -- \
		unblock --response "$response" --pin "$PIN_NEW" "$CARD"
	tickets offline-desk runs=command done="$PIN_NEW" -- unblock --pin "$PIN_NEW" "$CARD"
	tickets offline-refill runs=command must=block -- apply "$CONF_DIR/refill.dsc" "$CARD"
	tickets offline-challenge runs=command must=block -- challenge "$CARD"
	token_stop
done
done_testing
