# SPDX-License-Identifier: BSD-3-Clause
# A PIV card that is pulled, or loses its power, at each APDU of a flow, and what it is afterwards. Sourced, after piv.sh.
#
#	pulled TEXT ACTION NEXT   ACTION goes on for as many APDUs as it needs, and again with each of them going wrong;
#	                          then the card is put back, and every second time p11-latch recover runs, else NEXT, the
#	                          next ordinary request. ACTION, NEXT: functions. The function that PULLED_BEFORE names
#	                          is called each time before, and makes the card what ACTION wants
#
# The APDUs that only read are many and alike, and so are the ways to go wrong: of the first every PULLED_STEP-th is
# taken, one way each; of those that prove, change or lock something each, by two of three ways. Always the same ones;
# P11_LATCH_PULLED=all takes all in all ways, which is for hours of patience.

PULLED_STEP=41

# "NUMBER FAULT" of each that is to go wrong.
pulled_list() {
	awk -v step="$PULLED_STEP" -v all="${P11_LATCH_PULLED:-some}" '
		BEGIN { split("pull pull-after reset-after", way) }
		function take(n) { print NR, way[n % 3 + 1] }
		all == "all" { take(0); take(1); take(2); next }
		$2 ~ /^0020008008|^0024|^002c|^..87|^00ff/ { take(k); take(k + 1); k++; next }
		NR % step == 1 { take(j++) }' "$SCRATCH/cards/card/apdus"
}

# What is wrong with the card, nothing where it is as it should be.
pulled_state() {
	pulled_pin=$(card_pin card pin)
	case $(record State) in
	blocked)
		case $pulled_pin in
		"0 "*) ;;
		*" $PIN" | *" $PIN_NEW" | *" $CARD_PIN") echo "blocked by its record, but its PIN is $pulled_pin" ;;
		esac
		;;
	active)
		case $pulled_pin in
		"0 "*) echo "active, but locked" ;;
		*" $PIN" | *" $PIN_NEW") ;;
		*) echo "active, with a PIN that nobody knows" ;;
		esac
		;;
	*) echo "its record says $(record State) $(record Method), $(record Why)" ;;
	esac
	[ "$(private Journal)" = none ] || echo "its journal says $(private Journal)"
	so_is "$SO" || so_is "$SO_NEW" || echo "its PUK is $(card_pin card puk)"
}

# The policy knows which of its PUKs is valid, and all its tries are back.
pulled_goes_on() {
	pulled_out=$("$CMD" unblock --pin "$PIN_NEW" "$CARD" 2>&1) || echo "not unblocked: $pulled_out"
	[ "$(record State), $(counters), $(card_pin card pin)" = "active, 3 3, 3 $PIN_NEW" ] ||
		echo "p11-latch unblock does not make it whole: $(record State), $(card_pin card pin), PUK $(card_pin card puk)"
}

# pcscd looks into its readers every 0.4 s. Where a program has told it before that the card is gone, and the card is
# back when it looks, it knows of none for ever; and nothing shows that it has looked.
pulled_back() {
	[ ! -e "$(card_dir card)/out" ] || sleep 0.5
	card_back card
}

# pulled_once TEXT ACTION NEXT NUMBER FAULT
pulled_once() {
	"$PULLED_BEFORE" >"$SCRATCH/before" 2>&1
	log_clear
	card_fault card "$4" "$5"
	"$2" >"$SCRATCH/action" 2>&1
	wait_for 20 no_helpers || bail_out "$1: a helper does not end"
	card_fault_done card || return 0
	pulled_all=$((pulled_all + 1))
	card_well card
	pulled_back
	"$3" >>"$SCRATCH/action" 2>&1
	wait_for 20 no_helpers || bail_out "$1: a helper does not end"
	pulled_found=$(pulled_state)
	[ -n "$pulled_found" ] || pulled_found=$(pulled_goes_on)
	if [ -z "$pulled_found" ]; then
		pulled_good=$((pulled_good + 1))
		return
	fi
	not_ok "$1: $5 at APDU $4, then $3" "$pulled_found" "$(cat "$SCRATCH/before" "$SCRATCH/action")" \
		"$(log_text | tail -n 20)"
	blocked_card
}

pulled_recover() {
	"$CMD" recover
}

pulled() {
	pulled_all=0
	pulled_good=0
	pulled_then=pulled_recover
	"$PULLED_BEFORE" >"$SCRATCH/before" 2>&1
	card_mark card
	"$2" >"$SCRATCH/action" 2>&1
	pulled_list >"$SCRATCH/pulled"
	while read -r pulled_n pulled_fault <&9; do
		pulled_once "$1" "$2" "$pulled_then" "$pulled_n" "$pulled_fault"
		[ "$pulled_then" = "$3" ] && pulled_then=pulled_recover || pulled_then=$3
	done 9<"$SCRATCH/pulled"
	is "$pulled_good" "$pulled_all" "$1: gone at $pulled_all APDUs, the card is known afterwards, and goes on"
	[ "$pulled_all" -gt 5 ] || not_ok "$1: there are APDUs to go wrong" "$pulled_all"
}

# --- The flows ------------------------------------------------------------------------------------------------------

# A program that lives has personalized the card, which is blocked when it closes its session.
pulled_personalized() {
	rm -rf "${STATE:?}"/*
	once "$MODULE" "set-pin $PUK_IS$PUK $PIN_IS$CARD_PIN"
	session_start holder "$LATCH"
	must holder login user "$CARD_PIN"
	must holder set-pin "$CARD_PIN" "$PIN"
}

pulled_block() {
	drive holder close
	drive_stop holder
}

# Without locks, with which OpenSC's own C_GetTokenInfo waits for itself for ever when a card is pulled.
pulled_program() {
	"$P11DRIVE" "$LATCH" "initialize null" "slot-label \"$LABEL\"" "open rw" "$@"
}

pulled_ask() {
	pulled_program "login user $PIN"
}

# The card is active, and becomes blocked again; with its first PUK.
pulled_blocked() {
	so_is "$PUK" || once "$MODULE" "set-pin $PUK_IS$PUK_NEW $PUK_IS$PUK"
	sed -i '/^NewValid=/d' "$STATE"/private/*.state
	"$CMD" block "$CARD"
}

pulled_set_pin() {
	pulled_program "set-pin $PUK $PIN_NEW"
}

pulled_login() {
	pulled_program "login user $PUK" "set-pin $PUK $PIN_NEW"
}

pulled_command() {
	"$CMD" unblock --pin "$PIN_NEW" "$CARD"
}

piv_pulled_blocking() {
	known_puk | pickup
	fresh
	PULLED_BEFORE=pulled_personalized
	pulled "$kind, block" pulled_block pulled_ask
	PULLED_BEFORE=pulled_blocked
	pulled "$kind, C_SetPIN" pulled_set_pin pulled_set_pin
}

piv_pulled_unblocking() {
	known_puk | pickup
	blocked_card
	known_puk "$PUK" "PUK=#$PUK_NEW" | pickup
	PULLED_BEFORE=pulled_blocked
	pulled "$kind, p11-latch unblock with PUK=" pulled_command pulled_command
	known_puk | pickup
	pulled "$kind, C_Login with the PUK" pulled_login pulled_login
}
