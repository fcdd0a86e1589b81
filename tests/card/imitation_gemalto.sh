# SPDX-License-Identifier: BSD-3-Clause
# IDPrime as its documents say: a key of 24 bytes as SO secret, five tries of it, and then none for ever.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/imitations.sh"

# office HELD|ASKED [ELEMENT]...: the Unblock description has the key, or leaves it to people.
office() {
	office_block=${BLOCK:-auto}
	case $1 in
	HELD) office_key=ADMIN_KEY ;;
	ASKED) office_key='!FROM_USER_DIALOG_1_FIELD' ;;
	*) office_key=$1 ;;
	esac
	shift
	echo "$KEY" >"$SCRATCH/key"
	echo "$KEY_NEW" >"$SCRATCH/new"
	pickup "Profile.SoForm=$latch_form" "BlockMethod=$office_block" "Field.ADMIN_KEY=file:$SCRATCH/key" "Field.NEW_KEY=file:$SCRATCH/new" <<-EOF
		[Fields]
		ADMIN_KEY=
		NEW_KEY=
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		CardManagerKey=$office_key
		$*
	EOF
}

blocked() {
	imitation_blocked
	is "$(record Method), $(tries user)" "lock, 0" "$form: blocked by the card's own lock"
}

is_open() {
	is "$(record State), $(private Journal), $(login_rv "$MODULE" user "$1"), $(tries so)" \
		"active, none, CKR_OK, 5" "$form: $2"
}

recognised() {
	office HELD
	imitation_blocked
	like "$("$CMD" explain "$CARD" 2>&1)" "*gemalto*" "$form: an IDPrime is known by what it shows"
}

# Written in any grouping, and both ways of cases.
by_set_pin() {
	office "$1"
	lower=$(echo "$KEY" | tr A-F a-f)
	colons=$(echo "$KEY" | sed 's/../&:/g; s/:$//')
	groups=$(echo "$KEY" | sed 's/.\{8\}/& /g; s/ $//')
	for written in "$KEY" "$lower" "$colons" "\"$groups\""; do
		blocked
		is "$(set_pin "$written" "$PIN_NEW")" CKR_OK "$form, $1: C_SetPIN with the key as $written"
		is_open "$PIN_NEW" "and the card takes the new PIN"
	done
}

by_login() {
	office HELD
	blocked
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$KEY"
	is "$(record State)" blocked "$form: a login with the key leaves the card blocked"
	expect CKR_OK desk set-pin "$KEY" "$PIN_NEW"
	drive_stop desk
	is_open "$PIN_NEW" "C_Login with the key, then C_SetPIN"
}

by_application() {
	office HELD
	blocked
	once "$LATCH" "login so $(so_word "$SO")" "init-pin $PIN_NEW" logout >/dev/null
	is_open "$PIN_NEW" "the application unblocks by itself"
}

by_command() {
	office ASKED
	blocked
	printf '%s\n' "$KEY" | "$CMD" unblock --puk - --pin "$PIN_NEW" "$CARD" >/dev/null 2>&1
	is_open "$PIN_NEW" "p11-latch unblock"
	office HELD
	"$CMD" block "$CARD" >/dev/null 2>&1
	is "$(record State),$(record Method)" "blocked,lock" "$form: and p11-latch block locks it again"
}

changed() {
	office HELD NewCardManagerKey=NEW_KEY
	blocked
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "$form: unblocked, and a new key is to be set"
	is_open "$PIN_NEW" "it is"
	is "$(login_rv "$MODULE" so "$(so_word "$KEY_NEW")")" CKR_OK "$form: the card takes the new key"
	block_again
	is "$(set_pin "$KEY" "$PIN")" CKR_PIN_INCORRECT "$form: the old one does not unblock any more"
	is "$(tries so)" 5 "$form: nor was it sent"
	is "$(set_pin "$KEY_NEW" "$PIN")" CKR_OK "$form: the same description unblocks with the new one"
	is_open "$PIN" "and all is well"
}

# With what the application gave: in the form that its vendor's module wants, longer than any PIN.
scrambled() {
	BLOCK=scramble
	office ASKED
	BLOCK=
	imitation_blocked
	is "$(record Method), $(tries user), $(tries so)" "scramble, 3, 5" "$form: blocked by scramble, where that is wanted"
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "$form, scrambled: unblocked"
	is_open "$PIN_NEW" "scrambled: and the card takes the new PIN"
}

# What people call a PUK is the key, and InitialPUK= may have it.
as_puk() {
	pickup "Profile.SoForm=$latch_form" <<-EOF
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=#$KEY
	EOF
	blocked
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "$form: InitialPUK= may hold the key"
	is_open "$PIN_NEW" "and unblocks"
	pickup "Profile.SoForm=$latch_form" </dev/null
	blocked
	is "$(set_pin 12345678 "$PIN_NEW"),$(tries so)" CKR_PIN_INCORRECT,5 "$form: without a description, what is no key is not sent either"
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "$form: and the key unblocks"
}

# Four may be spent by people; the fifth is the card's death.
wrong_keys() {
	office ASKED
	blocked
	is "$(set_pin 12345678 "$PIN_NEW"),$(tries so)" CKR_PIN_INCORRECT,5 "$form: what is no key is not sent"
	is "$(set_pin "${KEY}00" "$PIN_NEW"),$(tries so)" CKR_PIN_INCORRECT,5 "$form: nor one that is too long"
	is "$(login_rv "$LATCH" user "$KEY_OTHER"),$(tries so)" CKR_PIN_LOCKED,5 "$form: nor one that is given to C_Login"
	for left in 4 3 2 1; do
		is "$(set_pin "$KEY_OTHER" "$PIN_NEW"),$(tries so)" "CKR_PIN_INCORRECT,$left" "$form, $1: a wrong key costs a try"
	done
	for again in 1 2 3; do
		is "$(set_pin "$KEY_OTHER" "$PIN_NEW"),$(tries so)" CKR_PIN_LOCKED,1 "$form, $1: the last one is kept"
	done
	logged "only the last try" "$form, $1: the log says so"
	printf '%s\n' "$KEY_OTHER" | "$CMD" unblock --puk - --pin "$PIN_NEW" "$CARD" >/dev/null 2>&1
	is "$(tries so)" 1 "$form, $1: also by the command"
	printf '%s\n' "$KEY" | "$CMD" unblock --puk - --pin "$PIN_NEW" --last-try "$CARD" >/dev/null 2>&1
	is_open "$PIN_NEW" "until it is asked for, $1"
}

factory() {
	key_before=$SO
	SO=$FACTORY_KEY
	office "#$FACTORY_KEY" NewCardManagerKey=NEW_KEY
	like "$("$CMD" check 2>&1)" "*well-known default key*" "$form: check warns of the factory's key"
	blocked
	is "$(set_pin "$FACTORY_KEY" "$PIN_NEW")" CKR_OK "$form: but it unblocks a card that has it"
	is_open "$PIN_NEW" "and a factory card gets a PIN"
	is "$(login_rv "$MODULE" so "$(so_word "$KEY_NEW")")" CKR_OK "$form: and a key of its own"
	SO=$key_before
}

kill_so() {
	sed -i 's/ [0-9]*$/ 0/' "$FORGED_DIR/token"
}

# Its SO secret is dead: who could unblock it?
dead() {
	office HELD
	token_new
	rm -rf "${STATE:?}"/*
	session_start desk "$LATCH"
	must desk login so "$(so_word "$SO")"
	must desk init-pin "$PIN"
	kill_so
	log_clear
	drive desk close >/dev/null
	drive_stop desk
	is "$(tries user)" 3 "$form, dead: it is not locked for its user too"
	is "$(record State),$(record Method)" "personalizing,refuse" "$form, dead: but refused"
	logged "SO PIN is locked" "$form, dead: the log says why"
	like "$("$CMD" status "$CARD")" "*SO PIN locked*" "$form, dead: and so does status"
	blocked
	kill_so
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_PIN_LOCKED "$form, dead: a card that was blocked before stays so"
	logged "SO PIN is locked: PUK and card manager key are of no use any more" "$form, dead: the log says why"
	like "$("$CMD" status "$CARD")" "*nothing unblocks it any more*" "$form, dead: and status what it means"
	is "$(once "$LATCH" "init-token $(so_word "$KEY") latch" | sed -n 's/^init-token //p')" CKR_PIN_LOCKED \
		"$form, dead: nor does C_InitToken bring it back"
}

# Without proof that the key is right, a card that only it can open is not locked.
proof_first() {
	office ASKED
	token_new
	rm -rf "${STATE:?}"/*
	printf '%s\n' "$KEY_OTHER" | "$CMD" block --puk - "$CARD" >/dev/null 2>&1
	is "$(tries user),$(tries so),$(record State)" 3,4,none "$form: with a wrong key nothing is locked"
	: >"$FORGED_DIR/given"
	printf '%s\n' "$KEY" | "$CMD" block --puk - "$CARD" >/dev/null 2>&1
	is "$(record State),$(record Method),$(tries user)" blocked,lock,0 "$form: with the right one it is"
	is "$(grep -n -m 1 '^init-pin' "$FORGED_DIR/given" | cut -d : -f 1)" 2 "$form: C_InitPIN was the proof, and came first"
}

# The card counted a wrong one, and left its reader before it said so: CKR_DEVICE_REMOVED.
pulled_keys() {
	office ASKED
	setting flags user
	blocked
	faulty_start
	for n in 1 2 3 4 5 6; do
		fault p11-latch-helper C_Login 1 after 32
		set_pin "$KEY_OTHER" "$PIN_NEW" >/dev/null
	done
	fault none
	is "$(tries so),$(private SOWrong)" 1,4 "$form, pulled: each key that was sent is counted, and the last try kept"
	printf '%s\n' "$KEY" >"$SCRATCH/key"
	passes "$form, pulled: --last-try unblocks" "$CMD" unblock --last-try --puk "@$SCRATCH/key" --pin "$PIN_NEW" "$CARD"
	sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
	is_open "$PIN_NEW" "pulled: and all is well"
	setting flags all
}

for form in hex raw; do
	[ "$form" = raw ] && latch_form=raw || latch_form=text
	SO_FORM=$form
	imitation_start gemalto so-form "$SO_FORM"
	SO=$KEY
	latch_setup
	recognised
	by_set_pin HELD
	by_set_pin ASKED
	by_login
	by_application
	by_command
	changed
	scrambled
	as_puk
	proof_first
	wrong_keys "flags"
	setting flags user
	wrong_keys "no SO flags"
	setting flags all
	pulled_keys
	factory
	dead
	no_secret "$form: no key stands in log or state" "$KEY" "$KEY_NEW" "$KEY_OTHER"
done
done_testing
