# SPDX-License-Identifier: BSD-3-Clause
# A card is unblocked in each way, and the vendor's module fails at each call in every way.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/vendor_faults.sh"

by_person() {
	known_puk | pickup
	blocked_with_object
	saved
	sweep set-pin done="$PIN_NEW" next="set-pin $SO $PIN_NEW" -- "set-pin $SO $PIN_NEW" close
	sweep login done="$PIN_NEW" next="set-pin $SO $PIN_NEW" -- "login user $SO" "set-pin $SO $PIN_NEW" close
	sweep application next="login user $PIN_NEW" -- "login so $SO" "init-pin $PIN_NEW" logout close
	sweep command runs=command done="$PIN_NEW" next="set-pin $SO $PIN_NEW" -- unblock --pin "$PIN_NEW" "$CARD"
}

# The PUK is what a person types: of no use to anybody else.
by_asked_puk() {
	asked_puk | pickup
	blocked_with_object
	saved
	sweep asked done="$PIN_NEW" next="set-pin $SO $PIN_NEW" goes=--puk goes="$SO" -- "set-pin $SO $PIN_NEW" close
}

by_letter() {
	known_puk | sed "s/^PIN=.*/PIN=#$LETTER/" | pickup PinLetter=yes
	blocked_with_object
	saved
	sweep letter pin="$LETTER" done="$LETTER" next="login user $LETTER" -- "login user $LETTER" close
}

faults_sample 400
for kind in $TOKENS; do
	faults_start "$kind"
	by_person
	by_asked_puk
	by_letter
	token_stop
done
done_testing
