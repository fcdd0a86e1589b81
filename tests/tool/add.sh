# SPDX-License-Identifier: BSD-3-Clause
# p11-latch add: an instance that works, for all and for one user, and nothing left of one that is removed.
set -u
. "$SRCDIR/tests/lib/all.sh"

variable() {
	printf 'show:\n\t@echo "$(%s)"\n' "$1" | make -s -C "$BUILDDIR" -f Makefile -f - show
}

# What is written below that folder is seen by this test only.
private_copy() {
	mkdir -p "$SCRATCH/upper$1" "$SCRATCH/work$1"
	mount -t overlay -o "lowerdir=$1,upperdir=$SCRATCH/upper$1,workdir=$SCRATCH/work$1" overlay "$1" \
		2>/dev/null
}

prefix=$(variable prefix)
if ! private_copy "$prefix"; then
	[ "$prefix" != /usr ] && [ -d "$prefix" ] && mount -t tmpfs tmpfs "$prefix" ||
		bail_out "$prefix can be given no private copy here"
fi
private_copy /var/lib || mount -t tmpfs tmpfs /var/lib
make -C "$BUILDDIR" install >"$SCRATCH/make.log" 2>&1 || bail_out "$(tail -n 20 "$SCRATCH/make.log")"
token_start softhsm
latch_setup
unset P11_LATCH_CONF
CMD=$(variable bindir)/p11-latch
MODULES=$(variable p11moduledir)
CONF=$(variable sysconfdir)/p11-latch
KIT=/etc/pkcs11/modules
VENDOR_FILE=softhsm2.module
[ -e "/usr/share/p11-kit/modules/$VENDOR_FILE" ] || bail_out "Debian's $VENDOR_FILE is not there"

# The tree as far as add may touch it: names, modes and contents.
tree() {
	find "$MODULES" "$CONF" /etc/pkcs11 /var/lib/p11-latch* "$@" -printf '%p %M %s\n' 2>/dev/null | sort
	find "$MODULES" "$CONF" /etc/pkcs11 "$@" -type f -exec cksum {} + 2>/dev/null | sort
}

# add WORD...: output in OUT, exit status in STATUS.
add() {
	OUT=$("$CMD" add "$@" 2>&1)
	STATUS=$?
}

# refused TEXT PATTERN WORD...: exit status 1, a word why, and nothing is changed.
refused() {
	refused_text=$1
	refused_pattern=$2
	shift 2
	refused_before=$(tree)
	add "$@"
	is "$STATUS" 1 "refused: $refused_text"
	like "$OUT" "*$refused_pattern*" "refused: $refused_text: why"
	is "$(tree)" "$refused_before" "refused: $refused_text: nothing was changed"
}

# shown: the modules that p11-kit's programs see.
shown() {
	foreign p11-kit list-modules 2>/dev/null | sed -n 's/^\([^ :]*\):.*/\1/p' | tr '\n' ' '
}

# --- For all users --------------------------------------------------------------------------------

like "$(shown)" "*softhsm2*" "p11-kit shows the vendor's module"
fresh=$(tree)
add soft --module "$MODULE" --profile softhsm
is "$STATUS" 0 "add: exit status"
like "$OUT" "*made $KIT/$VENDOR_FILE: hides $MODULE from p11-kit's programs*" "add says that it hides the vendor's"
like "$(shown)" "*p11-latch-soft*" "p11-kit shows the instance"
unlike "$(shown)" "*softhsm2*" "and the vendor's module no more"
is "$(foreign p11-kit list-modules 2>&1 >/dev/null)" "" "without a warning"
for made in "$MODULES/p11-latch-soft.so" "$CONF/p11-latch-soft.conf" "$CONF/policy-soft.conf" \
	"$KIT/p11-latch-soft.module" "$KIT/$VENDOR_FILE"; do
	like "$OUT" "*made $made*" "add says what it made: ${made##*/}"
	like "$(stat -c %a "$made")" "[67][45][45]" "readable by all: ${made##*/}"
done
passes "the copy is the module" cmp "$MODULES/p11-latch.so" "$MODULES/p11-latch-soft.so"
like "$(cat "$CONF/p11-latch-soft.conf")" "*Path=$MODULE
Profile=softhsm*" "its configuration"
OUT=$("$CMD" --config "$CONF/p11-latch-soft.conf" check 2>&1)
like "$OUT" "*no errors*" "check finds no errors"

description personalize <<-'EOT'
	[Application_B]
	BlockCard=true
EOT
cp "$CONF_DIR/descriptions/personalize.dsc" "$CONF/descriptions/"
printf '[pkcs11:]\nPersonalize=personalize.dsc\n' >>"$CONF/policy-soft.conf"
is "$(once "$MODULES/p11-latch-soft.so" "login so $SO" "init-pin $PIN" | last_rv)" CKR_OK \
	"a personalization through it"
blocked() {
	"$CMD" --config "$CONF/p11-latch-soft.conf" status "pkcs11:token=$LABEL" 2>/dev/null |
		grep -q ": blocked by scramble"
}
passes "it reads its own configuration: the card is blocked" wait_for 10 blocked
[ ! -e /var/lib/p11-latch ] && ok "the other instance has nothing of it" ||
	not_ok "the other instance has nothing of it" "$(find /var/lib/p11-latch)"
is "$(foreign pkcs11-tool --module "$(variable P11_KIT_PROXY)" --token-label "$LABEL" --login --pin "$PIN" -O 2>&1 |
	grep -c CKR_PIN_LOCKED)" 1 "through p11-kit's proxy too"

refused "the same name again" "is there already" soft --module "$MODULE"
refused "a module that is not there" "No such file" other --module /nowhere.so
refused "a file that is no module" "cannot be wrapped" other --module "$SCRATCH/make.log"
mkdir "$SCRATCH/x ;y" "$SCRATCH/x;y"
cp "$MODULE" "$SCRATCH/x ;y/vendor.so"
cp "$MODULE" "$SCRATCH/x;y/vendor.so"
cp "$MODULE" "$SCRATCH/vendor.so "
refused "a path that would be cut" "a blank before a ';'" other --module "$SCRATCH/x ;y/vendor.so"
refused "a path that ends with a blank" "no configuration can hold" other --module "$SCRATCH/vendor.so "
rm "$SCRATCH/vendor.so "
add other --module "$SCRATCH/x;y/vendor.so"
like "$STATUS,$(cat "$CONF/p11-latch-other.conf")" "0,*Path=$SCRATCH/x;y/vendor.so*" "a semicolon alone is none"
add --remove other
refused "p11-latch itself" "would call p11-latch itself" other --module "$MODULES/p11-latch.so"
refused "p11-kit's proxy" "would call p11-latch itself" other --module "$(variable P11_KIT_PROXY)"
add again --module "$MODULE"
is "$STATUS" 0 "a second instance around the same module"
like "$OUT" "*$KIT/$VENDOR_FILE hides $MODULE already*" "which is hidden already"
add --remove again
is "$STATUS" 0 "and is removed"
unlike "$(shown)" "*softhsm2*" "the first still hides the vendor's module"

# Whichever of them goes first, the vendor's module is not beside the other.
add again --module "$MODULE"
cp "$CONF/policy-soft.conf" "$SCRATCH/policy"
add --remove soft
like "$OUT" "*kept $KIT/$VENDOR_FILE: the instance again wraps the same module*" "the first of two goes: what hides stays"
unlike "$(shown)" "*softhsm2*" "the vendor's module is not shown beside the second"
is "$(foreign p11-kit list-modules 2>&1 >/dev/null)" "" "without a warning"

# --- Again, as after a new version of p11-latch ---------------------------------------------------

add soft --module "$MODULE" --profile softhsm
is "$STATUS" 0 "an edited policy: add again: exit status"
like "$OUT" "*kept $CONF/policy-soft.conf, as it was edited*" "an edited policy: it is kept, and said so"
passes "an edited policy: as it was" cmp "$SCRATCH/policy" "$CONF/policy-soft.conf"
passes "an edited policy: the instance works with it" blocked
like "$(shown)" "*p11-latch-soft*" "an edited policy: the instance is shown again"
add --remove again
is "$STATUS" 0 "the second goes: exit status"
unlike "$(shown)" "*softhsm2*" "the second goes: the vendor's module is not shown beside the first"

for edited in "$CONF/p11-latch-soft.conf" "$KIT/p11-latch-soft.module"; do
	cp "$edited" "$SCRATCH/as-made"
	case $edited in
	*.conf) echo 'CallTimeout=30' >>"$edited" ;;
	*) echo 'priority: 5' >>"$edited" ;;
	esac
	cp "$edited" "$SCRATCH/edited"
	add --remove soft
	like "$OUT" "*left alone: $edited was edited*" "edited: ${edited##*/}: remove leaves it alone"
	add soft --module "$MODULE" --profile softhsm
	like "$STATUS,$OUT" "0,*kept $edited, as it was edited*" "edited: ${edited##*/}: add keeps it"
	passes "edited: ${edited##*/}: as it was" cmp "$SCRATCH/edited" "$edited"
	cp "$SCRATCH/as-made" "$edited"
done
passes "edited files: the instance works" blocked

echo 'CallTimeout=30' >>"$CONF/p11-latch-soft.conf"
add --remove soft
cp "$MODULE" "$SCRATCH/another.so"
refused "a kept configuration of another module" "has another module: correct its Path=" \
	soft --module "$SCRATCH/another.so"
refused "a kept configuration of another profile" "has another profile: correct its Profile=" \
	soft --module "$MODULE" --profile opencryptoki
echo nonsense >>"$CONF/p11-latch-soft.conf"
refused "a kept configuration with errors" "has errors: correct them" soft --module "$MODULE"
rm "$CONF/p11-latch-soft.conf"
install -d "$KIT"
echo "module: $MODULE" >"$KIT/p11-latch-soft.module"
refused "a kept module file of another module" "shows another module" soft --module "$MODULE"
rm -r /etc/pkcs11
mv "$CONF/policy-soft.conf" "$SCRATCH/policy"
ln -s nowhere "$CONF/policy-soft.conf"
refused "a link to nowhere" "is there already, and cannot be read: No such file" soft --module "$MODULE"
mv "$SCRATCH/policy" "$CONF/policy-soft.conf"
add soft --module "$MODULE" --profile softhsm
is "$STATUS" 0 "corrected"

# --- Removing -------------------------------------------------------------------------------------

add --remove soft
is "$STATUS" 0 "remove: exit status"
like "$OUT" "*left alone: $CONF/policy-soft.conf was edited*" "remove leaves what was edited"
like "$OUT" "*left alone: /var/lib/p11-latch-soft, what is remembered*" "and what is remembered of cards"
[ -e "$CONF/policy-soft.conf" ] && ok "which are there" || not_ok "which are there"
rm -r "$CONF/policy-soft.conf" "$CONF/descriptions/personalize.dsc" /var/lib/p11-latch-soft
is "$(tree)" "$fresh" "remove takes away all else"
like "$(shown)" "*softhsm2*" "p11-kit shows the vendor's module again"
refused "an instance that there is not" "there is no instance soft" --remove soft

add soft --module "$MODULE" --keep-vendor
like "$(shown)" "*p11-latch-soft*softhsm2*" "--keep-vendor: both are shown"
echo '; edited' >>"$CONF/p11-latch-soft.conf"
echo 'priority: 5' >>"$KIT/p11-latch-soft.module"
add --remove soft
like "$OUT" "*left alone: $CONF/p11-latch-soft.conf was edited*" "an edited configuration stays"
like "$OUT" "*left alone: $KIT/p11-latch-soft.module was edited*" "an edited module file stays"
rm -r "$CONF/p11-latch-soft.conf" /etc/pkcs11
is "$(tree)" "$fresh" "and nothing else"

# A relative path, and a link whose target has the version in its name.
ln -s "$MODULE" "$SCRATCH/vendor.so"
cd "$SCRATCH" || exit 1
add rel-1_X --module vendor.so
is "$STATUS" 0 "a relative path: exit status"
like "$(cat "$CONF/p11-latch-rel-1_X.conf")" "*Path=$SCRATCH/vendor.so*" "a link stays one"
unlike "$(shown)" "*softhsm2*" "and its target is hidden"
add --remove rel-1_X
is "$(tree)" "$fresh" "removed"

# --- Nothing half done ----------------------------------------------------------------------------

: >/etc/pkcs11
refused "p11-kit's folder cannot be made" "/etc/pkcs11" soft --module "$MODULE"
rm /etc/pkcs11
install -d "$KIT"
echo "module: $MODULE" >"$KIT/$VENDOR_FILE"
refused "the administrator's own file shows the vendor's module" "write the line \"enable-in:\"" \
	soft --module "$MODULE"
echo "enable-in:" >>"$KIT/$VENDOR_FILE"
add soft --module "$MODULE"
is "$STATUS" 0 "one that hides it"
add --remove soft
like "$(cat "$KIT/$VENDOR_FILE")" "module:*enable-in:" "which is left as it was"
rm -r /etc/pkcs11
mv "$MODULES/p11-latch.so" "$SCRATCH/"
refused "p11-latch is not installed" "is to be installed first" soft --module "$MODULE"
mv "$SCRATCH/p11-latch.so" "$MODULES/"
sed -i "s|^Path=.*|Path=$MODULE|" "$CONF/p11-latch.conf"
add soft --module "$MODULE"
like "$OUT" "*wraps the same module: programs see its tokens twice*" "a warning where two wrap one module"
add --remove soft

# --- Beside one whose configuration cannot be read ------------------------------------------------

CANNOT="the configuration of the instance other cannot be read, and it may wrap the same module"
# hiding: the first of two instances, which is the one that hides the vendor's module, and the other, around MODULE.
hiding() {
	add soft --module "$MODULE"
	add other --module "$1"
	cp "$CONF/p11-latch-other.conf" "$SCRATCH/as-made"
	echo nonsense >>"$CONF/p11-latch-other.conf"
}
# corrected: the other, which is removed then.
corrected() {
	cp "$SCRATCH/as-made" "$CONF/p11-latch-other.conf"
	add --remove other
	like "$STATUS,$(shown)" "0,*softhsm2*" "$1: corrected, and removed: the vendor's module is shown again"
}
for why in errors absent; do
	hiding "$MODULE"
	[ $why != absent ] || rm "$CONF/p11-latch-other.conf"
	add --remove soft
	like "$STATUS,$OUT" "0,*kept $KIT/$VENDOR_FILE: $CANNOT*" "$why: what hides stays, and that is said"
	unlike "$(shown)" "*softhsm2*" "$why: the vendor's module is not shown"
	corrected "$why"
done
for name in a-third zz-third; do
	hiding "$MODULE"
	add $name --module "$MODULE"
	add --remove soft
	like "$OUT" "*kept $KIT/$VENDOR_FILE: the instance $name wraps the same module*" "$name, of which it is known, comes first"
	add --remove $name
	like "$OUT" "*kept $KIT/$VENDOR_FILE: $CANNOT*" "$name: then the one of which it is not"
	corrected "$name"
done
hiding "$SCRATCH/x;y/vendor.so"
add --remove soft
unlike "$(shown)" "*softhsm2*" "it wraps another one, which nobody can know: not shown"
corrected "another one"

# --- The command that adds it again ---------------------------------------------------------------

fresh=$(tree)
# again TEXT WORD...: as it was added by these words, it is added by what remove prints.
again() {
	text=$1
	shift
	add "$@"
	was=$(tree)
	add --remove soft
	is "$(tree)" "$fresh" "again: $text: removed"
	command=$(printf '%s\n' "$OUT" | sed -n '$s/^to add it again: p11-latch //p')
	OUT=$(eval "'$CMD' $command" 2>&1)
	is "$?,$(tree)" "0,$was" "again: $text: as it was"
	"$CMD" add --remove soft >/dev/null 2>&1
}
again "no other option" soft --module "$MODULE"
is "$command" "add soft --module $MODULE" "again: the command"
again "a profile" soft --module "$MODULE" --profile tpm2
again "--keep-vendor" soft --module "$MODULE" --keep-vendor --profile softhsm
is "$command" "add soft --module $MODULE --profile softhsm --keep-vendor" "again: the command with all of them"
mkdir "$SCRATCH/it's a \$HOME;"
cp "$MODULE" "$SCRATCH/it's a \$HOME;/vendor.so"
again "a path that a shell would not take as it is" soft --module "$SCRATCH/it's a \$HOME;/vendor.so"
add soft --module "$MODULE"
echo nonsense >>"$CONF/p11-latch-soft.conf"
add --remove soft
like "$STATUS,$OUT" "0,*left alone: $CONF/p11-latch-soft.conf was edited*" "again: a configuration that cannot be read"
unlike "$OUT" "*to add it again*" "again: nothing is guessed of it"
rm "$CONF/p11-latch-soft.conf"

# --- For one user ---------------------------------------------------------------------------------

install -d -o nobody "$SCRATCH/nobody"
chown -R nobody "$SCRATCH/softhsm"
token_home=$SCRATCH/nobody
as_nobody() {
	env -u XDG_CONFIG_HOME HOME="$token_home" setpriv --reuid nobody --regid nogroup --clear-groups "$@"
}
home_tree() {
	find "$token_home" -mindepth 1 ! -name .cache ! -path '*/.cache/*' -printf '%P %M\n' | sort
}
before=$(tree)
OUT=$(as_nobody "$CMD" add mine --module "$MODULE" --user 2>&1)
is $? 0 "--user: exit status"
is "$(tree)" "$before" "--user: nothing of the machine is changed"
like "$(foreign as_nobody p11-kit list-modules 2>/dev/null | sed -n 's/^\([^ :]*\):.*/\1/p' | tr '\n' ' ')" \
	"*p11-latch-mine*" "--user: p11-kit shows it to that user"
unlike "$(foreign as_nobody p11-kit list-modules 2>/dev/null)" "*softhsm2*" "--user: and hides the vendor's"
like "$(shown)" "*softhsm2*" "--user: to nobody else"
cp "$CONF_DIR/descriptions/personalize.dsc" "$token_home/.config/p11-latch/descriptions/"
printf '[pkcs11:]\nPersonalize=personalize.dsc\n' >>"$token_home/.config/p11-latch/policy-mine.conf"
is "$(as_nobody "$P11DRIVE" "$token_home/.local/lib/p11-latch/p11-latch-mine.so" initialize \
	"slot-label $LABEL" "open rw" "login so $SO" "init-pin $PIN" | last_rv)" CKR_OK \
	"--user: a personalization"
mine_blocked() {
	as_nobody "$CMD" --config "$token_home/.config/p11-latch/p11-latch-mine.conf" status \
		"pkcs11:token=$LABEL" 2>/dev/null | grep -q ": blocked by scramble"
}
passes "--user: it reads the user's configuration: the card is blocked" wait_for 10 mine_blocked
OUT=$(as_nobody "$CMD" add --remove mine --user 2>&1)
is $? 0 "--user --remove: exit status"
like "$OUT" "*to add it again: p11-latch add mine --module $MODULE --user" "--user --remove: how it is added again"
is "$(home_tree | grep -v '^.local/state/p11-latch-mine/' | cut -d ' ' -f 1 | tr '\n' ' ')" \
	".config .config/p11-latch .config/p11-latch/descriptions .config/p11-latch/descriptions/personalize.dsc .config/p11-latch/policy-mine.conf .local .local/state .local/state/p11-latch-mine " \
	"--user --remove: what was edited and what is remembered stay"
rm -rf "$token_home/.config" "$token_home/.local"
as_nobody "$CMD" add mine --module "$MODULE" --user >/dev/null
as_nobody "$CMD" add --remove mine --user >/dev/null
is "$(home_tree)" "" "--user --remove: nothing is left of one that was never used"
OUT=$("$CMD" add mine --module "$MODULE" --user 2>&1)
is $? 1 "--user as root: exit status"
like "$OUT" "*leave --user out*" "--user as root: why"

# --- Words ----------------------------------------------------------------------------------------

fresh=$(tree)
for words in "" "soft" "--module $MODULE" "a/b --module $MODULE" "a.b --module $MODULE" ".. --module $MODULE" \
	"-x --module $MODULE" "soft more --module $MODULE" "--remove" "--remove soft --module $MODULE" \
	"--remove soft --keep-vendor" "soft --module $MODULE --profile nothing" "soft --module" \
	"soft --module $MODULE --nonsense"; do
	# shellcheck disable=SC2086
	add $words
	is "$STATUS" 2 "usage: add $words"
done
add "" --module "$MODULE"
is "$STATUS" 2 "usage: an empty name"
is "$(tree)" "$fresh" "and nothing was made"
passes "add --help" "$CMD" add --help
done_testing
