#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A card office's day with p11-latch, on SoftHSM2 tokens made for it. Touches nothing outside a scratch folder
# and leaves nothing behind. Works as root, or as any user (missing packages then need sudo).
set -u

TOP=$(cd "$(dirname "$0")/.." && pwd)
. "$TOP/tests/lib/packages.sh"
PUK=12345678
OLD_KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
NEW_KEY=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978
UNEXPECTED=0

# --- Showing things -------------------------------------------------------------------------------

title() {
	printf '\n=== %s\n' "$*"
}

# run PROGRAM ARG...: prints the command, then its answer; keeps it in ANSWER.
run() {
	printf '\n$'
	for word; do
		case $word in
		*[!A-Za-z0-9_./:=@-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
	ANSWER=$("$@" 2>&1)
	[ -z "$ANSWER" ] || printf '%s\n' "$ANSWER" | sed 's/^/    /'
}

# so PATTERN TEXT: what just happened, if the answer bears the pattern.
so() {
	case $ANSWER in
	*$1*) printf -- '--> %s\n' "$2" ;;
	*)
		printf -- '--> NOT AS EXPECTED: no "%s" in that answer; it should have been so: %s\n' \
			"$1" "$2"
		UNEXPECTED=$((UNEXPECTED + 1))
		;;
	esac
}

so_not() {
	case $ANSWER in
	*$1*)
		printf -- '--> NOT AS EXPECTED: "%s" in that answer; it should have been so: %s\n' \
			"$1" "$2"
		UNEXPECTED=$((UNEXPECTED + 1))
		;;
	*) printf -- '--> %s\n' "$2" ;;
	esac
}

die() {
	printf 'tests/demo.sh: %s\n' "$*" >&2
	exit 1
}

# --- What the day needs ---------------------------------------------------------------------------

# shellcheck disable=SC2086
packages_install $BUILD_PACKAGES $DEMO_PACKAGES || die "packages are missing"

# root gets mounts of its own: p11-kit reads root's configuration from /etc only, and the log is the machine's.
if [ "$(id -u)" = 0 ] && [ -z "${P11_LATCH_DEMO:-}" ]; then
	unshare -m true 2>/dev/null ||
		die "root needs a mount namespace for this (unshare -m fails here); try another user"
	exec unshare -m -p -f --kill-child --mount-proc env P11_LATCH_DEMO=1 sh "$0" "$@"
fi

DEMO=$(mktemp -d /tmp/latch-demo.XXXXXX) || die "no scratch folder"
HOLDER=
clean_up() {
	[ -z "$HOLDER" ] || kill -9 "$HOLDER" 2>/dev/null
	cd /
	if [ "$(id -u)" = 0 ]; then
		umount /etc 2>/dev/null
	fi
	rm -rf "$DEMO"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP PIPE
unset MAKEFLAGS CFLAGS CPPFLAGS LDFLAGS CC P11_LATCH_CONF P11_LATCH_DEBUG P11_LATCH_HOLD

build() {
	mkdir "$DEMO/src" "$DEMO/build" &&
		copy_tree "$TOP" "$DEMO/src" &&
		sh "$DEMO/src/autogen.sh" &&
		cd "$DEMO/build" &&
		"$DEMO/src/configure" --prefix="$DEMO" --disable-dependency-tracking &&
		make -j "$(nproc)" install tests/lib/p11drive
}

# p11-kit's configuration: our module in, those of this machine out (a file of each one's name with an empty
# enable-in).
p11_kit_folder() {
	HOME=$DEMO/home
	XDG_CONFIG_HOME=$HOME/.config
	export HOME XDG_CONFIG_HOME
	P11_KIT_FOLDER=$XDG_CONFIG_HOME/pkcs11/modules
	if [ "$(id -u)" = 0 ]; then
		mkdir "$DEMO/etc.upper" "$DEMO/etc.work"
		if ! mount -t overlay -o \
			"lowerdir=/etc,upperdir=$DEMO/etc.upper,workdir=$DEMO/etc.work" \
			overlay /etc 2>/dev/null; then
			cp -a /etc/. "$DEMO/etc.upper/"
			mount --bind "$DEMO/etc.upper" /etc
		fi
		mount -t tmpfs tmpfs /run
		rm -rf /etc/pkcs11
		P11_KIT_FOLDER=/etc/pkcs11/modules
	fi
	mkdir -p "$P11_KIT_FOLDER"
	for module in /usr/share/p11-kit/modules/*.module; do
		echo 'enable-in:' >"$P11_KIT_FOLDER/${module##*/}"
	done
	cp "$DEMO/share/p11-kit/modules/p11-latch.module" "$P11_KIT_FOLDER/"
}

tokens() {
	SOFTHSM2_CONF=$DEMO/softhsm2.conf
	export SOFTHSM2_CONF
	mkdir "$DEMO/tokens"
	printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$DEMO/tokens" >"$SOFTHSM2_CONF"
	for VENDOR in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
		[ ! -e "$VENDOR" ] || break
	done
	[ -e "$VENDOR" ] || die "SoftHSM's module is not where Debian has it"
	LATCH=$DEMO/lib/pkcs11/p11-latch.so
	STATE=$DEMO/var/lib/p11-latch
	mkdir -p "$STATE"
}

configure_latch() {
	cat >"$DEMO/etc/p11-latch/p11-latch.conf" <<-EOF
		[Module]
		Path=$VENDOR

		[Latch]
		Policy=$DEMO/etc/p11-latch/policy.conf
		StateDirectory=$STATE
	EOF
	cat >"$DEMO/etc/p11-latch/descriptions/personalize.dsc" <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	cat >"$DEMO/etc/p11-latch/descriptions/puk.dsc" <<-'EOF'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	EOF
	cat >"$DEMO/etc/p11-latch/descriptions/letter.dsc" <<-'EOF'
		[Fields]
		ADMIN_KEY=
		NEW_ADMIN_KEY=
		PIN=

		[Description]
		SetPIN=true
		PIN=PIN
		CardManagerKey=ADMIN_KEY
		NewCardManagerKey=NEW_ADMIN_KEY
	EOF
	cat >"$DEMO/etc/p11-latch/descriptions/offline.dsc" <<-'EOF'
		[Fields]
		CARD_MANAGER_KEY=

		[Description]
		InitCRKey=true
		UseCardManagerKey=true
		CardManagerKey=CARD_MANAGER_KEY

		[Application_B]
		BlockCard=true
	EOF
	mkdir "$DEMO/keys" "$DEMO/new-keys" "$DEMO/letters"
	chmod 700 "$DEMO/keys" "$DEMO/new-keys" "$DEMO/letters"
	cat >"$DEMO/etc/p11-latch/policy.conf" <<-EOF
		[pkcs11:manufacturer=SoftHSM%20project]
		Personalize=personalize.dsc
		Unblock=puk.dsc

		[pkcs11:manufacturer=SoftHSM%20project;token=carol]
		Personalize=personalize.dsc
		Unblock=letter.dsc
		Field.ADMIN_KEY=file:$DEMO/keys/{serial}
		Field.NEW_ADMIN_KEY=file:$DEMO/new-keys/{serial}
		Field.PIN=file:$DEMO/letters/{serial}

		[pkcs11:manufacturer=SoftHSM%20project;token=erin]
		Personalize=offline.dsc
		Field.CARD_MANAGER_KEY=file:$DEMO/keys/{serial}
	EOF
}

# Another machine than the office's: its own policy, its own state, and no key.
configure_phone() {
	mkdir -p "$DEMO/phone/descriptions" "$DEMO/phone/state"
	cat >"$DEMO/phone/p11-latch.conf" <<-EOF
		[Module]
		Path=$VENDOR

		[Latch]
		Policy=$DEMO/phone/policy.conf
		StateDirectory=$DEMO/phone/state
	EOF
	cat >"$DEMO/phone/policy.conf" <<-'EOF'
		[pkcs11:manufacturer=SoftHSM%20project]
		Unblock=phone.dsc
	EOF
	cat >"$DEMO/phone/descriptions/phone.dsc" <<-'EOF'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		UseCardManagerKey=true
		CardManagerKey=!FROM_USER_DIALOG_1_FIELD
	EOF
}

# --- The day --------------------------------------------------------------------------------------

tool() {
	run pkcs11-tool --module "$LATCH" "$@"
}

# A fresh card, as it comes from the factory.
factory_card() {
	pkcs11-tool --module "$VENDOR" --slot-index "$1" --init-token --label "$2" --so-pin "$3" \
		>/dev/null 2>&1 || die "SoftHSM makes no token"
}

state_of() {
	ANSWER=$("$DEMO/bin/p11-latch" status "pkcs11:token=$1" 2>&1)
	case $ANSWER in
	*"$2"*) return 0 ;;
	esac
	return 1
}

# What the watcher still does after the program that personalized has ended takes a moment.
await_blocked() {
	tries=0
	until state_of "$1" blocked || [ "$tries" -ge 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	run "$DEMO/bin/p11-latch" status "pkcs11:token=$1"
	so blocked "$2"
}

serial_of() {
	pkcs11-tool --module "$VENDOR" -L 2>/dev/null |
		awk -v label="$1" '/token label/ { found = $4 == label } found && /serial num/ { print $4; exit }'
}

personalize() {
	tool --token-label "$1" --login --login-type so --so-pin "$2" --init-pin --new-pin "$3"
	so "successfully initialized" "an ordinary program set the first PIN of $1's card and ended"
}

alice() {
	title "1. Alice's card: blocked right after personalization, unblocked with the PUK"
	factory_card 0 alice "$PUK"
	run cat "$DEMO/etc/p11-latch/descriptions/personalize.dsc"
	so BlockCard "that is all that the description says"
	personalize alice "$PUK" 1234
	await_blocked alice "the card is blocked: nobody knows a PIN for it now"
	tool --token-label alice --login --pin 1234 --list-objects
	so CKR_PIN_LOCKED "the right PIN is refused by p11-latch"
	run pkcs11-tool --module "$VENDOR" --token-label alice --login --pin 1234 --list-objects
	so CKR_PIN_INCORRECT "and by the vendor's own module too: it is the card that is blocked"
	tool --token-label alice --unlock-pin --puk "$PUK" --new-pin 2345
	so_not error "pick-up: unblocked with the PUK, and Alice chose a new PIN"
	tool --token-label alice --login --pin 2345 --list-objects
	so_not error "her new PIN is right"
	run p11tool --login --set-pin=2345 --list-all "pkcs11:token=alice"
	so_not rror "in GnuTLS's p11tool too, which finds the card through p11-kit"
}

bob() {
	title "2. Bob's card: unblocked as a desktop application does it, by \"change PIN\""
	factory_card 1 bob "$PUK"
	personalize bob "$PUK" 1234
	await_blocked bob "blocked"
	tool --token-label bob --login --pin "$PUK" --change-pin --new-pin 3456
	so_not rror "the PUK stood in for the old PIN, and 3456 is the new one"
	tool --token-label bob --login --pin 3456 --list-objects
	so_not rror "Bob's PIN is right"
	tool --token-label bob --login --pin "$PUK" --list-objects
	so CKR_PIN_INCORRECT "the PUK is no PIN: it never was"
}

carol() {
	title "3. Carol's card: activated by the PIN of her PIN letter, and its key is changed"
	factory_card 2 carol "$OLD_KEY"
	serial=$(serial_of carol)
	printf '%s\n' "$OLD_KEY" >"$DEMO/keys/$serial"
	printf '%s\n' "$NEW_KEY" >"$DEMO/new-keys/$serial"
	printf '864213\n' >"$DEMO/letters/$serial"
	run "$DEMO/bin/p11-latch" explain "pkcs11:token=carol"
	so letter.dsc "what governs this card, and why; never a value"
	personalize carol "$OLD_KEY" 1234
	await_blocked carol "blocked"
	tool --token-label carol --login --pin 864213 --list-objects
	so_not rror "Carol's first login, with the PIN of her letter, unblocked the card"
	await_key
	run pkcs11-tool --module "$VENDOR" --token-label carol --session-rw --login --login-type so \
		--so-pin "$OLD_KEY" --list-objects
	so CKR_PIN_INCORRECT "the old card manager key is valid no more"
	run pkcs11-tool --module "$VENDOR" --token-label carol --session-rw --login --login-type so \
		--so-pin "$NEW_KEY" --list-objects
	so_not rror "the new one is"
}

await_key() {
	tries=0
	until state_of carol active || [ "$tries" -ge 50 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
}

dave() {
	title "4. Dave's card: the personalizing program is killed in the middle of its work"
	factory_card 3 dave "$PUK"
	program=$DEMO/build/tests/lib/p11drive
	printf '\n$ %s %s ... & # a program that sets a PIN, and then hangs\n' "$program" "$LATCH"
	"$program" "$LATCH" initialize "slot-label dave" "open rw" "login so $PUK" "init-pin 1234" \
		"sleep 600000" >"$DEMO/holder.out" 2>&1 &
	HOLDER=$!
	tries=0
	until grep -q '^init-pin' "$DEMO/holder.out" || [ "$tries" -ge 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	ANSWER=$(cat "$DEMO/holder.out")
	printf '%s\n' "$ANSWER" | sed 's/^/    /'
	so "init-pin CKR_OK" "the PIN is set, and the program goes on working"
	run "$DEMO/bin/p11-latch" status "pkcs11:token=dave"
	so personalizing "the card is being personalized: nobody else can log in"
	run kill -9 "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	HOLDER=
	await_blocked dave "its watcher saw it die, and blocked the card"
	run pkcs11-tool --module "$VENDOR" --token-label dave --login --pin 1234 --list-objects
	so CKR_PIN_INCORRECT "the PIN that was set is right no more"
}

erin() {
	title "5. Erin's card: unblocked over the phone, on a machine without network, PUK and key"
	factory_card 4 erin "$PUK"
	serial=$(serial_of erin)
	run "$DEMO/bin/p11-latch" key new --out "$DEMO/keys/$serial"
	so_not rror "a card manager key, of which the card itself never gets to know"
	run cat "$DEMO/etc/p11-latch/descriptions/offline.dsc"
	so InitCRKey "what Identity Manager's own descriptions of such cards say"
	personalize erin "$PUK" 1234
	await_blocked erin "blocked, and there are ten tickets on it; its PUK is random now, and nobody's to know"
	configure_phone
	printf '\n(from here on at home, on another machine, with a policy of its own)\n'
	P11_LATCH_CONF=$DEMO/phone/p11-latch.conf
	export P11_LATCH_CONF
	run cat "$DEMO/phone/policy.conf" "$DEMO/phone/descriptions/phone.dsc"
	so DIALOG "no key and no PUK anywhere"
	tool --token-label erin --login --pin 1234 --list-objects
	so CKR_PIN_INCORRECT "Erin calls the helpdesk, and is asked for the challenge"
	run "$DEMO/bin/p11-latch" challenge "pkcs11:token=erin"
	challenge=$ANSWER
	run "$DEMO/bin/p11-latch" respond --challenge "$challenge" --field "CARD_MANAGER_KEY=@$DEMO/keys/$serial"
	so_not rror "the helpdesk, which has the key, reads the response out"
	response=$(printf '%s' "$ANSWER" | tr -d ' ')
	tool --token-label erin --unlock-pin --puk "$response" --new-pin 4567
	so_not rror "an ordinary program took it in the PUK's place, and Erin chose a new PIN"
	tool --token-label erin --login --pin 4567 --list-objects --type cert
	so_not rror "it is right"
	run "$DEMO/bin/p11-latch" verify "pkcs11:token=erin"
	so "tickets left: 9" "that ticket is used up: whoever overheard the response can do nothing with it"
	unset P11_LATCH_CONF
}

own_card() {
	cat <<-EOF

		=== The same on your own card
		1. Build and install:  ./autogen.sh && ./configure --prefix=/usr && make && make install
		2. Name your card's PKCS#11 module as Path= in /etc/p11-latch/p11-latch.conf.
		3. Write down in /etc/p11-latch/policy.conf what governs your cards, in three lines:
		       [pkcs11:manufacturer=WHAT%20p11tool%20--list-tokens%20SAYS]
		       Personalize=personalize.dsc
		       Unblock=puk.dsc
		   with the descriptions in /etc/p11-latch/descriptions (those above will do).
		4. p11-latch check, then p11-latch explain, say what would happen to which card, and why.
		5. Give your programs p11-latch.so in place of the vendor's module. p11-kit's programs have it
		   already. A card that is in use: p11-latch adopt URI, so that it is never personalized again.
	EOF
}

title "0. Building p11-latch into $DEMO (a minute), and configuring it there"
build >"$DEMO/build.log" 2>&1 || { tail -n 30 "$DEMO/build.log" && die "the build failed"; }
p11_kit_folder
tokens
configure_latch
cd "$DEMO" || exit 1
run cat "$DEMO/etc/p11-latch/policy.conf"
run "$DEMO/bin/p11-latch" check
so_not error: "policy and descriptions are in order"
run p11-kit list-modules
so p11-latch "p11-kit's programs see the cards through p11-latch"
alice
bob
carol
dave
erin
own_card
if [ "$UNEXPECTED" -gt 0 ]; then
	printf '\n%d answers were not as expected: see NOT AS EXPECTED above.\n' "$UNEXPECTED"
	exit 1
fi
printf '\nEverything went as told. %s is removed now.\n' "$DEMO"
