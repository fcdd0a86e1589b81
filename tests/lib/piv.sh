# SPDX-License-Identifier: BSD-3-Clause
# PIV cards, behind OpenSC and ykcs11: an office and a pick-up desk for them. Sourced, after all.sh; brings pickup.sh
# along, whose words hold for them with these in place of its own:
#
#	for kind in $PIV_KINDS; do piv_start; ...   the token and p11-latch over it; PUK and new PIN as ykcs11's own
#	                                            programs write them: ${PUK_IS}1234, ${PIN_IS}1234
#	pickup [LINE...] <<EOF    policy: the office knows the PUK, and blocks what C_SetPIN personalizes
#	blocked_card              a factory card that an ordinary program has personalized: blocked
#	personalized RV [WORD..]  an ordinary program makes PIN the card's PIN; how it ended, CKR_OK
#	counters                  tries left of PIN and PUK, as the card itself has them: "0 3"
#	card_is TRIES PIN TEXT    tests: the card's own PIN
#	so_is PUK                 the card's own PUK: no try is spent
#
# SO is the PUK here, SO_NEW another one; MANAGER and MANAGER_NEW management keys.

. "$SRCDIR/tests/lib/pickup.sh"

# shellcheck disable=SC2034
PIV_KINDS="piv-opensc piv-ykcs11"
CARD=pkcs11:

piv_start() {
	token_start "$kind"
	SO=$PUK
	SO_NEW=$PUK_NEW
	PUK_IS=
	PIN_IS=
	case $kind in
	*ykcs11)
		PUK_IS=puk:
		PIN_IS=pin:
		;;
	esac
	latch_setup
}

# piv_office [LINE...]: the text of a description that personalizes; LINEs, of [Description].
piv_office() {
	printf '[Application_B]\nBlockCard=true\n'
	[ $# -eq 0 ] || printf '%s\n' "[Description]" "$@"
}

# piv_policy [LINE...]: from descriptions/personalize.dsc, and unblock.dsc where that is not empty.
piv_policy() {
	policy_clear
	{
		echo Personalize=personalize.dsc
		echo PersonalizeOn=set-pin
		[ ! -s "$CONF_DIR/descriptions/unblock.dsc" ] || echo Unblock=unblock.dsc
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | policy
}

pickup() {
	piv_office "InitialPUK=#$PUK" | description personalize
	description unblock
	piv_policy "$@"
}

fresh() {
	token_new
	rm -rf "${STATE:?}"/*
	log_clear
}

personalized() {
	once "$LATCH" "login user $CARD_PIN" "set-pin $CARD_PIN $PIN" close | last_rv
}

blocked_card() {
	fresh
	[ "$(personalized)" = CKR_OK ] && state_is blocked ||
		bail_out "$kind: not blocked: $(record State); the log: $(log_text | tail -n 20)"
}

piv_tries() {
	card_pin card "$1" | cut -d ' ' -f 1
}

counters() {
	printf '%s %s' "$(piv_tries pin)" "$(piv_tries puk)"
}

card_is() {
	is "$(card_pin card pin)" "$1 $2" "$3"
}

so_is() {
	case $(card_pin card puk) in
	"0 "*) return 1 ;;
	*" $1") return 0 ;;
	esac
	return 1
}

# By the card's own memory: it takes the PIN, and has tries for it.
vendor_takes() {
	case $(card_pin card pin) in
	"0 "*) return 1 ;;
	*" $1") return 0 ;;
	esac
	return 1
}

# is_blocked TEXT: by the record and the card, the PUK whole.
is_blocked() {
	is "$(record State) $(record Method) $(private Journal), $(counters)" "blocked lock none, 0 3" "$1"
}
