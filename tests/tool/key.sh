# SPDX-License-Identifier: BSD-3-Clause
# p11-latch key: new card manager keys of each kind, their check values, and what is wrong with others.
set -u
. "$SRCDIR/tests/lib/tap.sh"

CMD=$BUILDDIR/p11-latch
# No card, no vendor module, no configuration.
P11_LATCH_CONF=/nowhere
export P11_LATCH_CONF

# make WORD...: a new key in KEY, what stands on standard error in SAID, the exit status in STATUS.
make() {
	KEY=$("$CMD" key new "$@" 2>"$SCRATCH/said")
	STATUS=$?
	SAID=$(cat "$SCRATCH/said")
}

# check KEY [WORD...]: OUT and STATUS.
check() {
	check_key=$1
	shift
	OUT=$(printf '%s\n' "$check_key" | "$CMD" key check "$@" 2>&1)
	STATUS=$?
}

# encrypted HEX CIPHER KEY: by OpenSSL, as upper case digits.
encrypted() {
	printf '%s' "$1" | xxd -r -p | openssl enc "$2" -nopad -K "$3" | xxd -p | tr -d '\n' | tr a-f A-F
}

# --- New keys -------------------------------------------------------------------------------------

ZERO=0000000000000000
ONES=01010101010101010101010101010101
for kind in 2des:32:2DES 3des:48:3DES aes128:32:AES-128 aes192:48:AES-192 aes256:64:AES-256; do
	option=${kind%%:*}
	digits=${kind#*:}
	name=${digits#*:}
	digits=${digits%:*}
	make "--$option"
	is "$STATUS" 0 "--$option: exit status"
	is "${#KEY},$(printf '%s' "$KEY" | tr -d 0-9A-F)" "$digits," "--$option: $digits digits"
	case $option in
	2des) kcv=$(encrypted $ZERO -des-ede3 "$KEY$(printf '%.16s' "$KEY")") ;;
	3des) kcv=$(encrypted $ZERO -des-ede3 "$KEY") ;;
	*) kcv=$(encrypted $ONES "-aes-${option#aes}-ecb" "$KEY") ;;
	esac
	kcv=$(printf '%.6s' "$kcv")
	is "$SAID" "p11-latch: $name key, key check value $kcv" "--$option: kind and check value on standard error"
	check "$KEY" "--$option"
	like "$STATUS,$OUT" "0,$name key
*check value:  $kcv
  verdict:      good" "--$option: key check finds it good, with that check value"
	first=$KEY
	make "--$option"
	[ "$first" != "$KEY" ] && ok "--$option: another one each time" || not_ok "--$option: another one each time"
done
make
is "${#KEY},${SAID%,*}" "48,p11-latch: 3DES key" "3DES where nothing is said"
check "$KEY"
like "$OUT" "3DES key, or AES-192
  length:       24 bytes
  parity:       odd
  parts:        all differ
  weak:         no part is
  well known:   no
  check value:  [0-9A-F]* (3DES), [0-9A-F]* (AES-192)
  verdict:      good" "key check says all of it"

# --- Into a file ----------------------------------------------------------------------------------

FILE=$SCRATCH/office.key
umask 000
make --out "$FILE"
is "$STATUS,$KEY" "0," "--out: nothing on standard output"
is "$(stat -c '%a %s' "$FILE")" "600 49" "--out: its owner alone can read it"
check "$(cat "$FILE")"
like "$STATUS,$OUT" "0,*${SAID##* } (3DES)*good" "--out: the key that was said stands in it"
before=$(cat "$FILE")
make --out "$FILE"
is "$STATUS" 1 "--out: a file that is there: exit status"
like "$SAID" "*$FILE is there already*" "--out: a file that is there: why"
is "$(cat "$FILE")" "$before" "--out: a file that is there is left alone"
ln -s "$SCRATCH/elsewhere" "$SCRATCH/link"
make --out "$SCRATCH/link"
is "$STATUS,$(ls "$SCRATCH/elsewhere" 2>/dev/null)" "1," "--out: nor through a link that points nowhere"
make --out "$SCRATCH/nowhere/key"
like "$STATUS,$SAID" "1,*$SCRATCH/nowhere/key: No such file or directory; no key was made" "--out: no such folder"
# A full disk: nothing is left that looks like a key.
install -d "$SCRATCH/full"
mount -t tmpfs -o size=4k tmpfs "$SCRATCH/full" && dd if=/dev/zero of="$SCRATCH/full/rest" bs=4k count=1 2>/dev/null
make --out "$SCRATCH/full/key"
like "$STATUS,$SAID,$(ls "$SCRATCH/full")" "1,*No space left on device; no key was made,rest" "--out: a full disk"
umount "$SCRATCH/full"
OUT=$("$CMD" key new 2>&1 >/dev/full)
like "$?,$OUT" "1,*standard output: No space left on device; no key was made" "standard output is full"
OUT=$("$CMD" key new 2>&1 >&-)
like "$?,$OUT" "1,*standard output: Bad file descriptor; no key was made" "standard output is closed"

# --- Checking others ------------------------------------------------------------------------------

A=0123456789ABCDEF
B=FEDCBA9876543210
C=1023456789ABCDEF
# finds KEY STATUS PATTERN TEXT [WORD...]
finds() {
	finds_key=$1 finds_status=$2 finds_pattern=$3 finds_text=$4
	shift 4
	check "$finds_key" "$@"
	# shellcheck disable=SC2254
	case $STATUS,$OUT in
	$finds_status,$finds_pattern) ok "$finds_text" ;;
	*) not_ok "$finds_text" "is:           $STATUS,$OUT" "should match: $finds_status,$finds_pattern" ;;
	esac
}
finds "$A$B$C" 0 "*parity:       odd*good" "a good key"
finds "01:23:45:67-89abcdef FEDCBA9876543210 1023456789ABCDEF" 0 "3DES*good" "with separators, in small letters"
finds "0022446688AACCEE$B$C" 0 "*parity:       not odd*good" "even parity is told, and no more"
finds "$A$A$C" 1 "*K1 = K2, no stronger than DES*bad*" "K1 = K2"
finds "$A$B$B" 1 "*K2 = K3, no stronger than DES*bad*" "K2 = K3"
finds "$A$B$A" 0 "*K1 = K3, no stronger than 2DES*good" "K1 = K3 is told, and no more"
finds "$A$A" 1 "2DES*K1 = K2*bad*" "2DES, K1 = K2"
finds "$A$A" 0 "AES-128*good" "the same as an AES key" --aes128
finds "${A}0101010101010101$C" 1 "*K2 is a weak key of DES*bad*" "a weak part"
finds "${A}${B}FE01FE01FE01FE01" 1 "*K3 is a semi-weak key of DES*bad*" "a semi-weak part"
finds "$ZERO$ZERO$ZERO" 1 "*well known:   yes*8CA64D (3DES)*bad*" "24 zero bytes"
finds 010203040506070801020304050607080102030405060708 1 "*well known:   yes*bad*" "0102030405060708 three times"
finds 404142434445464748494A4B4C4D4E4F 1 "*well known:   yes*8BAF47 (2DES), 504A77 (AES-128)*bad*" \
	"GlobalPlatform's test key"
finds "$ZERO$ZERO$ZERO$ZERO" 1 "AES-256*well known:   yes*bad*" "32 zero bytes"
finds "$A$B$C" 1 "*48 digits, and a key of 2DES has 32*" "of another kind than asked for" --2des
finds "${A}01" 1 "*a key has 32 digits (2DES, AES-128), 48 (3DES, AES-192) or 64 (AES-256)" "of no length"
finds "O123456789ABCDEF$B" 1 "*hexadecimal digits*" "no digits"
finds "" 1 "*a key has 32*" "an empty line"
OUT=$("$CMD" key check </dev/null 2>&1)
like "$?,$OUT" "1,*standard input has no line for it*" "nothing"

# --- JSON -----------------------------------------------------------------------------------------

# json KEY FILTER [WORD...]: what jq makes of it.
json() {
	json_key=$1 json_filter=$2
	shift 2
	printf '%s\n' "$json_key" | "$CMD" key check --json "$@" | jq -c -r "$json_filter"
}
is "$(json "$A$B$C" '[.good, .kind, .bytes, .odd_parity, .weak, .semi_weak, .equal, .well_known]')" \
	'[true,"3DES",24,true,[],[],[],false]' "--json: a good key"
is "$(json "$A$B$C" '.check_values | to_entries | map(.key + " " + .value) | join(", ")')" \
	"3DES $(encrypted $ZERO -des-ede3 "$A$B$C" | cut -c1-6), AES-192 $(encrypted $ONES -aes-192-ecb "$A$B$C" | cut -c1-6)" \
	"--json: check values"
is "$(json "01FE01FE01FE01FE0101010101010101FFFFFFFFFFFFFFFF" '[.good, .weak, .semi_weak, .odd_parity]')" \
	'[false,["K2","K3"],["K1"],false]' "--json: weak parts"
is "$(json "$A$A$A" '.equal')" '["K1=K2","K2=K3","K1=K3"]' "--json: equal parts"
is "$(json "$A$A" '[.good, .kind, has("weak"), (.check_values | keys)]' --aes128)" \
	'[true,"AES-128",false,["AES-128"]]' "--json: AES"
is "$(json 0 '[.good, (.fault | startswith("a key has"))]')" '[false,true]' "--json: no key"
done_testing
