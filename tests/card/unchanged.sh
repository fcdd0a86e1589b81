# SPDX-License-Identifier: BSD-3-Clause
# C_InitPIN that fails and proves that nothing changed leaves the state before.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

state() {
	printf '%s,%s' "$(record State)" "$(record Method)"
}

locks_are_free() {
	for lock in "$STATE"/private/*.lock; do
		flock -n "$lock" true || return 1
	done
}

# refused RV COMMAND...: this C_InitPIN of the program "desk" fails so, and the state is as before.
refused() {
	before=$(state)
	EXPECT_NOTE="$kind, $before" expect "$@"
	is "$(state)" "$before" "$kind: C_InitPIN with $1 leaves the card $before"
}

# Codes that these tokens never give for C_InitPIN, from a module that stands between.
proves_nothing_changed() {
	for code in 0xa1:CKR_PIN_INVALID 0xa2:CKR_PIN_LEN_RANGE 0xa3:CKR_PIN_EXPIRED \
		0x101:CKR_USER_NOT_LOGGED_IN 0xb0:CKR_SESSION_CLOSED 0xb3:CKR_SESSION_HANDLE_INVALID \
		0xb5:CKR_SESSION_READ_ONLY 0x7:CKR_ARGUMENTS_BAD 0x54:CKR_FUNCTION_NOT_SUPPORTED; do
		fault p11drive C_InitPIN 0 rv "${code%%:*}"
		refused "${code#*:}" desk init-pin "$PIN_NEW"
	done
	fault none
}

# Any other failure, and no word at all, are taken as if the PIN had been set.
proves_nothing() {
	for code in 0x5:CKR_GENERAL_ERROR 0x6:CKR_FUNCTION_FAILED 0x30:CKR_DEVICE_ERROR; do
		fresh
		session_start desk "$LATCH"
		must desk login so "$SO"
		fault p11drive C_InitPIN 0 after "${code%%:*}"
		expect "${code#*:}" desk init-pin "$PIN"
		fault none
		is "$(record State)" personalizing "$kind: ${code#*:} may have set it: it is personalizing"
		must desk close
		is_blocked "$kind, C_InitPIN with ${code#*:}"
		drive_stop desk
	done
	for action in kill-before kill-after; do
		fresh
		session_start desk "$LATCH"
		must desk login so "$SO"
		fault p11drive C_InitPIN 0 "$action"
		drive desk init-pin "$PIN" >/dev/null
		fault none
		is_blocked_or_new "$kind, the program is killed in C_InitPIN ($action)"
		drive_stop desk
	done
}

# A card whose first PIN was not set after all has nothing to block.
is_blocked_or_new() {
	wait_for 10 no_helpers || bail_out "the watcher does not end"
	case $(flags "$MODULE") in
	*USER_PIN_INITIALIZED*) is_blocked "$1" ;;
	*) is "$(record State)" none "$1: no PIN was set, and nothing is recorded" ;;
	esac
}

# all: every code that these tokens can be brought to give, as SO and not as SO.
all() {
	session_start desk "$LATCH"
	refused CKR_USER_NOT_LOGGED_IN desk init-pin "$PIN_NEW"
	must desk login so "$SO"
	refused CKR_PIN_LEN_RANGE desk init-pin 1
	refused CKR_ARGUMENTS_BAD desk init-pin null
	proves_nothing_changed
	passes "$kind: the card's lock is free" locks_are_free
	must desk logout
	must desk close
	is "$(state)" "$before" "$kind: at its end, too"
	drive_stop desk
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	desk_knows "$SO"

	fresh
	all
	passes "$kind: no watcher is left" wait_for 5 no_helpers

	# While it is personalizing, it stays so, and its end is seen.
	fresh
	personalize desk
	refused CKR_PIN_LEN_RANGE desk init-pin 1
	must desk logout
	refused CKR_USER_NOT_LOGGED_IN desk init-pin "$PIN_NEW"
	must desk close
	is_blocked "$kind, after C_InitPINs that failed"
	drive_stop desk

	# Blocked: by whatever it is blocked.
	all
	is_blocked "$kind, after C_InitPINs on a blocked card that failed"

	# Active.
	once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
	is "$(state)" active,none "$kind: unblocked"
	all
	passes "$kind: its PIN is as before" vendor_takes "$PIN"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_OK "$kind: and can be logged in with"

	proves_nothing
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
