# SPDX-License-Identifier: BSD-3-Clause
# Card manager keys, as they are written and as bytes, go through the ways to unblock a card, and through p11-latch
# probe; and smart cards' PINs and PUKs. Then they lie nowhere; secrets.sh has the rest.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/probe.sh"
. "$SRCDIR/tests/lib/secrets.sh"

PIN=pIn3Wd8J
PIN_NEW=nPn5Yt6H
KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
NEW_KEY=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978
WRONG_KEY=5A6B7C8D9EAFB0C1D2E3F405162738495A6B7C8D9EAFB0C2
WRITTEN=$(echo "$KEY" | sed 's/../&:/g; s/:$//')

key_description() {
	printf '[Fields]\nADMIN_KEY=\nNEW_ADMIN_KEY=\n[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\n'
	printf '%s\n' "$@"
}

by_keys() {
	kind="softhsm, $2"
	echo "$KEY" >"$SCRATCH/key"
	echo "$NEW_KEY" >"$SCRATCH/new"
	key_description CardManagerKey=ADMIN_KEY NewCardManagerKey=NEW_ADMIN_KEY |
		pickup "Field.ADMIN_KEY=file:$SCRATCH/key" "Field.NEW_ADMIN_KEY=file:$SCRATCH/new" "Profile.SoForm=$1"
	SO=$3
	blocked_card
	heard "set-pin $WRONG_KEY $PIN_NEW"
	heard "set-pin 0123 $PIN_NEW"
	still_blocked "$kind: a wrong key leaves the card blocked" "$PIN_NEW"
	heard "set-pin $WRITTEN $PIN_NEW"
	is_active "$PIN_NEW" "$kind: the key unblocks, and is changed"
	block_again
	command_heard "$PIN\n" unblock --pin - "$CARD"
	is_active "$PIN" "$kind: by p11-latch unblock"
	block_again
	echo "$WRONG_KEY" >"$SCRATCH/new"
	echo "$WRONG_KEY" >"$SCRATCH/key"
	heard "set-pin $NEW_KEY $PIN_NEW"
	command_heard "$PIN_NEW\n" unblock --pin - "$CARD"
	command_heard "" explain "$CARD"
	still_blocked "$kind: a policy's key with another check value is not used" "$PIN_NEW"
}

probed() {
	kind="softhsm, probe"
	SO=pUk7Zq4X
	SO_NEW=nEw7Kq9V
	token_new
	rm -rf "${STATE:?}"/*
	personalize_direct "$PIN"
	secrets
	"$CMD" probe --expendable --yes --pin "@$SCRATCH/pin" --puk "@$SCRATCH/puk" \
		--new-pin "@$SCRATCH/new-pin" --new-puk "@$SCRATCH/new-puk" "pkcs11:token=$LABEL" \
		</dev/null >>"$HEARD/commands" 2>&1 &
	probe_pid=$!
	wait "$probe_pid"
	passes "$kind: it measures" grep -q softhsm "$HEARD/commands"
	not_in "$HEARD" "$kind: no secret in what it prints" "$PIN" "$PIN_NEW" "$SO" "$SO_NEW"
	rm -rf "$SCRATCH/looked"
	mkdir "$SCRATCH/looked"
	# Not those of its children, which have its secrets for as long as they live, as it has.
	mv "$DUMPS/latch/p11-latch.$probe_pid" "$SCRATCH/looked/" || bail_out "no memory of the probe"
	not_in "$SCRATCH/looked" "$kind: no secret is left in it" "$PIN" "$PIN_NEW" "$SO" "$SO_NEW"
}

# card_memory WHAT SECRET...: of the helper and the command, beside the vendor's module alone, which was given the first.
card_memory() {
	card_what=$1
	shift
	if [ -n "$(secrets_in "$DUMPS/vendor" "$1")" ]; then
		note "$kind: the vendor's module alone leaves each $card_what in memory, and so it does in the helper"
	else
		not_in "$DUMPS/latch" "$kind: helper and command: no $card_what is left in memory" "$@"
	fi
}

# A smart card behind its own module; on the second, the PUK goes to the card inside the call that unblocks it.
by_card() {
	kind=$1
	secrets_start "$kind"
	PIN=481516
	PIN_NEW=234208
	WRONG=99775533
	card_puk=$SO
	[ "$kind" = openpgp ] || card_puk=$PUK
	case $kind in
	openpgp) once "$MODULE" "login so $SO" "init-pin $PIN" finalize ;;
	*) once "$MODULE" "set-pin puk:$PUK pin:$PIN" "login so $SO" finalize ;;
	esac >"$SCRATCH/control.out"
	like "$(cat "$SCRATCH/control.out")" "*-pin CKR_OK*" "$kind: the control does it"
	known_puk "$card_puk" | pickup PersonalizeOn=command
	"$CMD" adopt "$(uri)" >>"$HEARD/commands" 2>&1
	"$CMD" block --force "$(uri)" >>"$HEARD/commands" 2>&1
	is "$(record State)" blocked "$kind: blocked"
	heard "set-pin $WRONG $PIN_NEW"
	is "$(record State)" blocked "$kind: a wrong PUK leaves it blocked"
	heard "set-pin $card_puk $PIN_NEW"
	is "$(record State)" active "$kind: C_SetPIN with the PUK: active"
	"$CMD" block --force "$(uri)" >>"$HEARD/commands" 2>&1
	command_heard "$PIN\n" unblock --pin - "$(uri)"
	is "$(record State)" active "$kind: p11-latch unblock: active"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	unlike "$(ls "$DUMPS"/latch/p11-latch-helper.* "$DUMPS"/latch/p11drive.*)" "" "$kind: memory is there"
	is "$(secrets_in "$DUMPS/latch" "$PIN" "$PIN_NEW" "$card_puk" "$WRONG" | grep p11drive)" "" \
		"$kind: application: no secret is left in memory, not in freed one either"
	card_memory "PIN" "$PIN" "$PIN_NEW"
	card_memory "PUK" "$card_puk" "$WRONG"
	not_in "$HEARD" "$kind: no secret in what programs and commands said" "$PIN" "$PIN_NEW" "$card_puk" "$WRONG"
	not_in "$LOG" "$kind: nor in the log" "$PIN" "$PIN_NEW" "$card_puk" "$WRONG"
	not_in "$STATE" "$kind: nor in the state" "$PIN" "$PIN_NEW" "$card_puk" "$WRONG"
	token_stop
}

if is_sanitized; then
	skip "secrets in freed memory" "a sanitizer has a malloc of its own"
	done_testing
fi
P11_LATCH_DEBUG=$HEARD/debug
export P11_LATCH_DEBUG
secrets_start softhsm
by_keys text "a key as hex digits" "$KEY"
nothing_left "$PIN" "$PIN_NEW" "$KEY" "$NEW_KEY" "$WRONG_KEY" "$WRITTEN" "hex:$KEY" "hex:$NEW_KEY" "hex:$WRONG_KEY"
secrets_start softhsm
by_keys raw "a key as bytes" "hex:$KEY"
nothing_left "$PIN" "$PIN_NEW" "$KEY" "$NEW_KEY" "$WRONG_KEY" "$WRITTEN" "hex:$KEY" "hex:$NEW_KEY" "hex:$WRONG_KEY"
probed
for kind in openpgp piv-ykcs11; do
	by_card "$kind"
done
done_testing
