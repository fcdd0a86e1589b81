# SPDX-License-Identifier: BSD-3-Clause
# The harness itself: sixteen virtual smart cards in sixteen readers at once, none mixed up with another.
set -u
. "$SRCDIR/tests/lib/all.sh"

MODULE=$(multiarch_file opensc-pkcs11.so) || bail_out "opensc-pkcs11 is not installed"
opensc_conf "user_pin_unblock_style = init_pin_in_so_session;"
readers_start "Virtual" 16
for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	card_new "c$n" openpgp "serial=$(printf '%08x' $((n + 1)))" "pin.pw3=$SO"
	card_insert "c$n" "$n"
done
slots=$("$P11DRIVE" "$MODULE" initialize slots | last_rv)
is "$slots" CKR_OK "all are listed"
is "$("$P11DRIVE" "$MODULE" initialize slots | grep -o 'serial=[0-9a-f]*' | sort -u | wc -l)" 16 "sixteen serial numbers"

# One process each, all at once; each sets its own card's PIN.
set_one() {
	"$P11DRIVE" "$MODULE" initialize "slot-serial $(printf 'ffff%08x' $(($1 + 1)))" "open rw" \
		"login so $SO" "init-pin 1000$((10 + $1))" >"$SCRATCH/cards/c$1/out.txt" 2>&1
}
pids=
for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	set_one $n &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	is "$(last_rv <"$SCRATCH/cards/c$n/out.txt")" CKR_OK "card $n took its PIN"
	is "$(card_pin c$n pw1)" "3 1000$((10 + n))" "card $n has its own"
done
card_fault c7 0 hang
"$P11DRIVE" "$MODULE" initialize "slot-serial ffff00000008" >/dev/null 2>&1 &
stuck=$!
passes "one of them hangs" wait_for 5 card_fault_done c7
kill -9 $stuck
card_well c7
readers_stop
passes "nothing is left running" gone "$PCSCD"
done_testing
