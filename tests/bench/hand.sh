# SPDX-License-Identifier: BSD-3-Clause
# Blocking and unblocking by p11-latch beside the same by hand, with pkcs11-tool on the vendor's module: on each
# token, programs' starts and all. Sourced by bench.sh.
#
# By hand: a PIN is set (by the SO, or on a PIV card by its user), and then another that nobody knows; or, where the
# token counts, wrong ones are given until it is locked. p11-latch's way is the first of these alone, and the time is
# until the record says that the card is blocked, which is after a fresh load has seen it.

HAND_KINDS="softhsm opencryptoki openpgp piv-opensc piv-ykcs11 tpm2"
HAND_R=uN0gfW3xQhB5vZ8sKc2LmRt7yAeJ4pDo
HAND_ROUNDS=${BENCH_ROUNDS:-9}

# by_tool [!] MODULE ARG...: words for run, a pkcs11-tool on the token.
by_tool() {
	tool_not=
	[ "$1" != ! ] || { tool_not=! && shift; }
	tool_module=$1
	shift
	printf '%s\n' ${tool_not:+!} pkcs11-tool --module "$tool_module" --token-label "$LABEL" "$@" ";"
}

first_pin_words() {
	case $kind in
	piv-*) by_tool "$1" --login --pin "$CARD_PIN" --change-pin --new-pin "$PIN" ;;
	*) by_tool "$1" --login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN" ;;
	esac
}

block_words() {
	case $kind in
	softhsm | tpm2)
		by_tool "$MODULE" --login --login-type so --so-pin "$SO" --init-pin --new-pin "$HAND_R"
		;;
	*)
		for hand_try in 111111 222222 333333; do
			by_tool ! "$MODULE" --login --pin $hand_try --list-objects
		done
		;;
	esac
}

unblock_words() {
	case $kind in
	piv-opensc) by_tool "$MODULE" --unlock-pin --puk "$PUK" --new-pin "$PIN" ;;
	piv-ykcs11) by_tool "$MODULE" --unlock-pin --puk "puk:$PUK" --new-pin "pin:$PIN" ;;
	*) by_tool "$MODULE" --login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN" ;;
	esac
}

# By hand, and a second program that sees it.
look_words() {
	by_tool "$MODULE" --login --pin "$PIN" --list-objects
}

# hand_run FILE [--until ...] WORDS: WORDS are lines.
hand_run() {
	hand_file=$1
	hand_words=$2
	shift 2
	hand_ifs=$IFS
	IFS='
'
	# shellcheck disable=SC2086
	"$BENCH/run" "$@" $hand_words >>"$SCRATCH/$hand_file" || bail_out "$kind: $hand_words" "$(log_text | tail -n 5)"
	IFS=$hand_ifs
}

# As it comes to the desk, and p11-latch knows nothing of it.
hand_fresh() {
	"$CMD" forget "pkcs11:token=$(printf '%s' "$LABEL" | sed 's/ /%20/g;s/#/%23/g')" >/dev/null 2>&1 || true
	case $kind in
	piv-opensc) hand_out=$(once "$MODULE" "set-pin $PUK $CARD_PIN" | last_rv) ;;
	piv-ykcs11) hand_out=$(once "$MODULE" "set-pin puk:$PUK pin:$CARD_PIN" | last_rv) ;;
	*) hand_out=$(once "$MODULE" "login so $SO" "init-pin $PIN_NEW" | last_rv) ;;
	esac
	[ "$hand_out" = CKR_OK ] || bail_out "$kind: the card is not made fresh: $hand_out"
}

hand_policy() {
	case $kind in
	piv-*)
		hand_puk="#$PUK"
		hand_on=set-pin
		;;
	*)
		hand_puk='!FROM_USER_DIALOG_1_FIELD'
		hand_on=init-pin
		;;
	esac
	policy_clear
	printf '[Application_B]\nBlockCard=true\n' | description personalize
	printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\nInitialPUK=%s\n' "$hand_puk" |
		description unblock
	printf 'Personalize=personalize.dsc\nUnblock=unblock.dsc\nPersonalizeOn=%s\n' "$hand_on" | policy
}

# Once by each way: by hand, by p11-latch, by hand.
hand_round() {
	case $kind in
	piv-*) hand_secret=$PUK ;;
	*) hand_secret=$SO ;;
	esac
	for hand_way in direct latch again; do
		hand_fresh
		if [ "$hand_way" = latch ]; then
			hand_run block.latch "$(first_pin_words "$LATCH")" --until "$STATE/records" "" State=blocked
			wait_for 20 no_helpers || bail_out "$kind: a helper does not end"
			hand_run unblock.latch \
				"$(by_tool "$LATCH" --unlock-pin --puk "$hand_secret" --new-pin "$PIN")"
		else
			hand_run "block.$hand_way" "$(first_pin_words "$MODULE" && block_words)"
			hand_run "unblock.$hand_way" "$(unblock_words)"
			hand_run "look.$hand_way" "$(look_words)"
		fi
		[ "$(login_rv "$MODULE" user "$PIN")" = CKR_OK ] || bail_out "$kind: $hand_way does not unblock"
	done
}

# hand_row TEXT FLOW GOAL
hand_row() {
	for hand_way in direct latch again; do
		sed "s/^/$hand_way /" "$SCRATCH/$2.$hand_way"
	done >"$SCRATCH/samples"
	row_of_samples "$1" "$3" ms 1
}

hand_rows() {
	# R is computed for a block by scramble, which is also what proves a PIV card's PUK; and to lend or change R.
	hand_block=$hand_scrypt
	hand_unblock=0
	case $kind in
	softhsm | tpm2) hand_unblock=$hand_scrypt ;;
	opencryptoki | openpgp) hand_block=0 ;;
	esac
	hand_row "$kind: personalize and block" block "50%+$hand_block"
	hand_row "$kind: unblock" unblock "50%+$hand_unblock"
	for hand_way in direct again; do
		paste -d ' ' "$SCRATCH/unblock.$hand_way" "$SCRATCH/look.$hand_way" |
			awk '{ print $1 + $2 }' >"$SCRATCH/seen.$hand_way"
	done
	cp "$SCRATCH/unblock.latch" "$SCRATCH/seen.latch"
	hand_row "... by hand, and logged in to see it" seen "-"
}

hand_one() {
	kind=$1
	token_start "$kind"
	latch_setup
	install -d -m 755 "$STATE/records"
	hand_policy
	for hand_flow in block unblock look; do
		for hand_way in direct latch again; do
			: >"$SCRATCH/$hand_flow.$hand_way"
		done
	done
	for hand_n in $(seq "$HAND_ROUNDS"); do
		hand_round
	done
	hand_rows
	token_stop
}

bench_hand() {
	hand_scrypt=$(scrypt_ms)
	title "By hand with pkcs11-tool, and by p11-latch"
	note_line "goal: half as much again as by hand, and the scrypt ($hand_scrypt ms) where R is computed"
	note_line "p11-latch is one program more, which loads the vendor's module to do it, and again to see it"
	for hand_kind in ${BENCH_KINDS:-$HAND_KINDS}; do
		hand_one "$hand_kind"
	done
}
