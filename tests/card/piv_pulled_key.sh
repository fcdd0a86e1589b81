# SPDX-License-Identifier: BSD-3-Clause
# A YubiKey leaves its reader while its management key is changed, and is put back: it is the old key or the new one.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"
. "$SRCDIR/tests/lib/piv_pulled.sh"

kind=piv-ykcs11

manager() {
	sed -n 's/^item mgm //p' "$SCRATCH/cards/card/state"
}

key_change() {
	printf '[Description]\nSetPIN=true\nCardManagerKey=#%s\nNewCardManagerKey=#%s\n' "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW"
}

apply() {
	"$CMD" apply "$SCRATCH/key.dsc" "$CARD"
}

# Everything that proves or sets the key, and each 41st of the rest.
apdus() {
	blocked_card
	card_mark card
	apply >"$SCRATCH/action" 2>&1
	[ "${P11_LATCH_PULLED:-}" = all ] && every=1 || every=41
	awk -v every="$every" '$2 ~ /^..87|^00ff/ || NR % every == 1 % every { print NR }' "$(card_dir card)/apdus"
}

# gone_at WHAT N: then the same order once more.
gone_at() {
	blocked_card
	log_clear
	card_fault card "$2" "$1"
	apply >"$SCRATCH/action" 2>&1
	card_fault_done card || return 0
	all=$((all + 1))
	card_well card
	pulled_back
	case $(manager) in
	"$MANAGEMENT_KEY" | "$MANAGEMENT_KEY_NEW") ;;
	*) not_ok "$1 at APDU $2: the key is one of the two" "$(manager)" ;;
	esac
	again=$(apply 2>&1)
	if [ "$(manager) $(private Journal) $(record State), $(counters)" = "$MANAGEMENT_KEY_NEW none blocked, 0 3" ]; then
		good=$((good + 1))
		return
	fi
	not_ok "$1 at APDU $2" "$(manager) $(private Journal) $(record State), $(counters)" "$again" "$(log_text | tail -n 10)"
}

piv_start
known_puk | pickup
key_change >"$SCRATCH/key.dsc"
apdus >"$SCRATCH/steps"
steps=$(cat "$SCRATCH/steps")
# Pulled before an APDU is pulled after the one before.
for what in pull-after reset-after; do
	good=0
	all=0
	for n in $steps; do
		gone_at "$what" "$n"
	done
	is "$good" "$all" "$what at $all APDUs: the order once more ends it"
	passes "$what: there are APDUs" test "$all" -gt 3
done
no_secret "no key stands in log or state" "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW"
token_stop
done_testing
