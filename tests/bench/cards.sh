# SPDX-License-Identifier: BSD-3-Clause
# Smart cards in readers: what C_Login costs there, and sixteen cards at a desk at once. Sourced by bench.sh.

# What a real card takes for an APDU, at the very least; a virtual one answers in no time.
CARDS_APDU_MS=4

# --- C_Login ----------------------------------------------------------------------------------------

cards_login_rows() {
	kind=$1
	token_start "$kind"
	latch_setup
	policy_clear
	governed
	wrap_vendor
	CALLS_PIN=$CARD_PIN
	BENCH_TOKEN=$LABEL
	export BENCH_TOKEN
	calls_row "$kind: C_Login, no record" login - us 1000
	"$CMD" adopt pkcs11: >/dev/null 2>&1 || bail_out "adopt"
	state_is active || bail_out "adopt makes no record"
	calls_row "$kind: C_Login, active" login - us 1000
	card_fault card 0 delay "$CARDS_APDU_MS"
	calls_row "$kind, $CARDS_APDU_MS ms an APDU: active" login 2% us 1000
	card_well card
	CALLS_PIN=
	unset BENCH_TOKEN
	token_stop
}

# --- Sixteen ----------------------------------------------------------------------------------------

SIXTEEN="0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"

sixteen_serial() {
	printf 'ffff%08x' $(($1 + 1))
}

sixteen_pin() {
	printf '2000%02d' "$1"
}

sixteen_start() {
	MODULE=$(multiarch_file opensc-pkcs11.so) || bail_out "opensc-pkcs11 is not installed"
	opensc_conf "user_pin_unblock_style = init_pin_in_so_session;"
	readers_start "Virtual" 16
	for n in $SIXTEEN; do
		card_new "c$n" openpgp "serial=$(printf '%08x' $((n + 1)))" "pin.pw1=123456" "pin.pw3=$SO"
		card_insert "c$n" "$n"
	done
	latch_setup
	policy_clear
	governed
	install -d -m 755 "$STATE/records"
}

# As factory cards that nothing is known of; each then takes its time for each APDU.
sixteen_fresh() {
	for n in $SIXTEEN; do
		card_well "c$n"
	done
	rm -f "$STATE"/records/* "$STATE"/private/*.state
	for n in $SIXTEEN; do
		fresh_out=$("$P11DRIVE" "$MODULE" initialize "slot-serial $(sixteen_serial "$n")" "open rw" \
			"login so $SO" "init-pin 999999" finalize | last_rv)
		[ "$fresh_out" = CKR_OK ] || bail_out "card $n is not made fresh: $fresh_out"
	done
	[ "$sixteen_delay" != 0 ] || return 0
	for n in $SIXTEEN; do
		card_fault "c$n" 0 delay "$sixteen_delay"
	done
}

# sixteen_one WAY N: one program personalizes one card, which is then locked, by p11-latch or by hand: by a second
# program, and a third that sees it.
sixteen_one() {
	one_way=$1
	one_card="slot-serial $(sixteen_serial "$2")"
	set -- initialize "$one_card" "open rw" "login so $SO" "init-pin $(sixteen_pin "$2")" finalize
	if [ "$one_way" = latch ]; then
		"$BENCH/run" --until "$STATE/records" "${one_card#* }" State=blocked "$P11DRIVE" "$LATCH" "$@"
		return
	fi
	"$BENCH/run" "$P11DRIVE" "$MODULE" "$@" \
		";" "$P11DRIVE" "$MODULE" initialize "$one_card" "open rw" "login user 111111" \
		"login user 222222" "login user 333333" finalize \
		";" "$P11DRIVE" "$MODULE" initialize "$one_card" "open rw" "login user 111111" finalize
}

# sixteen_at_once WAY: how long until the last of them is done.
sixteen_at_once() {
	sixteen_pids=
	for n in $SIXTEEN; do
		sixteen_one "$1" "$n" >"$SCRATCH/at-once.$n" 2>&1 &
		sixteen_pids="$sixteen_pids $!"
	done
	for n in $sixteen_pids; do
		wait "$n" || bail_out "one of sixteen fails: $(cat "$SCRATCH"/at-once.*)" "$(log_text | tail -n 5)"
	done
	cat "$SCRATCH"/at-once.* | sort -n | tail -n 1
}

# Each card has its own PIN, and its tries are spent; and each its own record.
sixteen_whole() {
	for n in $SIXTEEN; do
		[ "$(card_pin "c$n" pw1)" = "0 $(sixteen_pin "$n")" ] ||
			bail_out "$1: card $n has: $(card_pin "c$n" pw1)"
		[ "$1" != latch ] || grep -q '^State=blocked' "$STATE"/records/*"$(sixteen_serial "$n")" ||
			bail_out "card $n has no record of its own"
	done
	[ "$1" != latch ] || [ "$(find "$STATE/records" -type f | wc -l)" = 16 ] ||
		bail_out "there are other records: $(ls "$STATE/records")"
}

# Into $SCRATCH/WAY.N (a card alone) and WAY.once.
sixteen_round() {
	sixteen_fresh
	for n in 0 7 15; do
		sixteen_one "$1" "$n" >>"$SCRATCH/$1.$n" || bail_out "card $n" "$(log_text | tail -n 5)"
	done
	sixteen_fresh
	sixteen_at_once "$1" >>"$SCRATCH/$1.once"
	[ "$1" = direct ] || wait_for 20 no_helpers || bail_out "a helper does not end"
	sixteen_whole "$1"
}

# What enumerating costs: from dlopen to C_GetSlotList, with all of them in.
sixteen_load() {
	"$BENCH/load" 9 "$MODULE" | cut -d ' ' -f 1
}

# The slowest of those alone, of each its quickest.
sixteen_alone() {
	for n in 0 7 15; do
		least "$SCRATCH/$1.$n"
	done | sort -n | tail -n 1
}

sixteen_rows() {
	hand_alone=$(sixteen_alone direct)
	hand_once=$(least "$SCRATCH/direct.once")
	latch_alone=$(sixteen_alone latch)
	latch_once=$(least "$SCRATCH/latch.once")
	note_line "loading the vendor's module with all readers full: $(calc "$(sixteen_load) / 1000") ms"
	note_line "without p11-latch: $hand_alone ms alone, $hand_once ms at once, $(calc "$hand_once / $hand_alone") times"
	note_line "with p11-latch: $latch_alone ms alone, $latch_once ms at once, $(calc "$latch_once / $latch_alone") times"
	printf 'direct %s\nlatch %s\n' "$hand_alone" "$latch_alone" >"$SCRATCH/samples"
	row_of_samples "personalized and locked, alone" - ms 1
	printf 'direct %s\nlatch %s\n' "$hand_once" "$latch_once" >"$SCRATCH/samples"
	row_of_samples "sixteen at once, the last" 30% ms 1
	row_of_one "sixteen at once, 1.3 times alone" "$latch_once" "$(calc "1.3 * $latch_alone")" ms
}

# sixteen_measure DELAY ROUNDS
sixteen_measure() {
	sixteen_delay=$1
	for n in $SIXTEEN once; do
		: >"$SCRATCH/direct.$n"
		: >"$SCRATCH/latch.$n"
	done
	for sixteen_n in $(seq "$2"); do
		sixteen_round direct
		sixteen_round latch
	done
	note_line "each APDU takes the card $1 ms"
	sixteen_rows
}

# A virtual card answers in no time, so that all that is done is a load for the processors; real ones keep everybody
# waiting instead.
bench_sixteen() {
	title "Sixteen cards in sixteen readers, by sixteen programs (OpenPGP cards behind OpenSC)"
	sixteen_start
	note_line "a program is done when its card is locked; nothing is mixed up: each card its own PIN and record"
	sixteen_measure 0 3
	sixteen_measure 1 1
	readers_stop
}

bench_cards() {
	title "C_Login on a card in a reader"
	note_line "goal: two in a hundred, where each APDU takes the card $CARDS_APDU_MS ms, which is little for a real one"
	for cards_kind in openpgp piv-opensc piv-ykcs11; do
		cards_login_rows "$cards_kind"
	done
}
