# SPDX-License-Identifier: BSD-3-Clause
# p11-latch apply with InitToken=true: a new life of a card, its first PUK, PIN and label, and the block.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# The SO PIN of a token as it comes from the factory: openCryptoki wants that one, and has it changed first.
factory() {
	case $kind in
	softhsm)
		FACTORY=$SO
		PUK_LINE=
		rm -rf "$SCRATCH/softhsm"
		install -d -m 700 "$SCRATCH/softhsm"
		;;
	opencryptoki)
		FACTORY=87654321
		PUK_LINE=PUK=#$SO
		opencryptoki_wipe
		token_second
		;;
	esac
	rm -rf "${STATE:?}"/*
}

new_card() {
	cat >"$SCRATCH/now.dsc"
	"$CMD" apply "$SCRATCH/now.dsc" "$@" </dev/null >"$SCRATCH/out" 2>&1
}

said() {
	like "$(cat "$SCRATCH/out")" "*$1*" "$2"
}

whole() {
	factory
	passes "$kind: InitToken=true with PUK, PIN, label and BlockCard=true" new_card pkcs11: <<-END
		[Application_B]
		BlockCard=true

		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=latch
		InitialPUK=#$FACTORY
		$PUK_LINE
		PIN=#$PIN
	END
	said "initialised, blocked" "$kind: it says what was done"
	LABEL=latch
	still_blocked "$kind: the card has a label and a PIN, and is blocked" "$PIN"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: the PUK unblocks it"
	is_active "$PIN_NEW" "$kind: active"
}

# openCryptoki's C_InitToken leaves a token whose SO PIN was changed without any that is right.
no_second_life() {
	fails "$kind: InitToken=true on a card that was in use" new_card "$CARD" <<-END
		[Description]
		InitToken=true
		InitialPUK=#$SO
	END
	said "this module would destroy a token whose PUK was changed" "$kind: is refused with the reason"
	is_active "$PIN_NEW" "$kind: and the card is as it was"
	is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: with its PUK"
}

# A card in use begins a new life.
once_more() {
	passes "$kind: InitToken=true on a card that was in use" new_card "$CARD" <<-END
		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=again
		InitialPUK=#$SO
		PIN=#$PIN
	END
	said "initialised, active" "$kind: it says what was done"
	LABEL=again
	is_active "$PIN" "$kind: it has the new label and PIN, and nothing blocks it"
	is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: the PIN of its last life is wrong"
	LABEL=latch
}

no_pin() {
	factory
	passes "$kind: InitToken=true alone" new_card pkcs11: <<-END
		[Description]
		InitToken=true
		InitialLabel=latch
		InitialPUK=#$FACTORY
		$PUK_LINE
	END
	said "initialised, no PIN set" "$kind: it says what was done"
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: the card has no PIN"
	is "$(login_rv "$MODULE" so "$SO")" CKR_OK "$kind: and the PUK"
	is "$(record State)" none "$kind: it is as it comes from the factory: its personalization is to come"
}

unchanged_puk() {
	factory
	passes "$kind: InitToken=true and a PIN without PUK=" new_card pkcs11: <<-END
		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=latch
		InitialPUK=#$FACTORY
		PIN=#$PIN
	END
	is_active "$PIN" "$kind: the card has the PIN"
	is "$(login_rv "$MODULE" so "$FACTORY")" CKR_OK "$kind: and the factory's PUK"
}

bad_values() {
	factory
	fails "$kind: a label of 33 bytes" new_card pkcs11: <<-END
		[Description]
		InitToken=true
		InitialLabel=123456789012345678901234567890123
		InitialPUK=#$FACTORY
	END
	said "InitialLabel= is over 32 bytes long" "$kind: it says how long it may be"
}

# C_InitPIN succeeds, but the answer says otherwise: a card that may have its PIN is not left open.
doubtful_pin() {
	factory
	LABEL=latch
	faulty_start
	fault p11-latch C_InitPIN 1 after 2
	# Without a counter the card is asked, and has it.
	[ "$kind" = softhsm ] && doubtful=passes || doubtful=fails
	"$doubtful" "$kind: a C_InitPIN that was done, but answered CKR_HOST_MEMORY" new_card pkcs11: <<-END
		[Application_B]
		BlockCard=true

		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=latch
		InitialPUK=#$FACTORY
		$PUK_LINE
		PIN=#$PIN
	END
	fault none
	sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
	still_blocked "$kind: leaves the card blocked" "$PIN"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: and the PUK unblocks it"
}

# Typed at a terminal, twice, each after its prompt: before that the terminal is emptied.
type_at() {
	wait_for 10 grep -aq "$1" "$SCRATCH/typescript"
	echo "$PIN_NEW" >&9
}

typed() {
	known_puk | pickup
	blocked_card
	cat >"$SCRATCH/now.dsc" <<-END
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=#$SO
	END
	mkfifo "$SCRATCH/keyboard"
	: >"$SCRATCH/typescript"
	script -qfec "'$CMD' apply '$SCRATCH/now.dsc' '$CARD'" "$SCRATCH/typescript" \
		<"$SCRATCH/keyboard" >/dev/null 2>&1 &
	script=$!
	exec 9>"$SCRATCH/keyboard"
	type_at "New PIN: "
	type_at "The same again: "
	wait "$script"
	is $? 0 "$kind: a PIN typed twice at the terminal"
	exec 9>&-
	rm "$SCRATCH/keyboard"
	unlike "$(cat "$SCRATCH/typescript")" "*$PIN_NEW*" "$kind: is not echoed"
	is_active "$PIN_NEW" "$kind: and set"
}

# A blank token is governed by another binding than the card that it becomes by its label.
binding_of_its_own() {
	factory
	policy_clear
	description personalize <<-'END'
		[Application_B]
		BlockCard=true
	END
	known_puk 11223344 | description general
	known_puk "$SO" | description visitor
	printf 'Personalize=personalize.dsc\nUnblock=general.dsc\n' | policy pkcs11:model=SoftHSM%20v2
	printf 'Personalize=personalize.dsc\nUnblock=visitor.dsc\n' | policy pkcs11:token=latch
	passes "$kind: a card that gets a binding of its own with its label" new_card pkcs11: <<-END
		[Application_B]
		BlockCard=true

		[Description]
		InitToken=true
		SetPIN=true
		InitialLabel=latch
		InitialPUK=#$SO
		PIN=#$PIN
	END
	is "$(record State), $(private ForeignSO)" "blocked, none" "$kind: is blocked, and its PUK is that binding's"
	passes "$kind: which unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: a card with a binding of its own"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	pickup </dev/null
	whole
	case $kind in opencryptoki) no_second_life ;; *) once_more ;; esac
	no_pin
	bad_values
	unchanged_puk
	doubtful_pin
	typed
	[ "$kind" != softhsm ] || binding_of_its_own
	token_stop
done
done_testing
