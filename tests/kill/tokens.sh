# SPDX-License-Identifier: BSD-3-Clause
# Tokens that are put back as they were before each step, and what they are afterwards. Sourced, after all.sh.
#
#	kill_token KIND     the token, p11-latch over it through marks.so. CARD: its URI
#	start_WHAT          a card: from the factory, bare (not initialised), in_use, blocked
#	keep FOLDER         token and state of p11-latch are kept there
#	give FOLDER         and are so again
#	outlives            files and folders that the token, or card, is kept in
#	look                what the token itself says: LOOK_PIN and LOOK_SO, the values that are right now (empty: none
#	                    that a person knows, or locked), LOOK_TRIES: left of the SO secret, "-" where nothing shows

KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
NEW_KEY=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978
OBJECT=treasure
SO_FACTORY=87654321

kill_token() {
	FIRST_BY_SET_PIN=
	token_start "$1"
	latch_setup
	case $TOKEN in
	softhsm | opencryptoki)
		CARD=pkcs11:token=$LABEL
		FAMILY=software
		;;
	openpgp)
		CARD=pkcs11:serial=$SERIAL
		FAMILY=openpgp
		sed -i 's/^app default {/&\n	card_drivers = openpgp;/' "$OPENSC_CONF"
		;;
	piv-*)
		CARD=pkcs11:
		FAMILY=piv
		FIRST_BY_SET_PIN=yes
		SO=$PUK
		SO_NEW=$PUK_NEW
		;;
	esac
	MARKS_VENDOR=$MODULE
	export MARKS_VENDOR
	sed -i "s|^Path=.*|Path=$BUILDDIR/tests/kill/marks.so|" "$P11_LATCH_CONF"
	# Who looks has no marks in the way, and no state.
	mkdir -p "$SCRATCH/looks"
	sed -e "s|^Path=.*|Path=$MODULE|" -e "s|^StateDirectory=.*|StateDirectory=$SCRATCH/looks|" \
		"$P11_LATCH_CONF" >"$SCRATCH/looks.conf"
	[ "$FAMILY" = software ] || cp "$(card_dir card)/state" "$SCRATCH/factory-card"
}

# --- Starts -----------------------------------------------------------------------------------------

start_factory() {
	rm -rf "${STATE:?}"/*
	case $FAMILY in
	software) token_new ;;
	*) card_again card "$SCRATCH/factory-card" ;;
	esac
}

start_bare() {
	rm -rf "${STATE:?}"/*
	case $TOKEN in
	softhsm)
		rm -rf "$SCRATCH/softhsm"
		install -d -m 700 "$SCRATCH/softhsm"
		;;
	opencryptoki)
		opencryptoki_wipe
		token_second
		;;
	esac
}

# A person's, with something private on it that is to stay; nothing of p11-latch had a part in it.
in_use_direct() {
	start_factory
	case $FAMILY in
	software) set -- "login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data $OBJECT gold private" ;;
	openpgp) set -- "login so $SO" "init-pin $PIN" ;;
	piv) set -- "login user $CARD_PIN" "set-pin $CARD_PIN $PIN" ;;
	esac
	start_out=$(once "$MODULE" "$@")
	[ "$(printf '%s\n' "$start_out" | last_rv)" = CKR_OK ] || bail_out "$TOKEN: not in use: $start_out"
}

start_in_use() {
	in_use_direct
	start_out=$("$CMD" adopt "$CARD" 2>&1) || bail_out "adopt: $start_out"
}

start_blocked() {
	in_use_direct
	set -- block "$CARD"
	[ "$FLOW_POLICY" != asked ] || set -- block --force "$CARD"
	start_out=$("$CMD" "$@" 2>&1) && state_is blocked || bail_out "not blocked: $start_out, $(log_text | tail)"
}

# With tickets, and a box that its SO secret is in.
start_ticketed() {
	in_use_direct
	start_out=$("$CMD" apply --puk - "$CONF_DIR/descriptions/personalize.dsc" "$CARD" 2>&1 <<-END
		$SO
	END
	) && state_is blocked || bail_out "no tickets: $start_out, $(log_text | tail)"
}

# The card that was made is used by others, and all that is p11-latch's is its service's.
behind_prepare() {
	[ -d "$SCRATCH/bin" ] || users_make
	token_share
	mkdir -p "$CONF_DIR/values"
	shut_away
	chown -R latchd "$STATE"
	sed "s|^Helper=.*|Helper=unix:$SCRATCH/run/helper.sock|" "$P11_LATCH_CONF" >"$SCRATCH/behind.conf"
}

# --- Keeping and giving -----------------------------------------------------------------------------

# What is shared goes with openCryptoki's files: whoever opens it next reads these. The other token is there as well, since
# what is asked of one that has no label yet may be asked of that.
keep() {
	rm -rf "$1"
	mkdir -p "$1"
	cp -a "$STATE" "$1/state"
	case $TOKEN in
	softhsm) cp -a "$SCRATCH/softhsm" "$1/token" ;;
	opencryptoki)
		mkdir "$1/shm"
		cp -a /var/lib/opencryptoki "$1/token"
		cp -a /dev/shm/var.lib.opencryptoki.* "$1/shm/"
		;;
	*) cp "$(card_dir card)/state" "$1/card" ;;
	esac
}

give() {
	rm -rf "$STATE"
	cp -a "$1/state" "$STATE"
	case $TOKEN in
	softhsm)
		rm -rf "$SCRATCH/softhsm"
		cp -a "$1/token" "$SCRATCH/softhsm"
		;;
	opencryptoki)
		rm -rf /var/lib/opencryptoki/* /dev/shm/var.lib.opencryptoki.*
		cp -a "$1/token/." /var/lib/opencryptoki/
		cp -a "$1"/shm/* /dev/shm/
		;;
	*) card_again card "$1/card" ;;
	esac
}

outlives() {
	case $TOKEN in
	softhsm) echo "$SCRATCH/softhsm" ;;
	opencryptoki) echo /var/lib/opencryptoki /dev/shm/var.lib.opencryptoki.* ;;
	*) echo "$(card_dir card)/state" ;;
	esac
}

# pkcsslotd 3.8.1 ends when a program is killed while it reads from its socket in C_Initialize, whoever that is. True: it
# had to be started again.
service_mended() {
	[ "$TOKEN" = opencryptoki ] && gone "$(cat /run/pkcsslotd.pid)" || return 1
	rm -f /run/pkcsslotd.pid /run/pkcsslotd.socket
	opencryptoki_daemon
}

# --- Looking ----------------------------------------------------------------------------------------

# As much as can be had in one process. Of the PINs that a person may have the likelier first, and no more than two: a wrong
# one is a try, of which p11-latch may have spent one to see whether the PIN is locked.
look_software() {
	look_new=$PIN_NEW
	[ "$FLOW_POLICY" != letter ] || look_new=$LETTER
	look_first=$SO
	[ "$TOKEN,$FLOW_START" != opencryptoki,bare ] || look_first=$SO_FACTORY
	if [ "$FLOW_POLICY" = offline ]; then
		# What its boxes hold, the newest first; the SO secret of before, where there is none.
		look_boxes=$(P11_LATCH_CONF=$SCRATCH/looks.conf "$BUILDDIR/tests/card/stranger_box" "$LABEL" desk "$KEY" all 2>/dev/null)
		look_first=$(printf '%s\n' "$look_boxes" "$SO" | sed '/^$/d;q')
		look_first=${look_first:-$SO}
	fi
	look_out=$(once "$MODULE" token-info "login user $look_new" logout "login user $PIN" logout "login so $look_first")
	LOOK_TRIES=-
	# A token that is destroyed is not found by its label; SoftHSM counts no tries, and shows anything when it is.
	case $TOKEN,$look_out in
	softhsm,*) ;;
	*"slot-label CKR_OK"*SO_PIN_FINAL_TRY* | *"slot-label CKR_OK"*SO_PIN_LOCKED*) LOOK_TRIES=1 ;;
	esac
	look_logins
	[ -z "$LOOK_SO" ] || return 0
	look_next=$SO_NEW
	[ "$look_first" = "$SO" ] || look_next=$SO
	if [ "$FLOW_POLICY" = offline ]; then
		[ "$look_first" != "$SO" ] || return 0
		look_next=$(printf '%s\n' "$look_boxes" | sed -n 2p)
		look_next=${look_next:-$SO}
	fi
	case $(once "$MODULE" "login so $look_next") in
	*"login CKR_OK"*) LOOK_SO=$look_next ;;
	esac
}

# What the logins said, in their order.
look_logins() {
	LOOK_PIN=
	LOOK_SO=
	set -- "$look_new" "$PIN" so
	while read -r look_word look_rv _; do
		[ "$look_word" = login ] || continue
		case $1,$look_rv in
		so,CKR_OK) LOOK_SO=$look_first ;;
		*,CKR_OK) LOOK_PIN=${LOOK_PIN:-$1} ;;
		esac
		shift
	done <<-END
		$look_out
	END
}

# look_card PIN SO: by the names that the card has for them.
look_card() {
	LOOK_PIN=
	LOOK_SO=
	# shellcheck disable=SC2046
	set -- $(card_pin card "$1") $(card_pin card "$2")
	if [ "$1" != 0 ]; then
		case $2 in
		"$PIN" | "$PIN_NEW" | "$LETTER" | "$CARD_PIN") LOOK_PIN=$2 ;;
		esac
	fi
	LOOK_TRIES=$3
	case $3,$4 in
	0,*) ;;
	*,"$SO" | *,"$SO_NEW") LOOK_SO=$4 ;;
	esac
}

look_manager() {
	case $(sed -n 's/^item mgm //p' "$(card_dir card)/state") in
	"$MANAGEMENT_KEY" | "$MANAGEMENT_KEY_NEW") ;;
	*) LOOK_SO= ;;
	esac
}

look() {
	case $FAMILY in
	software) look_software ;;
	openpgp) look_card pw1 pw3 ;;
	piv)
		look_card pin puk
		look_manager
		;;
	esac
}

# With the PIN that it has now, what a person had on it is there. Cards keep theirs in items; the management key is one.
has_object() {
	case $FAMILY in
	software)
		[ "$FLOW_START" != factory ] && [ "$FLOW_START" != bare ] && [ "$OBJECT_MADE" = yes ] || return 0
		look_out=$(once "$MODULE" "login user $1" "read-data $OBJECT")
		case $look_out in
		*"read-data CKR_OK value=gold"*) return 0 ;;
		esac
		return 1
		;;
	*) [ "$(items)" = "$ITEMS" ] ;;
	esac
}

items() {
	grep '^item' "$(card_dir card)/state" | grep -v '^item mgm ' | cksum
}
