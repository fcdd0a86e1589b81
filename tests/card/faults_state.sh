# SPDX-License-Identifier: BSD-3-Clause
# A state directory that cannot be written: nothing begins that could not be finished, and nothing is lost.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# The state directory gets a file system of its own, small enough to be filled.
own_file_system() {
	rm -rf "$STATE"
	mkdir "$STATE"
	mount -t tmpfs -o size=128k,mode=755 tmpfs "$STATE" || bail_out "no tmpfs"
}

# Counting until it is full, since a page that is left would take a small file.
full() {
	dd if=/dev/zero of="$STATE/ballast" bs=4k >/dev/null 2>&1
	! cp "$0" "$STATE/more" 2>/dev/null || bail_out "$STATE is not full"
	rm -f "$STATE/more"
	dd if=/dev/zero of="$STATE/ballast" bs=4k oflag=append conv=notrunc >/dev/null 2>&1
	log_clear
}

space_again() {
	rm -f "$STATE/ballast" "$STATE/more"
}

read_only() {
	wait_for 20 no_helpers # each has a lock open, which is for writing
	mount -o remount,ro "$STATE" || bail_out "remount"
	log_clear
}

writable() {
	mount -o remount,rw "$STATE" || bail_out "remount"
}

# PATTERN TEXT: on a blocked card.
unblocking_is_refused() {
	before=$(cat "$STATE"/records/* "$STATE"/private/*.state)
	session_start user "$LATCH"
	expect CKR_FUNCTION_FAILED user set-pin "$SO" "$PIN_NEW"
	expect CKR_OK user login so "$SO"
	expect CKR_FUNCTION_FAILED user init-pin "$PIN_NEW"
	drive_stop user
	logged "$1" "$kind: $2: the log says what and where"
	is "$(cat "$STATE"/records/* "$STATE"/private/*.state)" "$before" "$kind: $2: record and journal are whole"
	fails "$kind: $2: the new PIN is not set" vendor_takes "$PIN_NEW"
	fails "$kind: $2: nor is the old one back" vendor_takes "$PIN"
}

unblocks() {
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: after $1 the card is unblocked"
	is "$(record State)" active "$kind: and active"
	passes "$kind: by the PIN that was set" vendor_takes "$PIN_NEW"
}

# PATTERN TEXT: on a new card.
personalizing_is_refused() {
	token_new
	session_start desk "$LATCH"
	expect CKR_OK desk login so "$SO"
	expect CKR_FUNCTION_FAILED desk init-pin "$PIN"
	drive_stop desk
	logged "$1" "$kind: $2: the log says what and where"
	unlike "$(flags "$MODULE")" "*USER_PIN_INITIALIZED*" "$kind: $2: the new card has no PIN"
	is "$(record State)" none "$kind: $2: and no record"
}

# The disk fills up while a card is personalized.
full_at_the_end() {
	token_new
	rm -rf "$STATE/records" "$STATE/private" "$STATE/sequence"
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	full
	drive desk close >/dev/null
	drive_stop desk
	logged "$STATE/.* cannot be written: No space left" "$kind: full at the end: the log says where"
	is "$(record State)" personalizing "$kind: full at the end: the record is what it was"
	fails "$kind: full at the end: the card itself refuses the PIN all the same" vendor_takes "$PIN"
	logged "blocked, but that cannot be written" "$kind: full at the end: the log says that it is blocked"
	is "$(login_rv "$LATCH" user "$PIN" | sed 's/FUNCTION_FAILED/PIN_LOCKED/')" CKR_PIN_LOCKED \
		"$kind: full at the end: nobody logs in"
	space_again
	passes "$kind: with space again, p11-latch recover succeeds" "$CMD" recover "$CARD"
	is "$(record State)" blocked "$kind: and the card is blocked"
	fails "$kind: by its own means" vendor_takes "$PIN"
	unblocks "a full disk at the end"
}

# The state directory is removed while a card is personalized.
vanished() {
	token_new
	rm -rf "${STATE:?}"/*
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	rm -rf "${STATE:?}"/*
	drive desk close >/dev/null
	drive_stop desk
	is "$(record State)" blocked "$kind: vanished: the folders are made anew, and the record says blocked"
	fails "$kind: vanished: the card itself refuses the PIN" vendor_takes "$PIN"
	unblocks "a state directory that vanished"
}

# The same while a hold has the card.
vanished_in_hold() {
	token_new
	rm -rf "${STATE:?}"/*
	"$CMD" personalize -- sh -c "'$P11DRIVE' '$LATCH' initialize 'slot-label $LABEL' 'open rw' 'login so $SO' \
		'init-pin $PIN'; until [ \$(pgrep -c -x p11-latch-helpe) = 1 ]; do sleep 0.05; done; $1" >"$SCRATCH/out" 2>&1
	fails "$kind: $2 in a hold: the card itself refuses the PIN" vendor_takes "$PIN"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	own_file_system

	blocked_card
	read_only
	unblocking_is_refused "state directory $STATE cannot be written.*Read-only file system" "read-only"
	writable
	unblocks "a read-only file system"

	blocked_card
	full
	unblocking_is_refused "$STATE/.* cannot be written: No space left" "full"
	space_again
	unblocks "a full disk"

	rm -rf "${STATE:?}"/*
	read_only
	personalizing_is_refused "state directory $STATE cannot be written.*Read-only file system" "read-only"
	writable
	full
	personalizing_is_refused "$STATE.*: No space left" "full"
	space_again
	full_at_the_end
	vanished
	vanished_in_hold "rm -rf '$STATE'/*" "vanished"
	is "$(record State)" blocked "$kind: and the record says blocked"
	vanished_in_hold "for file in '$STATE'/records/*; do echo damaged >\$file; done" "a damaged record"
	is "$(ls "$STATE/records" | wc -l), $(record State)" "1, blocked" "$kind: and its record says blocked"
	vanished_in_hold "rm -rf '$STATE'/records; echo >'$STATE/records'" "a file in place of the records"
	rm -f "$STATE/records"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	umount "$STATE"
	token_stop
done
done_testing
