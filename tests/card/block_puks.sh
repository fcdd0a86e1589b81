# SPDX-License-Identifier: BSD-3-Clause
# A policy with several PUKs, of the factory and of the holder: the right one blocks, and a wrong one is sent once.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/forged.sh"

so_flags() {
	flags "$MODULE" | grep -o 'SO_PIN[A-Z_]*' | grep -v TO_BE_CHANGED | tr '\n' ' '
}

# The office's own description is what it applies; at pick-up the PUK that it issues is valid.
factory() {
	case $kind in
	softhsm)
		FACTORY=$SO_NEW
		rm -rf "$SCRATCH/softhsm"
		install -d -m 700 "$SCRATCH/softhsm"
		;;
	opencryptoki)
		FACTORY=87654321
		opencryptoki_wipe
		token_second
		;;
	esac
	rm -rf "${STATE:?}"/*
	description personalize <<-END
		[Application_B]
		BlockCard=true

		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=#latch
		InitialPUK=#$FACTORY
		PUK=#$SO
		PIN=#$PIN
	END
}

applied() {
	"$CMD" apply "$CONF_DIR/descriptions/personalize.dsc" pkcs11: </dev/null >"$SCRATCH/out" 2>&1
}

killed_apply() {
	factory
	faulty_start
	fault p11-latch C_InitPIN 1 kill-after
	applied
	fault none
	sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
	is "$(record State), $(login_rv "$MODULE" user "$PIN")" "personalizing, CKR_OK" \
		"$kind, $1: killed after C_InitPIN, the card is open"
	passes "$kind, $1: one recovery" "$CMD" recover
	still_blocked "$kind, $1: blocks it, with the PUK that was issued" "$PIN"
	is "$(so_flags)" "" "$kind, $1: and no SO try is lost"
	passes "$kind, $1: the policy unblocks it" "$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind, $1: active"
	passes "$kind, $1: p11-latch block" "$CMD" block "$CARD"
	still_blocked "$kind, $1: blocks it again" "$PIN_NEW"
	is "$(so_flags)" "" "$kind, $1: and no SO try is lost"
}

# Nothing but the description that made the card has its PUK; the record is of one that was interrupted later.
only_of_personalize() {
	factory
	applied
	is "$(record State), $(private ForeignSO)" "blocked, none" "$kind, $1: the PUK that was issued is the policy's"
	"$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD" >"$SCRATCH/out" 2>&1
	is_active "$PIN_NEW" "$kind, $1: active"
	sed -i "s/^State=.*/State=personalizing/" "$STATE"/records/*
	sed -i "/^Proved=/d" "$STATE"/private/*.state
	passes "$kind, $1: left personalizing, and recovered" "$CMD" recover
	still_blocked "$kind, $1: blocked with it" "$PIN_NEW"
	is "$(so_flags)" "" "$kind, $1: and no SO try is lost"
}

# The one to be set at pick-up is in force, and the next block begins with it.
after_pickup() {
	factory
	known_puk "$SO" PUK=#24682468 | description unblock
	applied
	passes "$kind: a new PUK at pick-up" "$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
	is "$(private NewValid), $(login_rv "$MODULE" so 24682468)" "true, CKR_OK" "$kind: is in force"
	passes "$kind: p11-latch block then" "$CMD" block "$CARD"
	still_blocked "$kind: has the right one" "$PIN_NEW"
	is "$(private SORefused)" none "$kind: at once"
}

# --- What the card refused --------------------------------------------------------------------------

so_tries() {
	cut -d ' ' -f 6 "$FORGED_DIR/token"
}

wrong_one() {
	known_puk "$1" | pickup BlockMethod=scramble Profile.SoTries=9
}

# Personalized with SO, and then another card; its holder's PUK and the policy's are refused, and cost two of nine.
left() {
	rm -rf "${STATE:?}"/*
	forge honest "$SO" -
	personalize desk
	printf 'S1 latch 99999999 %s 3 9\n' "$PIN" >"$FORGED_DIR/token"
	drive desk close >/dev/null
	drive_stop desk
	wait_for 10 no_helpers || bail_out "the watcher does not end"
	is "$(record State),$(record Method),$(so_tries)" "personalizing,refuse,7" "no PUK is right: refused by p11-latch"
}

refused_once() {
	forged_start
	latch_conf "spawn:$HELPER" generic
	wrong_one "$SO_NEW"
	left
	"$CMD" recover >/dev/null 2>&1
	is "$(so_tries)" 6 "p11-latch recover sends the refused PUK once more, since one answer may be false"
	"$CMD" recover >/dev/null 2>&1
	"$CMD" recover >/dev/null 2>&1
	is "$(so_tries)" 6 "and then no more"
	like "$(record Why)" "*not sent again*" "and the record says so"
	fails "p11-latch block" "$CMD" block "$CARD"
	is "$(so_tries)" 5 "does, for a person who says so"
	"$CMD" reset "$CARD" >/dev/null
	"$CMD" recover >/dev/null 2>&1
	"$CMD" recover >/dev/null 2>&1
	"$CMD" recover >/dev/null 2>&1
	is "$(so_tries)" 3 "after p11-latch reset it is sent twice again"
	wrong_one 99999999
	passes "p11-latch recover, when the policy is corrected" "$CMD" recover
	is "$(record State),$(private SORefused)" blocked,none "blocks the card"
}

# The same where the PUK stands in a file of its own.
refused_file() {
	echo "$SO_NEW" >"$SCRATCH/puk"
	printf '[Fields]\nPUK=\n[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\nInitialPUK=PUK\n' |
		pickup BlockMethod=scramble Profile.SoTries=9 "Field.PUK=file:$SCRATCH/puk"
	left
	"$CMD" recover >/dev/null 2>&1
	"$CMD" recover >/dev/null 2>&1
	is "$(so_tries)" 6 "nor one that stands in a file"
	echo 99999999 >"$SCRATCH/puk"
	passes "p11-latch recover, when the file is corrected" "$CMD" recover
	is "$(record State)" blocked "blocks the card"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	killed_apply "InitialPUK= at pick-up"
	after_pickup
	asked_puk | pickup
	only_of_personalize "a dialog at pick-up"
	pickup </dev/null
	only_of_personalize "no Unblock="
	token_stop
done
refused_once
refused_file
done_testing
