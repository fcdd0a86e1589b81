# SPDX-License-Identifier: BSD-3-Clause
# CardOS API and cryptovision's module as their documents say: a PUK as SO secret, and what of it cannot be changed.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/imitations.sh"

PUK_NEW=24681357

# unblock.dsc with these elements, under the profile that has to be written.
office() {
	{
		printf '[Description]\nSetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\n'
		printf '%s\n' "$@"
	} | pickup "Profile=$vendor"
}

blocked() {
	imitation_blocked
	is "$(record Method), $(tries user)" "lock, 0" "$vendor: blocked by the card's own lock"
}

is_open() {
	is "$(record State), $(private Journal), $(login_rv "$MODULE" user "$1")" "active, none, CKR_OK" "$vendor: $2"
}

by_each_way() {
	office "InitialPUK=#$SO"
	blocked
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$vendor: C_SetPIN with the PUK"
	is_open "$PIN_NEW" "unblocks"
	blocked
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$SO"
	expect CKR_OK desk set-pin "$SO" "$PIN_NEW"
	drive_stop desk
	is_open "$PIN_NEW" "so do C_Login and C_SetPIN"
	blocked
	once "$LATCH" "login so $SO" "init-pin $PIN_NEW" logout >/dev/null
	is_open "$PIN_NEW" "so does the application by itself"
	blocked
	"$CMD" unblock --pin "$PIN_NEW" "$CARD" >/dev/null 2>&1
	is_open "$PIN_NEW" "so does the command"
}

changed() {
	office "InitialPUK=#$SO" "PUK=#$PUK_NEW"
	blocked
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$vendor: unblocked, and a new PUK is set"
	is "$(login_rv "$MODULE" so "$PUK_NEW")" CKR_OK "$vendor: the card takes it"
	block_again
	is "$(set_pin "$PUK_NEW" "$PIN")" CKR_OK "$vendor: and the same description unblocks with it"
	is_open "$PIN" "all is well"
}

# A card profile may refuse it: the PIN stays set.
change_refused() {
	setting so-change "$1"
	for way in set_pin command; do
		office "InitialPUK=#$SO" "PUK=#$PUK_NEW"
		blocked
		case $way in
		set_pin) is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$vendor, PUK refused: C_SetPIN succeeds" ;;
		*) passes "$vendor, PUK refused: the command succeeds" "$CMD" unblock --pin "$PIN_NEW" "$CARD" ;;
		esac
		is_open "$PIN_NEW" "PUK refused, $way: the PIN is the new one"
		logged "PIN unblocked, PUK unchanged: the card answers $2" "$vendor, PUK refused, $way: the log says it plainly"
		is "$(login_rv "$MODULE" so "$SO"),$(tries so)" CKR_OK,5 "$vendor, PUK refused, $way: the PUK is the old one"
		block_again
		is "$(set_pin "$SO" "$PIN")" CKR_OK "$vendor, PUK refused, $way: which unblocks the next time"
	done
	setting so-change yes
}

# Some take no PUK in the place of the same.
other_only() {
	office "InitialPUK=#$SO"
	blocked
	setting so-change other
	printf '[Description]\nSetPIN=true\nInitialPUK=#%s\nPUK=#%s\n' "$SO" "$PUK_NEW" >"$CONF_DIR/change.dsc"
	passes "$vendor: a PUK is changed that is not to be set to itself" "$CMD" apply "$CONF_DIR/change.dsc" "$CARD"
	is "$(login_rv "$MODULE" so "$PUK_NEW"),$(private Journal),$(tries so)" CKR_OK,none,5 "$vendor: it is in force, and no try is lost"
	setting so-change yes
	token_new
}

# Nobody knows how many tries such a card has: one, and then a word that another may be sent.
wrong_puks() {
	office 'InitialPUK=!FROM_USER_DIALOG_1_FIELD'
	setting flags "$1"
	blocked
	is "$(login_rv "$LATCH" user 99999999),$(tries so)" CKR_PIN_LOCKED,5 "$vendor, flags $1: a stored PIN costs no try"
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "$vendor, flags $1: a wrong PUK"
	for again in 1 2 3 4 5 6; do
		set_pin 99999999 "$PIN_NEW" >/dev/null
	done
	passes "$vendor, flags $1: the last try is never spent ($(tries so) left)" test "$(tries so)" -ge 1
	"$CMD" reset "$CARD" >/dev/null 2>&1
	printf '%s\n' "$SO" | "$CMD" unblock --puk - --pin "$PIN_NEW" --last-try "$CARD" >/dev/null 2>&1
	is_open "$PIN_NEW" "flags $1: the right one unblocks"
	setting flags all
}

# Where a login as SO says nothing of the PUK, a wrong one is sent once, and the new one not after it.
wrong_change() {
	office "InitialPUK=#$SO"
	blocked
	setting so-login blind
	printf '[Description]\nSetPIN=true\nInitialPUK=#99999999\nPUK=#%s\n' "$PUK_NEW" >"$CONF_DIR/change.dsc"
	fails "$vendor: a PUK that is wrong changes none" "$CMD" apply "$CONF_DIR/change.dsc" "$CARD"
	is "$(tries so)" 4 "$vendor: which costs one try"
	setting so-login checks
	token_new
}

# Pre-initialised cards have a key.
with_key() {
	setting so-form hex
	puk_before=$SO
	SO=$KEY
	office 'CardManagerKey=!FROM_USER_DIALOG_1_FIELD'
	blocked
	is "$(set_pin "$KEY_OTHER" "$PIN_NEW"),$(tries so)" CKR_PIN_INCORRECT,4 "$vendor, key: a wrong one costs a try"
	is "$(set_pin "$KEY" "$PIN_NEW")" CKR_OK "$vendor, key: the right one unblocks"
	is_open "$PIN_NEW" "key: and the PIN is the new one"
	office "CardManagerKey=#$KEY" "NewCardManagerKey=#$KEY_NEW"
	block_again
	is "$(set_pin "$KEY" "$PIN")" CKR_OK "$vendor, key: and a new one is set"
	is "$(login_rv "$MODULE" so "$KEY_NEW")" CKR_OK "$vendor, key: which the card takes"
	setting so-form text
	SO=$puk_before
}

# cryptovision's is for offline unblocking only: it is no SO secret, and no try of one.
key_refused() {
	office "InitialPUK=#$SO"
	blocked
	for description in "CardManagerKey=#$KEY" 'CardManagerKey=!FROM_USER_DIALOG_1_FIELD'; do
		office "$description"
		: >"$FORGED_DIR/given"
		log_clear
		is "$(set_pin "$KEY" "$PIN_NEW")" CKR_FUNCTION_FAILED "$vendor: ${description%%=*}= is refused"
		logged "takes a PUK, no card manager key; use InitialPUK= and PUK=" "$vendor: the log says what to use instead"
		is "$(given_to login-so),$(given_to init-pin),$(tries so)" 0,0,5 "$vendor: and the card is untouched"
	done
	office "InitialPUK=#$SO"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$vendor: with the PUK all is well"
	is_open "$PIN_NEW" "and it is unblocked"
}

for vendor in cardos cryptovision; do
	imitation_start "$vendor"
	latch_setup
	by_each_way
	changed
	change_refused no CKR_FUNCTION_NOT_SUPPORTED
	change_refused form CKR_DATA_INVALID
	other_only
	wrong_puks all
	wrong_puks user
	wrong_change
	case $vendor in
	cardos) with_key ;;
	*) key_refused ;;
	esac
	no_secret "$vendor: no PUK or key stands in log or state" "$SO" "$PUK_NEW" "$KEY" "$KEY_NEW"
done
done_testing
