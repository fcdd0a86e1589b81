# SPDX-License-Identifier: BSD-3-Clause
# p11-latch probe on the imitations of IDPrime, CardOS and sc/interface: the built-in profile fits, and each is left as it was.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/imitations.sh"
. "$SRCDIR/tests/lib/probe.sh"

for vendor in gemalto cardos cryptovision; do
	case $vendor in
	gemalto) imitation_start "$vendor" so-form hex ;;
	*) imitation_start "$vendor" ;;
	esac
	kind=$vendor
	PIN=123456
	SO_NEW=$KEY
	[ "$vendor" = gemalto ] || SO_NEW=13572468
	latch_setup
	latch_conf "spawn:$HELPER" "$vendor"
	secrets
	new_card
	before=$(standing)
	tries_before=$(tries so)
	probe --yes
	is "$STATUS,$(member as_found)" 0,true "$vendor: as it was found, it says"
	is "$(standing),$(tries so)" "$before,$tries_before" "$vendor: as it was found, it is"
	is "$(member profile),$(differing)" "$vendor," "$vendor: its profile, and nothing else"
	probe --yes --expendable
	is "$STATUS,$(member profile),$(differing)" "0,$vendor," "$vendor, expendable: its profile, and nothing else"
	is "$(standing)" "$before" "$vendor, expendable: as it was found, it is"
	passes "$vendor, expendable: its SO secret is not dead" test "$(tries so)" -ge 2
done
done_testing
