# SPDX-License-Identifier: BSD-3-Clause
# A card is personalized and blocked, and the vendor's module fails at each call in every way.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/vendor_faults.sh"

# A card of that name, from its first PIN to its block.
personalization() {
	sweep "$1" starts=new must=block next="login user $PIN" -- \
		"login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data $OBJECT value private" logout close
}

methods() {
	case $kind in
	softhsm) echo scramble ;;
	opencryptoki) echo lock scramble ;;
	esac
}

faults_sample 150
for kind in $TOKENS; do
	faults_start "$kind"
	for method in $(methods); do
		known_puk | pickup BlockMethod="$method"
		new_card
		saved
		personalization "block-$method"
	done
	token_stop
done
done_testing
