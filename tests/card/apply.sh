# SPDX-License-Identifier: BSD-3-Clause
# p11-latch apply: what a description says is done now, on cards that exist; apply_new.sh has the new ones.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
NEW_KEY=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978

# apply [ARG...] <<EOF: the text is the description.
apply() {
	cat >"$SCRATCH/now.dsc"
	"$CMD" apply "$SCRATCH/now.dsc" "$@" "$CARD" </dev/null >"$SCRATCH/out" 2>&1
}

said() {
	like "$(cat "$SCRATCH/out")" "*$1*" "$2"
}

pin_and_puk() {
	SO=12345678
	blocked_card
	passes "$kind: the vendor's own example: PIN and PUK" apply <<-'END'
		[Description]
		SetPIN=true
		PIN=#123456
		InitialPUK=#12345678
		PUK=#13579
	END
	is_active 123456 "$kind: the card has the PIN"
	is "$(login_rv "$MODULE" so 13579)" CKR_OK "$kind: and the PUK"
	SO=76543210
}

only_puk() {
	blocked_card
	passes "$kind: PUK= alone" apply <<-END
		[Description]
		SetPIN=true
		InitialPUK=#$SO
		PUK=#$SO_NEW
	END
	said "PUK changed" "$kind: it says so"
	still_blocked "$kind: changes nothing but the PUK: the card stays blocked" "$PIN"
	is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: the new PUK is in force"
	is "$(set_pin "$SO_NEW" "$PIN_NEW")" CKR_OK "$kind: and unblocks"
	is_active "$PIN_NEW" "$kind: active"
	fails "$kind: PUK= alone, from a wrong one" apply <<-END
		[Description]
		SetPIN=true
		InitialPUK=#99999999
		PUK=#24682468
	END
	said "not changed" "$kind: it says so"
	is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: the PUK stays"
}

# What a scrambled card's R is made of is the same as before.
same_puk() {
	blocked_card
	same_salt=$(private Salt)
	passes "$kind: PUK= that is the valid one already" apply <<-END
		[Description]
		SetPIN=true
		InitialPUK=#$SO
		PUK=#$SO
	END
	is "$(private Salt)" "$same_salt" "$kind: leaves the salt as it was"
	[ "$kind" != softhsm ] || is "$(once "$LATCH" "login user $SO" | last_rv)" CKR_OK \
		"$kind: and C_Login with the PUK as it was"
}

# The policy remembers which of its two PUKs is valid, and this description has them the other way round.
there_and_back() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	set_pin "$SO" "$PIN_NEW" >/dev/null
	is "$(private NewValid)" true "$kind: the policy's new PUK is in force"
	passes "$kind: a description that sets the old one again" apply <<-END
		[Description]
		SetPIN=true
		InitialPUK=#$SO_NEW
		PUK=#$SO
	END
	is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: the old PUK is in force"
	is "$(private NewValid)" none "$kind: and the policy knows"
	block_again
	is "$(set_pin "$SO" "$PIN")" CKR_OK "$kind: which unblocks with it, and sets the new one"
	is "$(login_rv "$MODULE" so "$SO_NEW")" CKR_OK "$kind: the new PUK is in force once more"
	fails "$kind: a description with a PUK that is wrong" apply <<-'END'
		[Description]
		SetPIN=true
		PIN=#123456
		InitialPUK=#99999999
	END
	is "$(private NewValid)" true "$kind: leaves what the policy knows as it is"
	asked_puk | pickup
}

new_key() {
	SO=$KEY
	blocked_card
	printf '%s\n' "$KEY" >"$SCRATCH/key"
	printf '%s\n' "$NEW_KEY" >"$SCRATCH/new-key"
	printf '864213\n' >"$SCRATCH/letter"
	passes "$kind: the vendor's own example: fields from files" apply --field "ADMIN_KEY=@$SCRATCH/key" \
		--field "NEW_ADMIN_KEY=@$SCRATCH/new-key" --field "PIN=@$SCRATCH/letter" <<-'END'
			[Fields]
			ADMIN_KEY=
			NEW_ADMIN_KEY=
			PIN=

			[Description]
			SetPIN=true
			PIN=PIN
			CardManagerKey=ADMIN_KEY
			NewCardManagerKey=NEW_ADMIN_KEY
		END
	is_active 864213 "$kind: the card has the PIN"
	is "$(login_rv "$MODULE" so "$NEW_KEY")" CKR_OK "$kind: and the new card manager key"
	passes "$kind: NewCardManagerKey= alone" apply <<-END
		[Description]
		SetPIN=true
		CardManagerKey=#$NEW_KEY
		NewCardManagerKey=#$KEY
	END
	said "card manager key changed" "$kind: it says so"
	is_active 864213 "$kind: the PIN stays"
	is "$(login_rv "$MODULE" so "$KEY")" CKR_OK "$kind: the card has the old key again"
	SO=76543210
}

block_card() {
	known_puk | pickup
	token_new
	rm -rf "${STATE:?}"/*
	personalize_direct
	passes "$kind: BlockCard=true" apply <<-'END'
		[Application_B]
		BlockCard=true
	END
	still_blocked "$kind: blocks the card, with the PUK of the policy" "$PIN"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: and it can be unblocked"
	asked_puk | pickup
}

# What is asked for is what --puk gives: nobody is asked for it once more.
given_puk() {
	blocked_card
	passes "$kind: a PUK that is left to a dialog, given by --puk" apply --puk "$SO" <<-END
		[Description]
		SetPIN=true
		PIN=#$PIN_NEW
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	END
	is_active "$PIN_NEW" "$kind: the card has the PIN"
	token_new
	rm -rf "${STATE:?}"/*
	personalize_direct
	passes "$kind: BlockCard=true alone, the PUK given by --puk" apply --puk "$SO" <<-'END'
		[Application_B]
		BlockCard=true
	END
	still_blocked "$kind: blocks the card" "$PIN"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: and it can be unblocked"
	block_again_given
	fails "$kind: a wrong one is as wrong as one that is typed" apply --puk 99999999 <<-END
		[Description]
		SetPIN=true
		PIN=#$PIN_NEW
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	END
	said "not unblocked" "$kind: it is said"
	still_blocked "$kind: the card stays blocked" "$PIN_NEW"
}

block_again_given() {
	printf '%s\n' "$SO" | "$CMD" block --puk - "$CARD" >/dev/null 2>&1
}

select() {
	blocked_card
	serial=$(once "$MODULE" token-info | sed -n 's/.* serial=\([^ ]*\).*/\1/p')
	for wanted in 0000 "$serial"; do
		verdict=passes
		[ "$wanted" != 0000 ] || verdict=fails
		$verdict "$kind: SelectCriteriaIccsn=$wanted" apply <<-END
			[Description]
			UseSelectCriteriaIccsn=true
			SelectCriteriaIccsn=#$wanted
			SetPIN=true
			PIN=#$PIN_NEW
			InitialPUK=#$SO
		END
		[ "$wanted" != 0000 ] || still_blocked "$kind: another card than the one named is left alone"
	done
	is_active "$PIN_NEW" "$kind: the one named is unblocked"
}

clear_fields() {
	printf '[Fields]\nPIN=\n[Description]\nSetPIN=true\nPIN=PIN\nInitialPUK=#%s\nClearFields=PIN\n' "$SO" |
		pickup "Field.PIN=file:$SCRATCH/letters/{serial}"
	blocked_card
	serial=$(once "$MODULE" token-info | sed -n 's/.* serial=\([^ ]*\).*/\1/p')
	mkdir -p "$SCRATCH/letters"
	echo 864213 >"$SCRATCH/letters/$serial"
	echo 111111 >"$SCRATCH/letters/other"
	is "$(login_rv "$LATCH" user 111111)" CKR_PIN_INCORRECT "$kind: ClearFields: a wrong letter"
	passes "$kind: leaves its file alone" test -s "$SCRATCH/letters/$serial"
	is "$(login_rv "$LATCH" user 864213)" CKR_OK "$kind: and the right one activates the card"
	passes "$kind: whose file is wiped then" test ! -e "$SCRATCH/letters/$serial"
	passes "$kind: and no other" test -s "$SCRATCH/letters/other"
	is_active 864213 "$kind: active"
	asked_puk | pickup
}

# A name that is none must not leave the policy's value in the place of the one that was given.
mistyped() {
	printf '[Fields]\nPIN=\nOLD=%s\nNEW=\n[Description]\nSetPIN=true\nPIN=PIN\nInitialPUK=OLD\nPUK=NEW\n' \
		"$SO" | pickup "Field.NEW=file:$SCRATCH/policys" Field.PIN=dialog
	blocked_card
	echo "$SO_NEW" >"$SCRATCH/policys"
	echo 24682468 >"$SCRATCH/given"
	echo 864213 >"$SCRATCH/letter"
	for name in NWE OLD_PUK 864213; do
		fails "$kind: --field $name, which is no field" apply --field "PIN=@$SCRATCH/letter" \
			--field "$name=@$SCRATCH/given" <"$CONF_DIR/descriptions/unblock.dsc"
		said "now.dsc declares PIN, OLD, NEW" "$kind: it says which there are"
		case $name in
		NWE) said "--field NWE: there is no such field; did you mean NEW[?]" "$kind: and which was meant" ;;
		864213) unlike "$(cat "$SCRATCH/out")" "*864213*" "$kind: but not what may be a PIN" ;;
		esac
		still_blocked "$kind: the card is left alone" 864213
		is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: and its PUK"
	done
	fails "$kind: a PUK that is wrong" apply --field "PIN=@$SCRATCH/letter" --field "OLD=@$SCRATCH/given" \
		<"$CONF_DIR/descriptions/unblock.dsc"
	said "refuses the PUK or card manager key that --field gives" "$kind: is not taken for the policy's"
	fails "$kind: a field of the policy's description" apply --field "OLD=@$SCRATCH/policys" <<-END
		[Fields]
		PIN=
		[Description]
		SetPIN=true
		PIN=#864213
		InitialPUK=#$SO
	END
	said "now.dsc declares PIN" "$kind: is none of one that takes its place"
	passes "$kind: the right names" apply --field "PIN=@$SCRATCH/letter" --field "NEW=@$SCRATCH/given" \
		<"$CONF_DIR/descriptions/unblock.dsc"
	is "$(login_rv "$MODULE" so 24682468)" CKR_OK "$kind: the PUK that was given is in force"
	passes "$kind: a field of the Unblock description that stays" apply --field "OLD=@$SCRATCH/given" <<-'END'
		[Application_B]
		BlockCard=true
	END
	asked_puk | pickup
}

faults() {
	blocked_card
	fails "$kind: a field without a value" apply <<-END
		[Fields]
		PIN=

		[Description]
		SetPIN=true
		PIN=PIN
		InitialPUK=#$SO
	END
	said "give it by --field PIN=-" "$kind: it says how to give one"
	fails "$kind: a description with an error" apply <<-'END'
		[Description]
		SetPIN=perhaps
	END
	said "now.dsc:2:8: error" "$kind: it says where"
	fails "$kind: one that asks for nothing" apply <<-'END'
		[Description]
		Type=card
	END
	said "asks for nothing" "$kind: it says so"
	fails "$kind: a PIN that the token does not take" apply <<-END
		[Description]
		SetPIN=true
		PIN=#12
		InitialPUK=#$SO
	END
	said "its PIN is to have 4 to" "$kind: it says what it takes"
	still_blocked "$kind: the card is as it was" 12
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	asked_puk | pickup
	pin_and_puk
	only_puk
	same_puk
	there_and_back
	[ "$kind" != softhsm ] || new_key
	block_card
	given_puk
	select
	clear_fields
	mistyped
	faults
	token_stop
done
done_testing
