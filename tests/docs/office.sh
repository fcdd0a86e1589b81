# SPDX-License-Identifier: BSD-3-Clause
# What OFFICE.md and HELPDESK.md say to write and to type, written and typed: keys, descriptions, bindings, responses.
set -u
. "$SRCDIR/tests/lib/all.sh"

OFFICE=$SRCDIR/OFFICE.md
EXAMPLES=$SRCDIR/conf/descriptions

# block HEADING N: the Nth indented block under the heading that begins so, as it would be pasted.
block() {
	awk -v heading="## $1" -v wanted="$2" '
		/^## / { here = index($0, heading) == 1; next }
		here && /^    / { if (!inside) { n++; inside = 1 } if (n == wanted) print pending substr($0, 5); pending = ""; next }
		here && /^$/ && inside { if (n == wanted) pending = pending "\n"; ended = 1; next }
		{ inside = 0; pending = "" }' "$OFFICE"
}

token_start softhsm
latch_setup
SERIAL=$("$CMD" status --json "pkcs11:token=$LABEL" 2>/dev/null | jq -r '.[0].serial')
[ -n "$SERIAL" ] || bail_out "the token has no serial number"
install -d -m 700 "$CONF_DIR/keys" "$CONF_DIR/new-keys"

# here: what stands on standard input, for this folder and this card.
here() {
	sed -e "s|/etc/p11-latch/|$CONF_DIR/|g" -e "s|4711|$SERIAL|g"
}

# good TEXT: no error in configuration, policy and descriptions.
good() {
	OUT=$("$CMD" check 2>&1)
	is "$?,$(printf '%s\n' "$OUT" | grep ': error:')" "0," "$1: p11-latch check has no error"
}

# --- The office -----------------------------------------------------------------------------------

block 1. 1 | here | sed "s|p11-latch key|'$CMD' key|; s/ *#.*//" >"$SCRATCH/keys.sh"
is "$(wc -l <"$SCRATCH/keys.sh")" 2 "1: two commands"
OUT=$(sh -e "$SCRATCH/keys.sh" 2>&1)
like "$?,$OUT" "0,*verdict:      good" "1: a key is made, and good"
block 2. 1 >"$CONF_DIR/descriptions/offline.dsc"
passes "2: the description is the one that is installed" \
	cmp "$CONF_DIR/descriptions/offline.dsc" "$EXAMPLES/offline.dsc"
block 2. 2 >>"$CONF_DIR/descriptions/offline.dsc"
passes "2: and blocks" grep -q BlockCard=true "$CONF_DIR/descriptions/offline.dsc"
block 3. 1 | here >"$POLICY"
good "3: the office"
like "$("$CMD" explain "pkcs11:token=$LABEL" 2>&1)" "*offline.dsc*-> $CONF_DIR/keys/$SERIAL: there*" \
	"3: the binding governs the card, and has its key"

# --- The holder -----------------------------------------------------------------------------------

block 5. 2 >"$CONF_DIR/descriptions/unblock-offline.dsc"
passes "5: the description is the one that is installed" \
	cmp "$CONF_DIR/descriptions/unblock-offline.dsc" "$EXAMPLES/unblock-offline.dsc"
cp "$POLICY" "$SCRATCH/office.conf"
block 5. 1 >"$POLICY"
good "5: the holder"
is "$(grep -c -i -e key -e file: "$POLICY")" 0 "5: no key is in that policy"
cp "$SCRATCH/office.conf" "$POLICY"

# --- The helpdesk ---------------------------------------------------------------------------------

# typed FILE KEY: the lines of FILE that compute a response, each with the key.
typed() {
	grep -o '^  *p11-latch respond [^`]*' "$1" | here |
		sed "s|^ *p11-latch|'$CMD'|; s|=NUMBER|=$SERIAL|; s|@FILE|@$2|; s|@office.key|@$2|"
}
KEY=$CONF_DIR/keys/$SERIAL
right=$(printf A892D75601617C5D | xxd -r -p | openssl enc -des-ede3 -nopad -K "$(cat "$KEY")" | xxd -p | tr a-f A-F)
for document in "$OFFICE" "$SRCDIR/HELPDESK.md"; do
	name=${document##*/}
	typed "$document" "$KEY" >"$SCRATCH/respond.sh"
	[ -s "$SCRATCH/respond.sh" ] && ok "$name: has what to type" || not_ok "$name: has what to type"
	while read -r line; do
		OUT=$(sh -c "$line" </dev/null 2>&1)
		is "$?,$(printf '%s' "$OUT" | tr -d ' ')" "0,$right" "$name: $(printf '%s' "$line" | cut -d' ' -f2-4)..."
	done <"$SCRATCH/respond.sh"
done
# What stands there as the answer is the answer to what stands there, under the key of the manual's known answer.
echo 000102030405060708090A0B0C0D0E0F1011121314151617 >"$SCRATCH/known"
OUT=$("$CMD" respond --challenge A892 D756 0161 7C5D --field "CARD_MANAGER_KEY=@$SCRATCH/known")
passes "HELPDESK.md: the response that is read out" grep -q -F "\`$OUT\`" "$SRCDIR/HELPDESK.md"
passes "OFFICE.md: the same, as it is typed" grep -q -F -e "--response $(printf '%s' "$OUT" | tr -d ' ')" "$OFFICE"

# --- Another key ----------------------------------------------------------------------------------

block 8. 1 >"$CONF_DIR/descriptions/rotate.dsc"
{
	grep -v ^Personalize= "$SCRATCH/office.conf"
	echo Unblock=rotate.dsc
	grep -o 'Field.NEW_CARD_MANAGER_KEY=[^`]*' "$OFFICE" | here
} >"$POLICY"
good "8: another key"
block 8. 2 | here | sed -n "s|p11-latch key|'$CMD' key|p" >"$SCRATCH/keys.sh"
passes "8: it is made" sh -e "$SCRATCH/keys.sh"
passes "8: and good" "$CMD" key check --3des <"$CONF_DIR/new-keys/$SERIAL"
OUT=$("$CMD" respond --uri "pkcs11:token=$LABEL;serial=$SERIAL" --challenge A892D75601617C5D 2>&1)
like "$(printf '%s' "$OUT" | tr -d ' \n')" "*NewCardManagerKey=*$right" "8: respond answers with the old one, and warns"
done_testing
