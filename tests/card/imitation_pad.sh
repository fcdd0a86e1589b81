# SPDX-License-Identifier: BSD-3-Clause
# A reader with a PIN pad: PUK and new PIN are typed there, and none of our processes sees them.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/imitations.sh"
. "$SRCDIR/tests/lib/sockets.sh"

PAD='!FROM_PROTECTED_AUTHENTICATION_PATH'
AUTO='!FROM_USER_DIALOG_2_FIELD_AUTO'
AUTO_1='!FROM_USER_DIALOG_1_FIELD_AUTO'
ASKED='!FROM_USER_DIALOG_1_FIELD'

# office PIN PUK [ELEMENT]...
office() {
	office_pin=$1 office_puk=$2
	shift 2
	pickup Profile=cardos "Profile.UnblockStyle=$style" <<-EOF
		[Description]
		SetPIN=true
		PIN=$office_pin
		InitialPUK=$office_puk
		$*
	EOF
}

# Personalized and blocked as on any card, as long as the module takes a PIN from a program.
blocked() {
	setting pad also
	imitation_locked
	setting pad "$pad"
	log_clear
}

# A module without C_InitPIN personalizes nothing by itself: the command locks the card.
imitation_locked() {
	if [ "$style" = init-pin ]; then
		imitation_blocked
		return
	fi
	token_new
	rm -rf "${STATE:?}"/*
	"$CMD" block --force "$CARD" >/dev/null 2>&1
	state_is blocked || bail_out "not blocked: $(log_text | tail -n 20)"
	: >"$FORGED_DIR/given"
}

is_open() {
	is "$(record State), $(private Journal), $(tries user)" "active, none, 3" "$pad: $1"
	setting pad also
	is "$(login_rv "$MODULE" user "$PIN_NEW")" CKR_OK "$pad: with the PIN that was typed"
	setting pad "$pad"
}

# untouched TEXT: nothing was asked of a person, or tried on the card.
untouched() {
	is "$(given_to login-so),$(given_to login-user),$(given_to init-pin),$(tries so),$(tries user)" 0,0,0,5,0 \
		"$pad: $1: the card is untouched, and nobody is asked"
	still_blocked "$pad: $1: and stays blocked"
}

both_typed() {
	for value in "$PAD $PAD" "$AUTO $AUTO_1"; do
		# shellcheck disable=SC2086
		office $value
		blocked
		types "$SO" "$PIN_NEW"
		like "$("$CMD" explain "$CARD")" "*typed on the reader's PIN pad*: yes: the PUK or key, and the new PIN*" \
			"$pad: explain says that both are typed"
		is "$(set_pin null null)" CKR_OK "$pad: C_SetPIN without values, and $value: typed on the reader"
		is_open "unblocked"
		is "$(grep -v null "$FORGED_DIR/given" | grep -c -v login-user)" 0 "$pad: the module was given none of them"
		blocked
		types "$SO" "$PIN_NEW"
		like "$("$CMD" unblock "$CARD" 2>&1 </dev/null)" "*on the reader are to be typed: the PUK*, then the new PIN*: unblocked*" \
			"$pad: the command says what is to be typed"
		is_open "unblocked by the command"
	done
}

# The PUK is the policy's, or the program's, and the new PIN is typed; or the other way round.
one_typed() {
	office "$PAD" "#$SO"
	blocked
	types "$PIN_NEW"
	is "$(set_pin null null)" CKR_OK "$pad: the policy's PUK, and the PIN is typed"
	is_open "unblocked"
	office "$PAD" "$ASKED"
	blocked
	types "$PIN_NEW"
	is "$(set_pin "$SO" null)" CKR_OK "$pad: the program's PUK, and the PIN is typed"
	is_open "unblocked"
	office "$AUTO" "$PAD"
	blocked
	types "$SO"
	is "$(set_pin null "$PIN_NEW")" CKR_OK "$pad: the PUK is typed, and the PIN the program's"
	is_open "unblocked"
}

# A login without a value presents nothing: it is a login like any other on such a token.
login_null() {
	for puk in "#$SO" "$PAD"; do
		office "$AUTO" "$puk"
		blocked
		types "$SO"
		is "$(login_rv "$LATCH" user null)" CKR_PIN_LOCKED "$pad: C_Login without a value does not log in"
		untouched "C_Login without a value"
	done
}

wrong() {
	office "$PAD" "$PAD"
	blocked
	types 99999999 "$PIN_NEW"
	is "$(set_pin null null),$(tries so)" CKR_PIN_INCORRECT,4 "$pad: a wrong PUK costs one try, and is asked for once"
	still_blocked "$pad: a wrong PUK: blocked as before"
	types cancel
	is "$(set_pin null null),$(tries so)" CKR_FUNCTION_CANCELED,4 "$pad: whoever gives up has tried nothing"
	still_blocked "$pad: given up: blocked as before"
	types "$SO" cancel
	is "$(set_pin null null),$(tries so)" CKR_FUNCTION_CANCELED,5 "$pad: and may give up when the new PIN is asked for"
	still_blocked "$pad: given up before the new PIN: blocked as before"
	# How many tries such a card has is not known, and one was wrong: a person allows another.
	"$CMD" reset "$CARD" >/dev/null
	types "$SO" 1
	is "$(set_pin null null)" CKR_PIN_LEN_RANGE "$pad: a PIN that is too short"
	still_blocked "$pad: too short: blocked as before"
	"$CMD" reset "$CARD" >/dev/null
	types "$SO" "$PIN_NEW"
	is "$(set_pin null null)" CKR_OK "$pad: and in the end it is unblocked"
	is_open "unblocked"
	office "$PAD" "$PAD"
	blocked
	sed -i 's/ [0-9]*$/ 1/' "$FORGED_DIR/token"
	types 99999999
	is "$(set_pin null null),$(tries so)" CKR_PIN_LOCKED,1 "$pad: the last try is not spent on the reader either"
}

refused() {
	office "$PAD" "$PAD"
	blocked
	is "$(set_pin "$SO" null)" CKR_FUNCTION_FAILED "$pad: a value where the description says the reader"
	logged "InitialPUK= is to be typed on the reader's PIN pad" "$pad: the log says why"
	untouched "a PUK that was given"
	is "$(set_pin null "$PIN_NEW")" CKR_FUNCTION_FAILED "$pad: and a new PIN"
	untouched "a PIN that was given"
	fails "$pad: and by the command" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	untouched "a PIN given to the command"
	office "$PAD" "$ASKED"
	like "$("$CMD" explain "$CARD")" "*PIN pad*: yes: the new PIN*" "$pad: explain says what alone is typed"
	is "$(set_pin null null)" CKR_PIN_LOCKED "$pad: nothing presented where a dialog is to ask"
	untouched "nothing presented"
	setting pad no
	office "$PAD" "$PAD"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$pad: and where the reader has no PIN pad"
	logged "this token shows none" "$pad: the log says what to write"
	untouched "no PIN pad"
	office "$AUTO" "$AUTO_1"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$pad: _AUTO takes the program's values then"
	is_open "unblocked"
	setting pad "$pad"
}

# Where C_SetPIN without a login unblocks, both values are one call's.
by_set_pin() {
	style=set-pin
	setting unblock set-pin
	both_typed
	office "$PAD" "$PAD"
	blocked
	types cancel
	is "$(set_pin null null),$(tries so)" CKR_FUNCTION_CANCELED,5 "$pad, set-pin: whoever gives up has tried nothing"
	style=init-pin
	setting unblock so
}

# The PUK is not known here: a new one follows with whoever has it.
puk_stays() {
	office "$PAD" "$PAD" "PUK=#13572468"
	blocked
	types "$SO" "$PIN_NEW"
	is "$(set_pin null null)" CKR_OK "$pad: PUK= and a PUK that is typed: unblocked"
	is_open "unblocked"
	logged "PIN unblocked, PUK or card manager key unchanged" "$pad: and the log says what is not done"
}

by_application() {
	office "$PAD" "$PAD"
	blocked
	types "$SO" "$PIN_NEW"
	once "$LATCH" "login so null" "init-pin null" logout >/dev/null
	is_open "an application that has all of it typed unblocks the card by itself"
}

# Personalized on the reader: where a program may give wrong PINs, the card locks. Where not, nobody can.
personalized() {
	office "$PAD" "$PAD"
	token_new
	rm -rf "${STATE:?}"/*
	types "$SO" "$PIN"
	log_clear
	once "$LATCH" "login so null" "init-pin null" close >/dev/null
	case $pad in
	also) is "$(record State),$(record Method),$(tries user)" blocked,lock,0 "$pad: personalized on the reader, and locked" ;;
	only)
		is "$(record State),$(record Method),$(tries user)" personalizing,refuse,3 "$pad: what cannot be locked is refused"
		logged "takes PINs from the reader's PIN pad only" "$pad: the log says why"
		is "$(login_rv "$LATCH" user null)" CKR_PIN_LOCKED "$pad: nobody gets in"
		is "$(grep -c '^login-user null' "$FORGED_DIR/given")" 0 "$pad: nor is asked to type"
		types "$SO" "$PIN_NEW"
		is "$(set_pin null null)" CKR_OK "$pad: a right PUK, typed, ends it"
		is_open "unblocked"
		;;
	esac
}

# What is typed is presented; what the policy holds is used for nobody who presents nothing.
behind_sockets() {
	office "$AUTO" "$PAD"
	blocked
	sockets_start
	chown -R latchd "$STATE"
	who anyone
	types "$SO" "$PIN_NEW"
	is "$(set_pin null null)" CKR_OK "$pad, sockets: anyone unblocks with a PUK that is typed"
	who root
	is_open "unblocked"
	latch_conf "spawn:$HELPER"
	office "$PAD" "#$SO"
	blocked
	shut_away
	chown -R latchd "$STATE"
	latch_conf "unix:$SCRATCH/run/helper.sock"
	who anyone
	types "$PIN_NEW"
	is "$(set_pin null null)" CKR_PIN_LOCKED "$pad, sockets: but not with the policy's, and nothing presented"
	untouched "nothing presented by anyone"
	who root
	sockets_stop
	latch_conf "spawn:$HELPER"
}

users_make
imitation_start cardos pad also
latch_setup
style=init-pin
for pad in also only; do
	setting pad "$pad"
	both_typed
	[ "$pad" = only ] || one_typed
	login_null
	wrong
	refused
	puk_stays
	by_application
	by_set_pin
	personalized
	[ "$pad" = only ] || behind_sockets
	no_secret "$pad: no PUK or PIN stands in log or state" "$SO" "$PIN_NEW"
done
done_testing
