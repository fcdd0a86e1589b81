# SPDX-License-Identifier: BSD-3-Clause
# p11-latch explain: what governs a card and why, each source's state, the rows that apply; never a value.
set -u
. "$SRCDIR/tests/lib/all.sh"

# explain [ENV=VALUE...]: of the token $LABEL, in OUT; its exit status in STATUS.
explain() {
	OUT=$(env "$@" "$CMD" explain "pkcs11:token=$LABEL" 2>&1)
	STATUS=$?
}

# says PATTERN TEXT: a shell pattern of the whole; the lines of EVERYTHING are searched for values later.
says() {
	like "$OUT" "*$1*" "$2"
	printf '%s\n' "$OUT" >>"$SCRATCH/everything"
}

KEYS=$SCRATCH/keys
KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
VALUES="$PIN $SO 864213 $KEY 97531086 86421357"

describe() {
	description personalize <<-'EOT'
		[Application_B]
		BlockCard=true
	EOT
	description puk <<-'EOT'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	EOT
	description literal <<-EOT
		[Fields]
		NEW=97531086
		[Description]
		SetPIN=true
		PIN=#864213
		InitialPUK=#$SO
		PUK=NEW
	EOT
	description letter <<-'EOT'
		[Fields]
		KEY=
		NEW=
		PIN=
		[Description]
		SetPIN=true
		PIN=PIN
		CardManagerKey=KEY
		NewCardManagerKey=NEW
		ClearFields=PIN,NEW
	EOT
}

token_start softhsm
latch_setup
describe
install -d -m 700 "$KEYS"
SERIAL=$("$CMD" status --json "pkcs11:token=$LABEL" 2>/dev/null | jq -r '.[0].serial')

# --- Binding and profile --------------------------------------------------------------------------

explain
is "$STATUS" 0 "nothing governs: exit status"
says "Nothing governs this card" "nothing governs"
policy pkcs11:manufacturer=SoftHSM%20project <<-'EOT'
	Personalize=personalize.dsc
	Unblock=literal.dsc
EOT
policy "pkcs11:manufacturer=SoftHSM%20project;token=$LABEL" <<-'EOT'
	Personalize=personalize.dsc
	Unblock=puk.dsc
	Profile.PinMin=6
EOT
policy pkcs11:token=other <<-'EOT'
	Unblock=puk.dsc
EOT
explain
is "$STATUS" 0 "governed: exit status"
says "[[]pkcs11:manufacturer=SoftHSM%20project;token=$LABEL] (line 5): the most specific that matches" \
	"the binding that governs"
says "not [[]pkcs11:manufacturer=SoftHSM%20project] (line 1): matches too, but is less specific: it lacks token=" \
	"one that is less specific"
says "not [[]pkcs11:token=other] (line 10): this card's token= is another" "one that does not match"
says "softhsm: found by the library's*token's manufacturer \"SoftHSM project\"" "the profile, and why"
says "Profile.PinMin=6 (line 8) overrides it" "a column that is overridden"
latch_conf "spawn:$HELPER" generic
explain
says "generic: Profile= of $P11_LATCH_CONF" "the profile of p11-latch.conf"
latch_conf "spawn:$HELPER"

# --- Rows and letters -----------------------------------------------------------------------------

says "1 the policy's own PUK or key, presented: no: InitialPUK= of $CONF_DIR/descriptions/puk.dsc: dialog*" \
	"row 1: a dialog is no secret of the policy's"
says "2 the PIN letter, by C_Login: no: dialog" "row 2: a dialog is no letter"
explain
says "by C_SetPIN and p11-latch unblock: yes" "row 4: any value may be tried"
says "by C_Login: yes" "row 4: by C_Login, where a wrong one costs nothing"
says "C_InitPIN on this card now: begins a personalization, since the card has no PIN so far" "a new card"

policy_clear
policy <<-'EOT'
	Personalize=personalize.dsc
	Unblock=literal.dsc
EOT
explain
says "PIN=                 literal on line 5" "a literal"
says "PUK=                 field NEW, default on line 2" "a default"
says "1 the policy's own PUK or key, presented: yes: InitialPUK= of" "row 1: a literal is the policy's"
says "PIN= is the same for every card, and PinLetter=yes does not stand there" "row 2: no letter"
says "by C_Login: no: the policy holds the PUK or key" "row 4: nothing is tried"
printf 'PinLetter=yes\nUnblockByLogin=no\nBlockMethod=lock\nBlockAfter=finalize\nPersonalizeOn=command\n' \
	>"$SCRATCH/more"
sed -i "3r $SCRATCH/more" "$POLICY"
explain
says "2 the PIN letter, by C_Login: yes: PIN= of*(PinLetter=yes); 0 wrong so far" "row 2: PinLetter=yes"
says "presented: yes:*; not by C_Login (UnblockByLogin=no)" "row 1: UnblockByLogin=no"
says "for who may use InitialPUK= of the policy; not by C_Login (UnblockByLogin=no)" "the last row: the same"
says "by lock, wrong PINs until the card locks itself: BlockMethod=lock" "how it is blocked, and why"
says "proof that it can be unlocked again: none so far" "no proof so far"
says "calls C_Finalize (BlockAfter=finalize)" "when it is blocked"
says "under p11-latch personalize and p11-latch apply only" "what begins a personalization"

# --- Sources --------------------------------------------------------------------------------------

policy_clear
policy <<-EOT
	Personalize=personalize.dsc
	Unblock=letter.dsc
	Field.KEY=file:$KEYS/{serial}
	Field.PIN=env:LETTER_PIN
EOT
explain
says "NewCardManagerKey=   field NEW, which has neither a source in the binding nor a default" "no source"
says "CardManagerKey=      FAILS: field KEY, file:$KEYS/{serial} -> $KEYS/$SERIAL: is not there" "a missing file"
says "PIN=                 FAILS: field PIN, environment variable LETTER_PIN: not set here" "no variable"
says "ClearFields=         PIN,NEW" "fields that are wiped"
explain LETTER_PIN=
says "environment variable LETTER_PIN: empty here" "an empty variable"
explain LETTER_PIN=86421357
says "environment variable LETTER_PIN: set here" "a variable"
: >"$KEYS/$SERIAL"
explain
says "$KEYS/$SERIAL: is empty" "an empty file"
echo 0123 >"$KEYS/$SERIAL"
explain
says "$KEYS/$SERIAL: there, but no good key: a key has 32 digits" "a file that holds no key"
echo "$KEY" >"$KEYS/$SERIAL"
chmod 666 "$KEYS/$SERIAL"
explain
says "$KEYS/$SERIAL: can be written by others (mode 0666)" "a file that others can write"
chmod 600 "$KEYS/$SERIAL"
explain
says "$KEYS/$SERIAL: there (this card's own)" "a file"
says "1 the policy's own PUK or key, presented: yes: CardManagerKey= of" "row 1: a file is the policy's"
says "else CardManagerKey= of $CONF_DIR/descriptions/letter.dsc" "what the card is scrambled with"
says "- nothing presented (p11-latch unblock, an empty old PIN): yes" "the last row"
says "the helper is spawned: whoever may read the policy may do all of it" "who may do what"
chmod 000 "$KEYS/$SERIAL"
# Root reads what it likes; the state directory is another's then.
chown -R nobody "$SCRATCH/softhsm" "$STATE"
OUT=$(setpriv --reuid nobody --regid nogroup --clear-groups "$CMD" explain "pkcs11:token=$LABEL" 2>&1)
says "FAILS: field KEY, file:*: may not be read by this user" "a file that may not be read"
chown -R root "$SCRATCH/softhsm" "$STATE"
chmod 600 "$KEYS/$SERIAL"

# --- States of the card ---------------------------------------------------------------------------

policy_clear
policy <<-'EOT'
	Personalize=personalize.dsc
	Unblock=literal.dsc
	PinLetter=yes
EOT
session_start desk "$LATCH"
must desk login so "$SO"
must desk init-pin "$PIN"
explain
says ": personalizing, in a reader" "personalizing"
says "C_InitPIN on this card now: goes on with the personalization" "personalizing: C_InitPIN"
must desk close
must desk finalize
drive_stop desk
find "$SCRATCH/softhsm" "$STATE" -type f -exec cksum {} + | sort >"$SCRATCH/before"
explain
says ": blocked by scramble, in a reader" "blocked"
says "Unblocking, now" "blocked: the rows apply now"
says "C_InitPIN on this card now: is an unblock by the application itself" "blocked: C_InitPIN"
is "$(find "$SCRATCH/softhsm" "$STATE" -type f -exec cksum {} + | sort)" "$(cat "$SCRATCH/before")" \
	"card, records and private state are as they were"
for wrong in 1 2 3; do
	login_rv "$LATCH" user 99999$wrong >/dev/null
	explain
done
says "2 the PIN letter, by C_Login: no: too many wrong ones were presented; p11-latch reset" "a letter that is closed"
"$CMD" reset "pkcs11:token=$LABEL" >/dev/null
explain
says "2 the PIN letter, by C_Login: yes" "and opened again"
is "$("$CMD" unblock "pkcs11:token=$LABEL" --puk "$SO" 2>&1 | grep -c unblocked)" 1 "unblocked"
explain
says "Unblocking, once the card is blocked" "active: the rows do not apply now"
says "resets a forgotten PIN, since the card is in use" "active: C_InitPIN"
says "yes: PUK= of $CONF_DIR/descriptions/literal.dsc" "the new PUK is the one now valid"
mv "$SCRATCH/softhsm" "$SCRATCH/pulled"
mkdir "$SCRATCH/softhsm"
explain
says ": active, not in a reader" "a card that is not in a reader"
rmdir "$SCRATCH/softhsm"
mv "$SCRATCH/pulled" "$SCRATCH/softhsm"

# --- Behind the sockets ---------------------------------------------------------------------------

latch_conf "unix:$SCRATCH/run/helper.sock"
helper_socket operators --operators
explain
is "$STATUS" 0 "behind the operators' socket: exit status"
says "literal.dsc" "behind the operators' socket"
says "root and the operators (operators.sock beside $SCRATCH/run/helper.sock): all of it" \
	"behind a socket: who may do what"
helper_socket_stop operators
helper_socket helper
OUT=$(setpriv --reuid nobody --regid nogroup --clear-groups "$CMD" explain pkcs11: 2>&1)
is $? 1 "behind the socket for all: exit status"
says "p11-latch explain is refused: only operators may" "behind the socket for all: refused"
helper_socket_stop helper
latch_conf "spawn:$HELPER"

# --- Errors ---------------------------------------------------------------------------------------

policy "pkcs11:manufacturer=SoftHSM%20project;token=other" <<-'EOT'
	Profile=nothing
EOT
sed -i "s/token=other/token=$LABEL/" "$POLICY"
explain
is "$STATUS" 1 "no such profile: exit status"
says "there is no profile \"nothing\"" "no such profile"
echo 'nonsense' >>"$POLICY"
explain
is "$STATUS" 1 "a policy with errors: exit status"
says "run p11-latch check" "a policy with errors: what to do"
policy_clear
"$CMD" explain >/dev/null 2>&1
is $? 2 "no URI: exit status"
"$CMD" explain pkcs11:token=nowhere >/dev/null 2>&1
is $? 1 "no card matches: exit status"
"$CMD" explain softhsm >/dev/null 2>&1
is $? 1 "not a URI: exit status"
passes "explain --help" "$CMD" explain --help

# shellcheck disable=SC2086
for value in $VALUES; do
	is "$(grep -c -F -e "$value" "$SCRATCH/everything")" 0 "$value stands nowhere in all of that"
done
no_secret "nor in log and state" $VALUES

# --- The other token ------------------------------------------------------------------------------

token_start opencryptoki
latch_setup
describe
policy <<-'EOT'
	Personalize=personalize.dsc
	Unblock=puk.dsc
EOT
explain
says "opencryptoki: found by" "opencryptoki: the profile"
says "known by: manufacturer, model, serial number and label" "opencryptoki: the label counts"
says "by lock, wrong PINs until the card locks itself: BlockMethod=auto, and the profile says so" \
	"opencryptoki: how it is blocked"
says "yes, while at least two SO tries remain; 3 now" "opencryptoki: row 4, its tries"
says "by C_Login: no: UnblockByLogin=auto, and a wrong one costs the card an SO try" \
	"opencryptoki: row 4 by C_Login"
# governed LINE...: by these alone, and explained.
governed() {
	policy_clear
	printf '%s\n' "$@" | policy
	explain
}

governed Personalize=personalize.dsc Unblock=puk.dsc UnblockByLogin=yes BlockMethod=scramble
says "by C_Login: yes" "opencryptoki: UnblockByLogin=yes"
says "by scramble*: BlockMethod=scramble" "opencryptoki: BlockMethod=scramble"
governed Personalize=personalize.dsc Unblock=puk.dsc UnblockByLogin=no
says "by C_Login: no: UnblockByLogin=no" "opencryptoki: UnblockByLogin=no"
governed Personalize=puk.dsc
says "never: the description has no BlockCard=true" "opencryptoki: nothing that blocks"
says "2 the PIN letter, by C_Login: no: the binding has no Unblock=" "opencryptoki: no Unblock="
says "by C_Login: no: the binding has no Unblock=" "opencryptoki: no Unblock=, row 4"
governed Personalize=personalize.dsc Unblock=puk.dsc Profile.Block=none
says "refused: nothing can block a token of this module (Profile.Block=none)" "opencryptoki: Profile.Block=none"
governed BlockMethod=lock
says "1 the policy's own PUK or key, presented: no: the binding has neither Unblock= nor Personalize=" \
	"opencryptoki: neither"
description pad <<-'EOT'
	[Description]
	SetPIN=true
	PIN=!FROM_PROTECTED_AUTHENTICATION_PATH
	InitialPUK=!FROM_PROTECTED_AUTHENTICATION_PATH
EOT
governed Personalize=personalize.dsc Unblock=pad.dsc
says "typed on the reader's PIN pad, by C_SetPIN without values: no: this token shows none" "opencryptoki: no PIN pad"
description asked <<-'EOT'
	[Fields]
	NEW=
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_2_FIELD
	InitialPUK=NEW
EOT
governed Personalize=personalize.dsc Unblock=asked.dsc Field.NEW=dialog
says "InitialPUK=*field NEW, dialog: a person is asked, or the application is" "opencryptoki: a field that is asked for"
governed Personalize=personalize.dsc Unblock=puk.dsc UnblockByLogin=yes
rv=$(login_rv "$MODULE" so 00000000)
explain
says "tries remain; 2 now" "opencryptoki: one try less"
says "by C_Login: no: fewer than three SO tries are known to remain" "opencryptoki: too few for C_Login"
login_rv "$MODULE" so 00000000 >/dev/null
explain
says "no: only the last SO try remains; unblock --last-try spends it" "opencryptoki: the last try"
is "$rv" CKR_PIN_INCORRECT "opencryptoki: they were wrong"
description letter <<-EOT
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_2_FIELD
	CardManagerKey=#$KEY
EOT
policy_clear
policy <<-'EOT'
	Unblock=letter.dsc
EOT
explain
says "literal on line 4, but this module takes a PUK, no card manager key" "opencryptoki: takes no key"
says "never: the binding has no Personalize=, as a pick-up desk's" "a pick-up desk"
token_stop

# --- A token and a module whose names are for the terminal ----------------------------------------

. "$SRCDIR/tests/lib/imitations.sh"
imitation_start hostile
printf '\033[5mSERIAL\377%s\n' "$(sed 's/^[^ ]*//' "$FORGED_DIR/token")" >"$FORGED_DIR/token.new"
mv "$FORGED_DIR/token.new" "$FORGED_DIR/token"
latch_setup
"$CMD" explain pkcs11: >"$SCRATCH/terminal" 2>&1
says_names=$(LC_ALL=C grep -a 'no other is known by' "$SCRATCH/terminal")
like "$says_names" "*the library's manufacturer \"\\\\x1B[[]2Jmaker\\\\x07\" and description \"\\\\xFFabout*" \
	"names of the library: no byte is raw"
like "$says_names" "*and the token's manufacturer \"\\\\x1B[[]31mtoken\\\\x07\" and model \"\\\\x9Bcard\\\\x7F\"" \
	"names of the token: no byte is raw"
"$CMD" status >>"$SCRATCH/terminal" 2>&1
"$CMD" probe pkcs11: >>"$SCRATCH/terminal" 2>&1
like "$(LC_ALL=C grep -a 'serial number' "$SCRATCH/terminal")" '*\\x1B[[]5mSERIAL\\xFF*' "probe: nor of its serial number"
is "$(LC_ALL=C grep -a -c '[^ -~]' "$SCRATCH/terminal")" 0 "nothing in all of it is for the terminal"

# --- Smart cards ----------------------------------------------------------------------------------

# card_explained KIND PROFILE: of a card from the factory, in OUT.
card_explained() {
	token_start "$1"
	latch_setup
	describe
	policy <<-'EOT'
		Personalize=personalize.dsc
		Unblock=puk.dsc
	EOT
	OUT=$("$CMD" explain "pkcs11:token=$(printf '%s' "$LABEL" | jq -sRr @uri)" 2>&1)
	like "$OUT" "*  $2: found by*" "$1: the profile"
}

no_init_pin() {
	like "$OUT" "*begins under p11-latch personalize only: this module has no C_InitPIN*" "$1: what begins a personalization"
	unlike "$OUT" "*C_InitPIN on this card now*" "$1: no C_InitPIN"
	echo PersonalizeOn=set-pin >"$SCRATCH/more"
	sed -i "2r $SCRATCH/more" "$POLICY"
	OUT=$("$CMD" explain pkcs11: 2>&1)
	like "$OUT" "*  begins with the first C_SetPIN as user on a card without a record*" "$1: PersonalizeOn=set-pin"
	token_stop
}

card_explained openpgp opensc-openpgp
like "$OUT" "*unblocked by: login as SO, and C_InitPIN*" "openpgp: the call that unblocks"
like "$OUT" "*begins with C_InitPIN on a new card*" "openpgp: what begins a personalization"
token_stop
card_explained piv-opensc opensc-piv
like "$OUT" "*unblocked by: C_SetPIN with the PUK, without a login*" "piv-opensc: the call that unblocks"
no_init_pin piv-opensc
card_explained piv-ykcs11 yubikey
like "$OUT" "*unblocked by: C_SetPIN with \"puk:\" and the PUK*" "piv-ykcs11: the call that unblocks"
no_init_pin piv-ykcs11
done_testing
