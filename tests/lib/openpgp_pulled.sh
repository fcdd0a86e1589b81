# SPDX-License-Identifier: BSD-3-Clause
# An OpenPGP card that leaves its reader, or loses its power, at APDUs of a flow. Sourced, after openpgp.sh.
#
#	pulled TEXT ACTION THEN WHAT...   at APDUs of ACTION in turn the card does one WHAT after the other (vcards.sh:
#	                                  pull, pull-after, reset, reset-after), and is put back; then p11-latch recover,
#	                                  or every second time THEN, what a person does next. Before it, setup (a function
#	                                  of the test) makes the card.
#
# At each APDU that presents or changes a PIN, and at each 60th of the others (a step takes more than a second);
# P11_LATCH_PULLED=all: at each one.
# The action changes the PIN to PIN_NEW, or leaves it; and the SO PIN from SO to SO_NEW, or leaves it.

# OpenSC asks a card for one driver after the other: 26 APDUs at each load, of which nothing is to be learnt.
opensc_knows_the_card() {
	sed -i 's/^app default {/&\n	card_drivers = openpgp;/' "$OPENSC_CONF"
}

# Of the card's own PIN, as it has it: a person's.
is_known() {
	case $1 in
	*" $PIN" | *" $PIN_NEW" | *" $CARD_PIN") return 0 ;;
	*) return 1 ;;
	esac
}

# Locked, or nobody's.
is_refused() {
	case $1 in
	"0 "*) return 0 ;;
	*) ! is_known "$1" ;;
	esac
}

so_tries() {
	card_pin card pw3 | cut -d ' ' -f 1
}

# What is wrong with the card, by what it says itself; nothing, if it is as it should be.
card_judged() {
	judged_pin=$(card_pin card pw1)
	case $(record State) in
	blocked) is_refused "$judged_pin" || echo "blocked by its record, but its PIN is $judged_pin" ;;
	active) is_known "$judged_pin" || echo "active, and nobody knows its PIN: $judged_pin" ;;
	none) [ "${judged_pin#* }" = "${BEFORE#* }" ] || echo "no record, and its PIN is $judged_pin" ;;
	*) echo "its record says $(record State)" ;;
	esac
	case $(private Journal) in
	none) ;;
	*) echo "its journal says $(private Journal)" ;;
	esac
	case $(card_pin card pw3) in
	*" $SO" | *" $SO_NEW") ;;
	*) echo "nobody knows its SO PIN: $(card_pin card pw3)" ;;
	esac
	[ "$(so_tries)" -gt 1 ] || echo "its SO PIN has $(so_tries) tries left"
}

# The policy knows which of its SO PINs is valid, or an administrator spends one more try to find out.
pulled_goes_on() {
	[ "$(record State)" != none ] || return 0
	echo "$PIN" >"$SCRATCH/pin"
	"$CMD" unblock --pin "@$SCRATCH/pin" "$CARD" >"$SCRATCH/unblock" 2>&1 ||
		"$CMD" unblock --last-try --pin "@$SCRATCH/pin" "$CARD" >>"$SCRATCH/unblock" 2>&1 ||
		echo "not unblocked: $(cat "$SCRATCH/unblock")"
	[ "$(record State), $(card_pin card pw1)" = "active, 3 $PIN" ] ||
		echo "p11-latch unblock does not make it active: $(record State), $(card_pin card pw1)"
}

pulled_recover() {
	"$CMD" recover
}

pulled_judge() {
	pulled_wrong=$(card_judged)
	[ -n "$pulled_wrong" ] || pulled_wrong=$(pulled_goes_on)
	if [ -z "$pulled_wrong" ]; then
		pulled_good=$((pulled_good + 1))
		return
	fi
	not_ok "$1" "$pulled_wrong" "the action:" "$(cat "$SCRATCH/action")" "afterwards:" "$(cat "$SCRATCH/recover")" \
		"$(log_text | tail -n 20)" "the card saw:" "$(tail -n 8 "$(card_dir card)/apdus" | cut -c 1-60)"
}

# The numbers of APDUs to fail at: VERIFY with a value, CHANGE REFERENCE DATA, RESET RETRY COUNTER, some others.
pulled_steps() {
	setup
	card_mark card
	"$1" >"$SCRATCH/action" 2>&1
	wait_for 20 no_helpers || bail_out "$1: a helper does not end"
	[ "${P11_LATCH_PULLED:-}" = all ] && pulled_every=1 || pulled_every=60
	awk -v every="$pulled_every" '$2 ~ /^0020008[123]0/ || $2 ~ /^00(24|2c)/ || NR % every == 1 % every { print NR }' \
		"$(card_dir card)/apdus"
}

# pulled_at N WHAT ACTION THEN
pulled_at() {
	setup
	BEFORE=$(card_pin card pw1)
	log_clear
	card_fault card "$1" "$2"
	"$3" >"$SCRATCH/action" 2>&1
	wait_for 20 no_helpers || bail_out "$3: a helper does not end"
	pulled_missed=0
	card_fault_done card || pulled_missed=1
	card_well card
	card_back card
	{
		"$4"
		"$CMD" recover
	} >"$SCRATCH/recover" 2>&1
}

pulled() {
	pulled_text=$1
	pulled_action=$2
	pulled_steps=$(pulled_steps "$2")
	pulled_then=$3
	shift 3
	for pulled_what; do
		pulled_good=0
		pulled_all=0
		pulled_next=pulled_recover
		for pulled_n in $pulled_steps; do
			pulled_at "$pulled_n" "$pulled_what" "$pulled_action" "$pulled_next"
			pulled_all=$((pulled_all + 1 - pulled_missed))
			pulled_judge "$pulled_text: $pulled_what at APDU $pulled_n, then $pulled_next"
			[ "$pulled_next" = pulled_recover ] && pulled_next=$pulled_then || pulled_next=pulled_recover
		done
		is "$pulled_good" "$(echo "$pulled_steps" | wc -w)" \
			"$pulled_text: $pulled_what at $pulled_all APDUs, and each time the card is known and goes on"
		passes "$pulled_text: there are APDUs to fail at" test "$pulled_all" -gt 2
	done
}

# Nothing is known of the card, and its SO PIN is SO, with all tries.
unknown_before() {
	rm -rf "${STATE:?}"/*
	case $(card_pin card pw3) in
	"3 $SO") ;;
	*" $SO_NEW") once "$MODULE" "login so $SO_NEW" "set-pin $SO_NEW $SO" >/dev/null ;;
	*) once "$MODULE" "login so $SO" >/dev/null ;;
	esac
	[ "$(card_pin card pw3)" = "3 $SO" ] || bail_out "its SO PIN is $(card_pin card pw3)"
}

# Blocked by its lock, as after a personalization.
blocked_before() {
	unknown_before
	"$CMD" block --force "$CARD" >"$SCRATCH/block" 2>&1 || bail_out "block: $(cat "$SCRATCH/block")"
}

by_set_pin() {
	set_pin "$SO" "$PIN_NEW"
}

by_command() {
	echo "$PIN_NEW" >"$SCRATCH/pin"
	"$CMD" unblock --pin "@$SCRATCH/pin" "$CARD"
}

# As it comes from the factory.
unpersonalized() {
	unknown_before
	once "$MODULE" "login so $SO" "init-pin $CARD_PIN" >/dev/null
	[ "$(card_pin card pw1)" = "3 $CARD_PIN" ] || bail_out "no fresh card: $(card_pin card pw1)"
}

personalizes() {
	once "$LATCH" "login so $SO" "init-pin $PIN" close
}

# Whoever finds the card.
log_in() {
	login_rv "$LATCH" user "$PIN"
}
