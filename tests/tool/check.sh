# SPDX-License-Identifier: BSD-3-Clause
# p11-latch check: every error and warning that there is, each at its place; JSON, carets, exit status.
set -u
. "$SRCDIR/tests/lib/all.sh"

token_start softhsm
latch_setup
DIR=$SCRATCH/files
mkdir "$DIR"

# check FILE...: its output in OUT, its exit status in STATUS.
check() {
	OUT=$("$CMD" check "$@" 2>&1)
	STATUS=$?
}

# finds NAME PLACE LEVEL TEXT: check of $DIR/NAME said so, at line:column, or "-" for the file as a whole.
finds() {
	finds_start=$DIR/$1:
	[ "$2" = - ] || finds_start=$DIR/$1:$2:
	if printf '%s\n' "$OUT" | grep -q -F -e "$finds_start $3: $4"; then
		ok "$1: $3: $4"
	else
		not_ok "$1: $3: $4" "should be there: $finds_start $3: $4" "$OUT"
	fi
	if [ "$3" = error ]; then
		is "$STATUS" 1 "$1: exit status"
	else
		is "$STATUS" 0 "$1: exit status"
	fi
}

# is_bad NAME PLACE TEXT: that file has that error. bad: the same, of what is on standard input.
is_bad() {
	check "$DIR/$1"
	finds "$1" "$2" error "$3"
}

bad() {
	cat >"$DIR/$1"
	is_bad "$@"
}

warns() {
	cat >"$DIR/$1"
	check "$DIR/$1"
	finds "$1" "$2" warning "$3"
}

# --- Descriptions ---------------------------------------------------------------------------------

bad section.dsc 2:1 "BlockCard= does not belong in [Description]" <<-'EOT'
	[Description]
	BlockCard=true
EOT
bad section2.dsc 2:1 "SetPIN= does not belong in [Application_X]" <<-'EOT'
	[Application_B]
	SetPIN=true
EOT
bad undeclared.dsc 6:5 "PIN= names a field that [Fields] does not declare; did you mean PIN_1?" <<-'EOT'
	[Fields]
	PIN_1=
	[Description]
	SetPIN=true
	InitialPUK=#12345678
	PIN=PIN_2
EOT
bad clear.dsc 7:15 "ClearFields= names a field that [Fields] does not declare" <<-'EOT'
	[Fields]
	A=
	[Description]
	SetPIN=true
	InitialPUK=A
	PIN=A
	ClearFields=A,QQQQQQQ
EOT
bad both.dsc 4:1 "InitialPUK= beside CardManagerKey= on line 5" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	InitialPUK=#12345678
	CardManagerKey=#0123456789ABCDEF1123456789ABCDEF
EOT
bad both2.dsc 5:1 "PUK= beside CardManagerKey= on line 4" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	CardManagerKey=#0123456789ABCDEF1123456789ABCDEF
	PUK=#12345678
EOT
bad nothing.dsc 2:1 "SetPIN=true with nothing to set" <<-'EOT'
	[Description]
	SetPIN=true
	InitialPUK=#12345678
EOT
bad boolean.dsc 2:11 "BlockCard= is neither true nor false; write true or false" <<-'EOT'
	[Application_B]
	BlockCard=yes
EOT
bad no-so.dsc 2:1 "InitialPUK= and CardManagerKey= are both missing" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
EOT
bad length.dsc 4:16 "CardManagerKey= is a key of wrong length" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	CardManagerKey=#0123456789ABCDEF11
EOT
bad digit.dsc 4:16 "CardManagerKey= is a key with a character that is no hexadecimal digit" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	CardManagerKey=#0123456789ABCDEF1123456789ABCDEG
EOT
bad halves.dsc 4:16 "CardManagerKey= is a 2DES or 3DES key with K1=K2 or K2=K3" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	CardManagerKey=#0123456789ABCDEF0123456789ABCDEF
EOT
bad empty.dsc 3:5 "PIN= is empty" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#
	InitialPUK=#12345678
EOT
printf '[Description]\nSetPIN=true\nPIN=#12\00034\nInitialPUK=#12345678\n' >"$DIR/nul-pin.dsc"
is_bad nul-pin.dsc 3:8 "NUL byte"
{
	printf '[Description]\nSetPIN=true\nInitialPUK=#12345678\nPIN=#'
	head -c 256 /dev/zero | tr '\0' 7
	echo
} >"$DIR/long-pin.dsc"
is_bad long-pin.dsc 4:5 "PIN= is over 255 bytes long"
bad header.dsc 1:1 "section header" <<-'EOT'
	[Description
	SetPIN=true
EOT
bad neither.dsc 2:1 "neither a section nor an element" <<-'EOT'
	[Description]
	SetPIN
EOT
bad duplicate.dsc 3:1 "duplicate element SetPIN=, which stands on line 2 already" <<-'EOT'
	[Description]
	SetPIN=true
	SetPIN=true
EOT
bad duplicate2.dsc 3:1 "duplicate section [Application_B]" <<-'EOT'
	[Application_B]
	BlockCard=true
	[Application_B]
EOT
printf '[Application_B]\nBlockCard=true\n; \377\n' >"$DIR/utf8.dsc"
is_bad utf8.dsc 3:3 "not UTF-8 (byte 0xFF)"
printf '[Application_B]\n\000BlockCard=true\n' >"$DIR/nul.dsc"
is_bad nul.dsc 2:1 "NUL byte"
{
	printf '[Application_B]\nBlockCard=true\n;'
	head -c 65536 /dev/zero | tr '\0' x
	echo
} >"$DIR/long-line.dsc"
is_bad long-line.dsc 3:65537 "line over 64 KiB"
{
	echo '[Application_B]'
	yes '; a line that is long enough to fill a file' | head -c 1048576
} >"$DIR/long-file.dsc"
is_bad long-file.dsc - "file over 1024 KiB"
bad derivation.dsc 2:19 "DisableDerivation=false asks for the vendor's derivation" <<-'EOT'
	[Description]
	DisableDerivation=false
	SetPIN=true
	PIN=#123456
	InitialPUK=#12345678
EOT
bad dialog.dsc 3:5 "PIN= names a dialog that is not known" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_4_FIELD
	InitialPUK=#12345678
EOT
is_bad missing.dsc - "is not there"
mkdir "$DIR/folder.dsc"
is_bad folder.dsc - "is a folder"
printf '[Application_B]\nBlockCard=true\n' >"$DIR/writable.dsc"
chmod 666 "$DIR/writable.dsc"
is_bad writable.dsc - "can be written by others (mode 0666); take that away: chmod go-w"

warns unknown.dsc 2:1 "unknown element BlokCard=; did you mean BlockCard=?" <<-'EOT'
	[Application_B]
	BlokCard=true
EOT
warns case.dsc 2:1 "blockcard= is not written like that; write BlockCard=" <<-'EOT'
	[Application_B]
	blockcard=true
EOT
warns readable.dsc 3:5 "a secret stands here, and others can read this file" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	InitialPUK=!FROM_USER_DIALOG_1_FIELD
EOT
warns default-key.dsc 4:16 "CardManagerKey= is a well-known default key" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=!FROM_USER_DIALOG_2_FIELD
	CardManagerKey=#000000000000000000000000000000000000000000000000
EOT

printf '[Encoding]\nType=Smartcard\n[Application_B]\nBlockCard=true\n' >"$DIR/vendor.dsc"
check "$DIR/vendor.dsc"
finds vendor.dsc 2:1 note "Type= is not acted on"
like "$OUT" "*no errors" "a file without errors says so"

# All errors of all files in one run.
check "$DIR/section.dsc" "$DIR/boolean.dsc" "$DIR/readable.dsc"
finds section.dsc 2:1 error "BlockCard= does not belong"
finds boolean.dsc 2:11 error "BlockCard= is neither"
like "$OUT" "*2 errors, 2 warnings" "they are counted"
unlike "$OUT" "*123456*" "no PIN stands in any message"

# --- Policy ---------------------------------------------------------------------------------------

mkdir "$DIR/descriptions" "$DIR/keys"
printf '[Application_B]\nBlockCard=true\n' >"$DIR/descriptions/block.dsc"
cat >"$DIR/descriptions/key.dsc" <<-'EOT'
	[Fields]
	KEY=
	NEW=
	PIN=
	[Description]
	SetPIN=true
	PIN=PIN
	CardManagerKey=KEY
	NewCardManagerKey=NEW
EOT
cat >"$DIR/descriptions/same.dsc" <<-'EOT'
	[Description]
	SetPIN=true
	PIN=#123456
	InitialPUK=#12345678
EOT
chmod 640 "$DIR/descriptions/same.dsc"

bad policy.conf 2:13 "description $DIR/nowhere.dsc is not there" <<-'EOT'
	[pkcs11:model=M]
	Personalize=nowhere.dsc
EOT
bad policy.conf 2:9 "Unblock=: a literal is no description; name a file" <<-'EOT'
	[pkcs11:model=M]
	Unblock=#777
EOT
unlike "$OUT" "*777*" "and it is not repeated"
bad policy.conf 2:13 "description $DIR/keys is a folder" <<-EOT
	[pkcs11:model=M]
	Personalize=$DIR/keys
EOT
bad policy.conf 2:13 "description $DIR/writable.dsc can be written by others" <<-'EOT'
	[pkcs11:model=M]
	Personalize=writable.dsc
EOT
bad policy.conf 3:1 "this binding and the one on line 1 match the same tokens" <<-'EOT'
	[pkcs11:model=M;serial=1]
	Personalize=block.dsc
	[pkcs11:serial=1;model=M]
	Personalize=block.dsc
EOT
bad policy.conf 3:11 "Field.NEW: command: for a value that is set as PUK or card manager key" <<-'EOT'
	[pkcs11:model=M]
	Unblock=key.dsc
	Field.NEW=command:/bin/true
EOT
bad policy.conf 3:11 "Field.KEY: command: is not available yet" <<-'EOT'
	[pkcs11:model=M]
	Unblock=key.dsc
	Field.KEY=command:/bin/true
EOT
bad policy.conf 1:2 "not a PKCS#11 URI" <<-'EOT'
	[softhsm]
	Personalize=block.dsc
EOT
bad policy.conf 3:9 "there is no profile softhms; did you mean softhsm?" <<-'EOT'
	[pkcs11:model=M]
	Personalize=block.dsc
	Profile=softhms
EOT
bad policy.conf 3:1 "a profile has no column Lock" <<-'EOT'
	[pkcs11:model=M]
	Personalize=block.dsc
	Profile.Lock=true
EOT
bad policy.conf 3:1 "a profile has no column Foo; there are Block," <<-'EOT'
	[pkcs11:model=M]
	Personalize=block.dsc
	Profile.Foo=1
EOT
like "$OUT" "*KeyAnyLength*" "all columns are named"
bad policy.conf 3:15 "Profile.Block= has no such value; write scramble, lock or none" <<-'EOT'
	[pkcs11:model=M]
	Personalize=block.dsc
	Profile.Block=locked
EOT
# Every column that probe measures stands in the page with a value of it, and a binding can say it otherwise.
columns=$(sed -n '/^\.It Cm generic$/,/^\.It Cm softhsm$/p' "$SRCDIR/man/p11-latch.conf.5" | grep -o '[A-Z][A-Za-z]*=[a-z0-9+-]*')
is "$(printf '%s\n' "$columns" | cut -d = -f 1 | sort)" \
	"$("$CMD" probe "pkcs11:token=$LABEL" --json </dev/null 2>/dev/null | jq -r '.columns[].name' | sort)" \
	"p11-latch.conf(5) has the columns that there are"
for column in $columns; do
	printf '[pkcs11:model=M]\nPersonalize=block.dsc\nProfile.%s\n' "$column" >"$DIR/policy.conf"
	check "$DIR/policy.conf"
	is "$STATUS" 0 "Profile.$column: exit status"
	name=${column%%=*}
	bad policy.conf "3:$((10 + ${#name}))" "Profile.$name= has no such value; write " <<-EOT
		[pkcs11:model=M]
		Personalize=block.dsc
		Profile.$name=nothing-of-it
	EOT
done
warns policy.conf 3:1 "Profile.Identity= is for the helper only" <<-'EOT'
	[pkcs11:model=M]
	Personalize=block.dsc
	Profile.Identity=serial+label
EOT
warns policy.conf 2:13 "if program and watcher are both killed during a personalization" <<-'EOT'
	[pkcs11:model=M]
	Personalize=block.dsc
EOT
warns policy.conf 2:9 "PIN= ($DIR/descriptions/same.dsc:3) is the same for every card, and therefore no PIN letter" <<-'EOT'
	[pkcs11:model=M]
	Unblock=same.dsc
EOT
echo 000102030405060708090a0b0c0d0e0f >"$DIR/keys/one"
chmod 644 "$DIR/keys/one"
warns policy.conf 3:11 "$DIR/keys/one holds a secret, and others can read it (mode 0644)" <<-EOT
	[pkcs11:model=M]
	Unblock=key.dsc
	Field.KEY=file:$DIR/keys/one
EOT
warns policy.conf 3:11 "$DIR/keys/one holds a secret, and others can read it" <<-EOT
	[pkcs11:model=M]
	Unblock=key.dsc
	Field.KEY=file:$DIR/keys/{serial}
EOT
warns policy.conf 3:11 "$DIR/nokeys/one: No such file" <<-EOT
	[pkcs11:model=M]
	Unblock=key.dsc
	Field.KEY=file:$DIR/nokeys/one
EOT
warns policy.conf 3:11 "the folder $DIR/nokeys: No such file" <<-EOT
	[pkcs11:model=M]
	Unblock=key.dsc
	Field.KEY=file:$DIR/nokeys/{serial}
EOT
sed -i s/nokeys/keys/ "$DIR/policy.conf"
chmod 700 "$DIR/keys"
check "$DIR/policy.conf"
unlike "$OUT" "*holds a secret*" "a folder that others cannot enter keeps its files"
echo 0102030405060708 >"$DIR/keys/one"
check "$DIR/policy.conf"
finds policy.conf 3:11 warning "$DIR/keys/one holds no good key; a key has 32 digits"
unlike "$OUT" "*0102030405060708*" "and the key is not shown"
printf '%048d\n' 0 >"$DIR/keys/one"
check "$DIR/policy.conf"
finds policy.conf 3:11 warning "$DIR/keys/one holds a well-known default key"
: >"$DIR/keys/one"
check "$DIR/policy.conf"
finds policy.conf 3:11 warning "$DIR/keys/one is empty"
rm "$DIR/keys/one"
check "$DIR/policy.conf"
like "$OUT" "*no errors" "no key so far"
echo 000102030405060708090a0b0c0d0e0f >"$DIR/keys/one"
echo 1234 | tee "$DIR/keys/one.key" >"$DIR/keys/one.pin"
warns policy.conf 3:11 "$DIR/keys/one.key holds no good key" <<-EOT
	[pkcs11:model=M]
	Unblock=key.dsc
	Field.KEY=file:$DIR/keys/{serial}.key
	Field.PIN=file:$DIR/keys/{serial}.pin
EOT
rm "$DIR/keys/one.key"
check "$DIR/policy.conf"
like "$OUT" "*no errors" "a PIN beside it is taken for no key"
rm "$DIR/keys/one.pin"
sed -i '/^Field.PIN/d; s/[.]key$//' "$DIR/policy.conf"
chmod 755 "$DIR/keys"
chmod 666 "$DIR/keys/one"
check "$DIR/policy.conf"
finds policy.conf 3:11 error "$DIR/keys/one can be written by others"

# What is refused when it is used, in a folder that others cannot enter, too.
chmod 750 "$DIR/keys"
for source in "{serial}" one; do
	printf '[pkcs11:model=M]\nUnblock=key.dsc\nField.KEY=file:%s\n' "$DIR/keys/$source" >"$DIR/policy.conf"
	chmod 660 "$DIR/keys/one"
	check "$DIR/policy.conf"
	finds policy.conf 3:11 error "$DIR/keys/one can be written by others (mode 0660), and is refused; take that away"
	chmod 640 "$DIR/keys/one"
	check "$DIR/policy.conf"
	like "$OUT" "*no errors" "$source: mode 0640 in a folder of mode 0750"
	chown 12345 "$DIR/keys/one"
	check "$DIR/policy.conf"
	finds policy.conf 3:11 warning "$DIR/keys/one belongs to user 12345: it is refused where the helper does not"
	OUT=$(setpriv --reuid 12345 --regid "$(id -g)" --clear-groups "$CMD" check "$DIR/policy.conf" 2>&1)
	unlike "$OUT" "*belongs to*" "$source: not where check runs as that user"
	# Whose it is hides nothing else that is wrong with it.
	printf '%048d\n' 0 >"$DIR/keys/one"
	chmod 644 "$DIR/keys/one"
	chmod 755 "$DIR/keys"
	check "$DIR/policy.conf"
	finds policy.conf 3:11 warning "$DIR/keys/one belongs to user 12345"
	finds policy.conf 3:11 warning "$DIR/keys/one holds a secret, and others can read it (mode 0644)"
	finds policy.conf 3:11 warning "$DIR/keys/one holds a well-known default key"
	chmod 750 "$DIR/keys"
	chmod 640 "$DIR/keys/one"
	chown 0 "$DIR/keys/one"
	printf '000102030405060708090a0b0c0d0e0f\r\n\r\n' >"$DIR/keys/one"
	check "$DIR/policy.conf"
	finds policy.conf 3:11 warning "$DIR/keys/one ends in a newline, or part of one, that counts as the value's"
	printf '000102030405060708090a0b0c0d0e0f\r\n' >"$DIR/keys/one"
	check "$DIR/policy.conf"
	like "$OUT" "*no errors" "$source: one newline is none of the value"
	head -c 4097 /dev/zero | tr '\0' 7 >"$DIR/keys/one"
	check "$DIR/policy.conf"
	finds policy.conf 3:11 warning "$DIR/keys/one is over 4096 bytes long"
	echo 000102030405060708090a0b0c0d0e0f >"$DIR/keys/one"
done
sed -i 's/keys.one$/keys/' "$DIR/policy.conf"
is_bad policy.conf 3:11 "$DIR/keys is a folder, and is refused; name a file in it"
# A warning of one file hides no error of another, whichever comes first.
sed -i 's/keys$/&\/{serial}/' "$DIR/policy.conf"
for writable in one two; do
	install -o 12345 -m 600 "$DIR/keys/one" "$DIR/keys/two"
	chown 12345 "$DIR/keys/one"
	chmod 660 "$DIR/keys/$writable"
	is_bad policy.conf 3:11 "$DIR/keys/$writable can be written by others"
	chmod 600 "$DIR/keys/$writable"
done
# Nor does whose one file is hide what is wrong with another; each kind is said once.
install -o 12345 -m 600 "$DIR/keys/one" "$DIR/keys/two"
for default in one two; do
	for key in one two; do
		echo 000102030405060708090a0b0c0d0e0f >"$DIR/keys/$key"
		chown 12345 "$DIR/keys/$key"
	done
	printf '%048d\n' 0 >"$DIR/keys/$default"
	chown 0 "$DIR/keys/$default"
	check "$DIR/policy.conf"
	finds policy.conf 3:11 warning "$DIR/keys/$default holds a well-known default key"
	is "$(printf '%s\n' "$OUT" | grep -c "belongs to user 12345")" 1 "$default: beside one that belongs to somebody else"
done
latch_conf "spawn:$HELPER" softhsm
warns policy.conf 3:9 "the module itself does not read the policy, and takes these cards for softhsm, as p11-latch.conf says" <<-'EOT'
	[pkcs11:model=M]
	Personalize=block.dsc
	Profile=opencryptoki
EOT

# --- Configuration, and all of it -----------------------------------------------------------------

conf() {
	cat >"$DIR/p11-latch.conf" <<-EOT
		[Module]
		Path=${1:-$MODULE}
		Profile=${2:-auto}
		[Latch]
		Policy=${3:-$POLICY}
		StateDirectory=${4:-$STATE}
		Helper=${5:-spawn:$HELPER}
	EOT
	check "$DIR/p11-latch.conf"
}

conf "" "" "" "" ""
is "$STATUS" 0 "a configuration without errors"
finds p11-latch.conf 7:8 note "the helper runs as the user of each program"
conf /nowhere.so
finds p11-latch.conf 2:6 error "this module is not there"
conf "$DIR/section.dsc"
finds p11-latch.conf 2:6 error "this module cannot be loaded"
conf "$LATCH"
finds p11-latch.conf 2:6 error "this module would call p11-latch itself"
conf "$(multiarch_file p11-kit-proxy.so)"
finds p11-latch.conf 2:6 warning "the proxy loads p11-latch too where p11-kit knows it"
conf "$(multiarch_file libcrypto.so.3)"
finds p11-latch.conf 2:6 error "this library is no PKCS#11 module"
conf "" opencrypto
finds p11-latch.conf 3:9 error "there is no profile opencrypto; did you mean opencryptoki?"
conf "" "" policy.conf
finds p11-latch.conf 5:8 error "a relative path"
conf "" "" "" "$DIR/section.dsc"
finds p11-latch.conf 6:16 error "this is no folder"
conf "" "" "" "" spawn:/nowhere
finds p11-latch.conf 7:8 error "the helper /nowhere is not there"
conf "" "" "" "" "spawn:$DIR/section.dsc"
finds p11-latch.conf 7:8 error "the helper $DIR/section.dsc cannot be run"
conf "" "" "" "" unix:/run/nowhere.sock
finds p11-latch.conf 7:8 warning "this socket is not there"
conf "" "" "" "" "unix:$DIR/section.dsc"
finds p11-latch.conf 7:8 error "this is no socket"
install -d -m 1777 "$DIR/open-state"
conf "" "" "" "$DIR/open-state"
finds p11-latch.conf 6:16 warning "all users can write in this folder"
conf
OUT=$(setpriv --reuid nobody --regid nogroup --clear-groups "$CMD" check "$DIR/p11-latch.conf" 2>&1)
STATUS=$?
finds p11-latch.conf 6:16 note "this user (uid 65534) cannot write here"
conf "" "" "" "$DIR/not/there/yet"
unlike "$OUT" "*cannot write here*" "a state directory whose folders are made, too"

# Without a word: the configuration in force, its policy, what that names, and the other descriptions.
latch_conf "spawn:$HELPER"
description named <<-'EOT'
	[Application_B]
	BlockCard=maybe
EOT
description other <<-'EOT'
	[Description]
	SetPIN=true
EOT
policy <<-'EOT'
	Personalize=named.dsc
	BlockMethod=locked
EOT
sed -i 's/^Profile=.*/Profile=nothing/' "$P11_LATCH_CONF"
check
is "$STATUS" 1 "check: exit status where there are errors"
like "$OUT" "*p11-latch.conf:3:9: error: there is no profile nothing*" "check: the configuration"
like "$OUT" "*policy.conf:3:13: error: BlockMethod= is not auto*" "check: the policy"
like "$OUT" "*named.dsc:2:11: error: BlockCard= is neither*" "check: a description that it names"
like "$OUT" "*other.dsc:2:1: error: SetPIN=true with nothing to set*" "check: another in the folder"
like "$OUT" "*4 errors" "check: each is reported once"
echo '[Module' >"$P11_LATCH_CONF"
check
like "$OUT" "*p11-latch.conf:1:*: error: *Path= is missing*" "a configuration that cannot be used"
rm "$P11_LATCH_CONF"
check
is "$STATUS" 1 "no configuration at all: exit status"
like "$OUT" "*p11-latch.conf: error: is not there*1 error" "no configuration at all is an error"

# --- JSON and terminals ---------------------------------------------------------------------------

check --json "$DIR/section.dsc" "$DIR/readable.dsc"
is "$STATUS" 1 "--json: exit status"
is "$(printf '%s' "$OUT" | jq -r 'length, .[0].level, .[0].file, .[0].line, .[0].column, .[0].what,
	.[0].remedy, .[1].level, .[1].line' | tr '\n' '|')" \
	"3|error|$DIR/section.dsc|2|1|BlockCard= does not belong in [Description]|it belongs in [Application_X]|warning|0|" \
	"--json: one array"
check --json "$DIR/vendor.dsc"
is "$(printf '%s' "$OUT" | jq -r '.[].level' | sort -u)" note "--json: notes"
printf '[Application_B]\nBlockCard=true\n' >"$DIR/good.dsc"
check --json "$DIR/good.dsc"
is "$(printf '%s' "$OUT" | jq -c .)" "[]" "--json: nothing found is an empty array"
passes "a file with a hostile name is valid JSON" sh -c \
	"'$CMD' check --json '$DIR/a\"b\\\\c
\001.dsc' | jq -e '.[0].file'"

on_terminal() {
	script -qec "$*" /dev/null </dev/null | tr -d '\r'
}
OUT=$(on_terminal "$CMD" check "$DIR/boolean.dsc" "$DIR/empty.dsc" "$DIR/readable.dsc")
like "$OUT" "*boolean.dsc:2:11: error:*
    BlockCard=yes
              ^*" "on a terminal: the line, and a caret under the place"
unlike "$OUT" "*12345*" "on a terminal: secrets are masked"
printf '[pkcs11:model=M]\nField.PIN=#473829\nPUK=#99887766\n' >"$DIR/policy.conf"
OUT=$(on_terminal "$CMD" check "$DIR/policy.conf")
like "$OUT" "*Field.PIN=*PUK=*" "on a terminal: the lines of a policy"
unlike "$OUT" "*473829*" "on a terminal: a literal that stands in a policy is masked"
unlike "$OUT" "*99887766*" "on a terminal: and one that was pasted there"
printf '[pkcs11:model=M]\nField.PIN=473829\nField.PUK=file:relative\nUnblock=#99887766\n' >"$DIR/policy.conf"
OUT=$(on_terminal "$CMD" check "$DIR/policy.conf")
like "$OUT" "*Unblock=#[*]*Field.PIN=[*]*Field.PUK=file:relative*" "on a terminal: where a field's value comes from is shown"
unlike "$OUT" "*473829*" "on a terminal: a value in its place is masked"
unlike "$OUT" "*99887766*" "on a terminal: and one in place of a description"
check "$DIR/boolean.dsc"
unlike "$OUT" "*^*" "elsewhere: neither"

# --- Words ----------------------------------------------------------------------------------------

"$CMD" check --nonsense >/dev/null 2>&1
is $? 2 "a word that is not known: exit status"
passes "check --help" "$CMD" check --help
done_testing
