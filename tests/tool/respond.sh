# SPDX-License-Identifier: BSD-3-Clause
# p11-latch respond: the helpdesk's answer. Known answers, OpenSSL's, typing errors, and keys from the policy.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/secrets.sh"

CMD=$BUILDDIR/p11-latch
KEY=000102030405060708090A0B0C0D0E0F1011121314151617
KEY_2DES=000102030405060708090A0B0C0D0E0F
KEY_AES256=000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F
CHALLENGE="A892 D756 0161 7C5D"
# No card, no vendor module, no configuration.
P11_LATCH_CONF=/nowhere
export P11_LATCH_CONF

# respond KEY WORD...: OUT and STATUS; all that was said is searched for keys later.
EVERYTHING=$SCRATCH/everything
respond() {
	respond_key=$1
	shift
	OUT=$(printf '%s\n' "$respond_key" | "$CMD" respond "$@" --field CARD_MANAGER_KEY=- 2>&1)
	STATUS=$?
	printf '%s\n' "$OUT" >>"$EVERYTHING"
}

# --- Known answers --------------------------------------------------------------------------------

respond $KEY --challenge "$CHALLENGE"
is "$STATUS,$OUT" "0,8284 10B3 80EA 38ED" "3DES: in groups of four, without a configuration"
respond 000000000000000000000000000000000000000000000000 --challenge "$CHALLENGE"
like "$STATUS,$OUT" "0,*1951 EC3E F81B BABB*" "24 zero bytes"
like "$OUT" "*warning: this is a well-known default key*" "24 zero bytes: a warning"
respond $KEY_2DES --challenge "$CHALLENGE"
is "$STATUS,$OUT" "0,E37F A0A1 1393 BE7A" "2DES: K1 K2 K1"
respond "${KEY_2DES}0001020304050607" --challenge "$CHALLENGE"
is "$STATUS,$OUT" "0,E37F A0A1 1393 BE7A" "2DES, written as K1 K2 K1"
AES_CHALLENGE=00112233445566778899aabbccddeeff
respond $KEY_2DES --challenge $AES_CHALLENGE
is "$STATUS,$OUT" "0,69C4 E0D8 6A7B 0430 D8CD B780 70B4 C55A" "AES-128"
respond $KEY --challenge $AES_CHALLENGE
is "$STATUS,$OUT" "0,DDA9 7CA4 864C DFE0 6EAF 70A0 EC0D 7191" "AES-192"
respond $KEY_AES256 --challenge $AES_CHALLENGE
is "$STATUS,$OUT" "0,8EA2 B7CA 5167 45BF EAFC 4990 4B49 6089" "AES-256"

# The command as a whole, and OpenSSL's; tests/unit/test_response has many more pairs.
wrong=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	key=$("$CMD" key new --3des 2>/dev/null)
	challenge=$(openssl rand -hex 8)
	respond "$key" --challenge "$challenge"
	right=$(printf '%s' "$challenge" | xxd -r -p |
		openssl enc -des-ede3-cbc -nopad -iv 0000000000000000 -K "$key" | xxd -p | tr a-f A-F)
	[ "$(printf '%s' "$OUT" | tr -d ' ')" = "$right" ] || wrong="$wrong $i: $key $challenge: $OUT, not $right"
done
is "$wrong" "" "openssl enc -des-ede3-cbc agrees over random pairs"

# --- How a challenge is typed ---------------------------------------------------------------------

for typed in A892D75601617C5D a892d75601617c5d "a892 d756-0161:7c5d" "A8 92 D7 56 01 61 7C 5D" " A892.D756.0161.7C5D "; do
	respond $KEY --challenge "$typed"
	is "$STATUS,$OUT" "0,8284 10B3 80EA 38ED" "typed as '$typed'"
done
# shellcheck disable=SC2086
respond $KEY --challenge $CHALLENGE
is "$STATUS,$OUT" "0,8284 10B3 80EA 38ED" "typed as four words"
OUT=$(printf '%s\n%s\n' "$CHALLENGE" $KEY | "$CMD" respond --challenge - --field CARD_MANAGER_KEY=-)
is "$?,$OUT" "0,8284 10B3 80EA 38ED" "challenge and key from standard input"
printf '%s\n' $KEY >"$SCRATCH/key"
OUT=$("$CMD" respond --challenge "$CHALLENGE" --field "CARD_MANAGER_KEY=@$SCRATCH/key" 2>&1)
is "$?,$OUT" "0,8284 10B3 80EA 38ED" "the key from a file"
OUT=$("$CMD" respond --challenge "$CHALLENGE" --field "CARD_MANAGER_KEY=$KEY" 2>&1)
like "$?,$OUT" "0,*warning: field CARD_MANAGER_KEY stands on the command line*8284 10B3 80EA 38ED" \
	"the key on the command line: a warning"

# refused KEY CHALLENGE PATTERN TEXT
refused() {
	respond "$1" --challenge "$2"
	like "$STATUS,$OUT" "1,p11-latch: $3" "$4"
}
refused $KEY "A892 D756 O161 7C5D" 'the challenge: character 11 is "O"*was it a 0[?]' "O for 0"
refused $KEY "A892 D756 01l1 7C5D" 'the challenge: character 13 is "l"*was it a 1[?]' "l for 1"
refused $KEY "A892 P756 0161 7C5D" 'the challenge: character 6 is "P"*have it read out again' "no digit"
refused $KEY "A892 D756 161 7C5D" "the challenge: 15 digits*; group 3 has 3, the others have 4" "a digit is missing"
refused $KEY "A892 D756 0161 77C5D" "the challenge: 17 digits*; group 4 has 5, the others have 4" "a digit too many"
refused $KEY "A892 D756 0161" "the challenge: 12 digits, where there are to be 16*" "a group is missing"
refused $KEY "$CHALLENGE $CHALLENGE $CHALLENGE" "the challenge: 48 digits*" "never more than one block"
refused $KEY "" "the challenge: 0 digits*" "nothing"
# Under 3DES this would be two blocks: it is one of AES-192.
respond $KEY --challenge "$CHALLENGE $CHALLENGE"
unlike "$OUT" "*8284 10B3 80EA 38ED*" "never two blocks"
respond $KEY --challenge "$(head -c 5000 /dev/zero | tr '\0' A)"
is "$STATUS" 2 "5000 digits"

# --- Keys that do not fit -------------------------------------------------------------------------

refused $KEY_AES256 "$CHALLENGE" "this key is an AES key, whose challenges have 32 digits*" "an AES key, a short challenge"
refused "${KEY}0" "$CHALLENGE" "the card manager key: a key has 32 digits*" "a key of no length"
refused "${KEY%7}x" "$CHALLENGE" "the card manager key: *hexadecimal digits*" "a key with a character that is no digit"
refused "0001020304050607000102030405060708090A0B0C0D0E0F" "$CHALLENGE" \
	"the card manager key: *no stronger than DES*" "a DES key in disguise"

# --- JSON -----------------------------------------------------------------------------------------

respond $KEY --challenge "$CHALLENGE" --json
is "$(printf '%s' "$OUT" | jq -c '[.challenge, .response, .spoken, .kind, .key_check_value]')" \
	'["A892D75601617C5D","828410B380EA38ED","8284 10B3 80EA 38ED","3DES","894BC3"]' "--json"
respond $KEY_AES256 --challenge $AES_CHALLENGE --json
is "$(printf '%s' "$OUT" | jq -c '[.challenge, .response, .kind, .key_check_value]')" \
	'["00112233445566778899AABBCCDDEEFF","8EA2B7CA516745BFEAFC49904B496089","AES-256","75E208"]' "--json, AES"
printf '%s' "$OUT" >"$EVERYTHING.json"
OUT=$("$CMD" respond --challenge "$CHALLENGE" --field "CARD_MANAGER_KEY=@$SCRATCH/key" 2>&1 >/dev/full)
like "$?,$OUT" "1,*standard output: No space left on device" "a response that nobody gets: exit status"

# --- From the policy ------------------------------------------------------------------------------

# The card is elsewhere, and so is its module.
# shellcheck disable=SC2034
MODULE=/nowhere/vendor.so
latch_setup
install -d -m 700 "$SCRATCH/keys"
printf '%s\n' $KEY >"$SCRATCH/keys/4711"
printf '%s\n' $KEY_2DES >"$SCRATCH/keys/acme-0815"
description offline <<-'EOT'
	[Fields]
	CARD_MANAGER_KEY=
	[Description]
	InitCRKey=true
	UseCardManagerKey=true
	CardManagerKey=CARD_MANAGER_KEY
EOT
description puk <<-'EOT'
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_2_FIELD
	InitialPUK=!FROM_USER_DIALOG_1_FIELD
EOT
description change <<-EOT
	[Fields]
	NEW=
	[Description]
	SetPIN=true
	CardManagerKey=#$KEY
	NewCardManagerKey=NEW
EOT

# asked PATTERN TEXT WORD...: without a key, and nothing on standard input.
asked() {
	asked_pattern=$1 asked_text=$2
	shift 2
	OUT=$("$CMD" respond --challenge "$CHALLENGE" "$@" </dev/null 2>&1)
	like "$?,$OUT" "$asked_pattern" "$asked_text"
	printf '%s\n' "$OUT" >>"$EVERYTHING"
}

policy "pkcs11:manufacturer=Acme;model=One" <<-EOT
	Personalize=offline.dsc
	Field.CARD_MANAGER_KEY=file:$SCRATCH/keys/{serial}
EOT
asked "0,8284 10B3 80EA 38ED" "--uri: the card's own file, by its serial number" --uri "pkcs11:serial=4711"
asked "0,8284 10B3 80EA 38ED" "a URI alone, as status prints it" \
	"pkcs11:manufacturer=Acme;model=One;serial=4711;token=alice"
logged "pkcs11:serial=4711: the response to challenge A892 D756 0161 7C5D was given" "which card was answered is logged"
asked "1,*$SCRATCH/keys/4712 is not there*" "a card that has no key here" --uri "pkcs11:serial=4712"
asked "1,*pkcs11:token=alice: the card's key is in $SCRATCH/keys/{serial}, and this URI says no serial=; ask the holder*" \
	"a URI without what the file needs" --uri "pkcs11:token=alice"
unlike "$OUT" "*the token has no*" "and nothing is said of a token"
respond $KEY_2DES --challenge "$CHALLENGE" --uri "pkcs11:token=alice"
is "$STATUS,$OUT" "0,E37F A0A1 1393 BE7A" "a key that is given needs no file"
asked "1,*no binding in * is for this card*" "a card of another kind" --uri "pkcs11:model=Two;serial=4711"
asked "1,*not a PKCS#11 URI*" "no URI" --uri "serial=4711"
respond $KEY_2DES --challenge "$CHALLENGE" --uri "pkcs11:serial=4711"
is "$STATUS,$OUT" "0,E37F A0A1 1393 BE7A" "--field comes before the policy's source"
printf '%s\n' $KEY_2DES >"$SCRATCH/given"
asked "1,*--field CARD_MANAGERKEY: there is no such field; did you mean CARD_MANAGER_KEY[?]; *offline.dsc declares \
CARD_MANAGER_KEY" "a field that there is not: no answer by the policy's key" \
	--uri "pkcs11:serial=4711" --field "CARD_MANAGERKEY=@$SCRATCH/given"

# A second kind: a serial number alone does not say which card it is.
policy "pkcs11:manufacturer=Acme;model=Two" <<-EOT
	Personalize=offline.dsc
	Field.CARD_MANAGER_KEY=file:$SCRATCH/keys/acme-{serial}
EOT
asked "1,*may be a card of the binding on line * or on line *" "two bindings: which is not known" --uri "pkcs11:serial=0815"
asked "0,E37F A0A1 1393 BE7A" "two bindings: the model says which" --uri "pkcs11:serial=0815;model=Two"
# One of a single card, and of what it makes of a URI that does not say it.
policy "pkcs11:serial=0815;model=Two" <<-'EOT'
	Unblock=puk.dsc
EOT
asked "1,*may be a card of the binding on line * or on line *" "nor by the model alone" --uri "pkcs11:model=Two;token=bob"
asked "1,*names no description with CardManagerKey=*" "the more specific binding governs, and has no key" \
	--uri "pkcs11:serial=0815;model=Two"

policy_clear
policy "pkcs11:model=One" <<-'EOT'
	Unblock=offline.dsc
	Field.CARD_MANAGER_KEY=dialog
EOT
asked "1,*Card manager key: there is no terminal to ask on; give --field CARD_MANAGER_KEY=- and it as a line*" \
	"a dialog, and no terminal" --uri "pkcs11:model=One"
policy_clear
policy "pkcs11:model=One" <<-'EOT'
	Unblock=change.dsc
EOT
asked "0,*also has NewCardManagerKey=*8284 10B3 80EA 38ED" "a key that is to be changed: a warning" --uri "pkcs11:model=One"
asked "1,*--field NEW: *change.dsc:5: CardManagerKey= is not that field, but no field*" "a field of another element" \
	--uri "pkcs11:model=One" --field "NEW=@$SCRATCH/given"
echo nonsense >"$POLICY"
asked "1,*policy.conf:1:*error:*" "an error in the policy" --uri "pkcs11:model=One"
rm "$POLICY"
asked "1,*policy.conf*is not there*" "no policy" --uri "pkcs11:model=One"

# --- On a terminal --------------------------------------------------------------------------------

prompted() {
	tail -n 1 "$SCRATCH/terminal" | grep -q "Card manager key: *$"
}
: >"$SCRATCH/terminal"
{
	wait_for 10 prompted && printf '%s\n' $KEY
} | script -qec "exec '$CMD' respond --challenge '$CHALLENGE'" /dev/null >>"$SCRATCH/terminal" 2>&1
like "$(cat "$SCRATCH/terminal")" "*Card manager key:*8284 10B3 80EA 38ED*" "the key is asked for on the terminal"
unlike "$(cat "$SCRATCH/terminal")" "*$KEY*" "without echo"

# --- What is left in memory -----------------------------------------------------------------------

if is_sanitized; then
	skip "no key and no response is left in memory" "a sanitizer has a malloc of its own"
else
	secrets_keep
	for words in "" --json; do
		# shellcheck disable=SC2086
		printf '%s\n' $KEY_2DES | "$CMD" respond --challenge "$CHALLENGE" --field CARD_MANAGER_KEY=- $words >"$SCRATCH/out"
	done
	like "$(cat "$SCRATCH/out")" '*"E37FA0A11393BE7A"*' "a response, of a process whose memory is kept"
	passes "its memory is there" ls "$DUMPS"/latch/p11-latch.*
	not_in "$DUMPS/latch" "no key and no response is left in memory" \
		$KEY_2DES "hex:$KEY_2DES" "E37F A0A1 1393 BE7A" E37FA0A11393BE7A hex:E37FA0A11393BE7A
	rm -f "$DUMPS"/latch/*
	made=$("$CMD" key new --2des 2>/dev/null)
	printf '%s\n' "$made" | "$CMD" key check >"$SCRATCH/out"
	like "$(cat "$SCRATCH/out")" "*good" "a key that was made and checked"
	is "$(find "$DUMPS/latch" -name 'p11-latch.*' | wc -l)" 2 "the memory of both is there"
	not_in "$DUMPS/latch" "nor does key new or key check leave the key" "$made" "hex:$made"
fi

is "$(grep -c -F -e $KEY -e $KEY_2DES "$EVERYTHING")" 0 "no key in what was printed"
no_secret "nor in the log, nor a response" $KEY $KEY_2DES 828410B380EA38ED "8284 10B3 80EA 38ED"
done_testing
