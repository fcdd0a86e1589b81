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

# leave: as if its block had been interrupted, and nothing proved.
leave() {
	sed -i "s/^State=.*/State=personalizing/" "$STATE"/records/*
	sed -i "/^Proved=/d; /^ForeignSO=/d" "$STATE"/private/*.state
}

# An answer that is none about the secret: the other PUKs would be wrong ones.
passing_error() {
	known_puk "$SO" PUK=#24682468 | pickup BlockMethod=scramble
	factory
	applied
	passes "$kind: unblocked" "$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
	sed -i "/^NewValid=/d" "$STATE"/private/*.state
	once "$MODULE" "login so 24682468" "set-pin 24682468 $SO" >/dev/null
	leave
	faulty_start
	fault p11-latch C_Login 1 rv 30
	"$CMD" recover >/dev/null 2>&1
	faulted || bail_out "no C_Login"
	fault none
	sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
	is "$(record State),$(record Method),$(private SORefused)" personalizing,none,none \
		"$kind: CKR_DEVICE_ERROR at the right PUK: it is blocked later"
	is "$(so_flags)" "" "$kind: no other PUK is sent after it"
	passes "$kind: p11-latch recover, when all is well" "$CMD" recover
	still_blocked "$kind: blocks it" "$PIN_NEW"
	is "$(so_flags)" "" "$kind: and no SO try is lost"
}

# In force is PUK= of the description that made it, and Unblock= holds another: that is not sent to the card.
not_of_unblock() {
	echo 424242 >"$SCRATCH/letter"
	printf '[Fields]\nLETTER=\n[Description]\nSetPIN=true\nPIN=LETTER\nInitialPUK=#24682468\n' |
		pickup BlockMethod=scramble "Field.LETTER=file:$SCRATCH/letter"
	factory
	applied
	is "$(record State),$(private ForeignSO)" "blocked,true" "$kind: Unblock= has another PUK than the card"
	logged "the card's SO secret is not the policy's" "$kind: the log says so"
	is "$(login_rv "$LATCH" user 424242)" CKR_PIN_LOCKED "$kind: the PIN letter opens nothing"
	[ "$kind" = softhsm ] || is "$(so_flags)" "" "$kind: and costs no SO try"
	passes "$kind: the card's PUK" "$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: unblocks it"
}

# --- What the card refused --------------------------------------------------------------------------

so_tries() {
	cut -d ' ' -f 6 "$FORGED_DIR/token"
}

wrong_one() {
	known_puk "$1" | pickup BlockMethod=scramble Profile.SoTries=9
}

# left TRIES: personalized with SO, and then another card; its holder's PUK and the policy's are refused, TRIES of nine
# are left.
left() {
	rm -rf "${STATE:?}"/*
	forge honest "$SO" -
	personalize desk
	printf 'S1 latch 99999999 %s 3 9\n' "$PIN" >"$FORGED_DIR/token"
	drive desk close >/dev/null
	drive_stop desk
	wait_for 10 no_helpers || bail_out "the watcher does not end"
	is "$(record State),$(record Method),$(so_tries)" "personalizing,refuse,$1" "no PUK is right: refused by p11-latch"
}

refused_once() {
	forged_start
	latch_conf "spawn:$HELPER" generic
	wrong_one "$SO_NEW"
	left 7
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
	is "$(so_tries)" 4 "after p11-latch reset it is sent once again"
	wrong_one 99999999
	passes "p11-latch recover, when the policy is corrected" "$CMD" recover
	is "$(record State),$(private SORefused)" blocked,none "blocks the card"
}

# The same where the PUK stands in a file of its own.
refused_file() {
	echo "$SO_NEW" >"$SCRATCH/puk"
	printf '[Fields]\nPUK=\n[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\nInitialPUK=PUK\n' |
		pickup BlockMethod=scramble Profile.SoTries=9 "Field.PUK=file:$SCRATCH/puk"
	left 7
	"$CMD" recover >/dev/null 2>&1
	"$CMD" recover >/dev/null 2>&1
	is "$(so_tries)" 6 "nor one that stands in a file"
	echo 99999999 >"$SCRATCH/puk"
	passes "p11-latch recover, when the file is corrected" "$CMD" recover
	is "$(record State)" blocked "blocks the card"
}

# left_with PUK TRIES: made by a program with the first PUK of two; now PUK is right, and its block was interrupted.
left_with() {
	description personalize <<-END
		[Application_B]
		BlockCard=true

		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=#latch
		InitialPUK=#$SO
		PUK=#$SO_NEW
		PIN=#$PIN
	END
	rm -rf "${STATE:?}"/*
	forge honest "$SO" -
	once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
	wait_for 10 no_helpers
	printf 'S1 latch %s %s 3 %s\n' "$1" "$PIN" "$2" >"$FORGED_DIR/token"
	leave
}

# How many tries there are nobody knows, so that a recovery has one: reset leaves the next one to another PUK.
few_tries() {
	forged_start
	latch_conf "spawn:$HELPER" generic
	known_puk "$SO_NEW" | pickup BlockMethod=scramble
	left_with "$SO" 3
	"$CMD" recover >/dev/null 2>&1
	"$CMD" recover >/dev/null 2>&1
	is "$(record State),$(so_tries)" personalizing,2 "unknown tries: one PUK is refused, and no other sent"
	"$CMD" reset "$CARD" >/dev/null
	passes "p11-latch recover after reset" "$CMD" recover
	is "$(record State),$(so_tries)" blocked,3 "sends the other one, which is right"
}

# Of two PUKs the card answers to the first that it is none.
malformed() {
	for rv in a2 a1 21; do
		known_puk 123456 | pickup BlockMethod=scramble Profile.SoTries=9
		left_with "$SO_NEW" 9
		echo "0x$rv" >"$FORGED_DIR/so-rv"
		passes "answer $rv: p11-latch recover" "$CMD" recover
		is "$(record State)" blocked "answer $rv: goes on with the next one"
		rm -f "$FORGED_DIR/so-rv"
	done
}

# p11-latch apply was given the PUK that it changes: blocked with the new one.
applied_puk() {
	asked_puk | pickup BlockMethod=scramble
	rm -rf "${STATE:?}"/*
	forge honest "$SO" -
	once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
	wait_for 10 no_helpers
	cat >"$SCRATCH/now.dsc" <<-END
		[Application_B]
		BlockCard=true

		[Description]
		SetPIN=true
		PIN=#$PIN
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
		PUK=#13579135
	END
	echo "$SO" >"$SCRATCH/typed"
	passes "p11-latch apply with a PUK that is typed and a new one" "$CMD" apply "$SCRATCH/now.dsc" --puk "@$SCRATCH/typed" "$CARD"
	is "$(record State),$(so_tries)" blocked,3 "blocks with the new one, and no SO try is lost"
}

# What a person gives goes before what the policy has.
given_puk() {
	forged_start
	latch_conf "spawn:$HELPER" generic
	known_puk "$SO_NEW" PUK=#13571357 | pickup BlockMethod=scramble Profile.SoTries=9
	left 6
	: >"$FORGED_DIR/given"
	echo 99999999 >"$SCRATCH/typed"
	passes "p11-latch block --puk with the right one" "$CMD" block --puk "@$SCRATCH/typed" "$CARD"
	is "$(record State),$(so_tries)" blocked,3 "blocks the card"
	unlike "$(given)" "*$SO_NEW*" "and sends none of the policy's"
}

# What does not lock, as was asked for, is scrambled with the PUK that is given.
does_not_lock() {
	desk BlockMethod=lock
	fresh
	personalize desk
	kill -9 "$(watcher)"
	drive_stop desk
	wait_for 5 no_helpers || bail_out "the watcher does not end"
	"$CMD" recover >/dev/null 2>&1
	is "$(record State),$(record Method)" personalizing,refuse "$kind: BlockMethod=lock cannot be, and there is no PUK"
	passes "$kind: p11-latch block --puk" "$CMD" block --puk "$SO" "$CARD"
	is "$(record State),$(record Method)" blocked,scramble "$kind: scrambles it"
	passes "$kind: unblocked" "$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
	passes "$kind: p11-latch block --puk of a card in use, which was proved" "$CMD" block --puk "$SO" "$CARD"
	is "$(record State),$(record Method)" blocked,scramble "$kind: scrambles it, too"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	[ "$kind" != softhsm ] || does_not_lock
	known_puk | pickup
	killed_apply "InitialPUK= at pick-up"
	after_pickup
	# SoftHSM counts no SO tries.
	[ "$kind" = softhsm ] || passing_error
	not_of_unblock
	asked_puk | pickup
	only_of_personalize "a dialog at pick-up"
	pickup </dev/null
	only_of_personalize "no Unblock="
	token_stop
done
refused_once
refused_file
few_tries
given_puk
malformed
applied_puk
done_testing
