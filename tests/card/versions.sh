# SPDX-License-Identifier: BSD-3-Clause
# Upgrade and rollback: state of an older p11-latch is read and goes on, that of a newer one is refused and left alone.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# As a version before this one would have written them: Version=0, and without what came later.
older() {
	sed -i 's/^Version=1$/Version=0/; /^Since=/d' "$(record_file)"
	sed -i 's/^Version=2$/Version=1/' "$STATE"/private/*.state
}

version_lines() {
	cat "$STATE"/records/* "$STATE"/private/*.state | grep ^Version= | sort -u | tr '\n' ' ' | sed 's/ $//'
}

older_state() {
	blocked_card
	older
	like "$("$CMD" status "$CARD" 2>&1)" "*blocked*" "$kind: an older blocked record is read by status"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: and by the module"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: the card is unblocked by its PUK"
	is_active "$PIN_NEW" "$kind: active"
	is "$(version_lines)" "Version=1 Version=2" "$kind: and its state is written as this version"
	older
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$kind: an older active record: the PIN is right"
	passes "$kind: it is blocked" "$CMD" block "$CARD"
	still_blocked "$kind: blocked" "$PIN_NEW"
}

# What an older version left in the middle of its work is finished.
older_journal() {
	blocked_card
	sed -i 's/^Journal=none/Journal=unblock/' "$STATE"/private/*.state
	older
	"$CMD" recover "$CARD" >/dev/null 2>&1
	is "$(record State), $(private Journal)" "blocked, none" "$kind: an older journal of an unblocking is undone"
	session_start desk "$LATCH"
	token_is_new
	must desk login so "$SO"
	must desk init-pin "$PIN"
	kill -STOP "$(helpers)"
	watcher=$(helpers)
	drive_stop desk
	kill -9 "$watcher"
	wait_for 5 gone "$watcher" || bail_out "the watcher lives"
	older
	"$CMD" recover "$CARD" >/dev/null 2>&1
	still_blocked "$kind: an older record of a card that was left is settled" "$PIN"
}

token_is_new() {
	drive_stop desk
	token_new
	rm -rf "${STATE:?}"/*
	session_start desk "$LATCH"
}

state_files() {
	cat "$STATE"/records/* "$STATE"/private/*.state
}

the_file() {
	case $1 in
	"a record") record_file ;;
	*) echo "$STATE"/private/*.state ;;
	esac
}

# newer TEXT: "a record" or "a private part" is of version 7, with a line and a word that nobody here knows.
newer() {
	blocked_card
	file=$(the_file "$1")
	cp -a "$STATE" "$SCRATCH/kept"
	sed -i 's/^Version=[12]$/Version=7/; s/^Journal=none/Journal=eighth-step/' "$file"
	echo "Tomorrow=yes" >>"$file"
	before=$(state_files)
	log_clear
	is "$(login_rv "$LATCH" user "$PIN")" CKR_FUNCTION_FAILED "$kind: $1 of a newer version: C_Login"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind: $1 of a newer version: C_SetPIN with the PUK"
	fails "$kind: $1 of a newer version: p11-latch unblock" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	fails "$kind: $1 of a newer version: p11-latch block" "$CMD" block "$CARD"
	fails "$kind: $1 of a newer version: p11-latch adopt" "$CMD" adopt "$CARD"
	fails "$kind: $1 of a newer version: p11-latch adopt, of all cards" "$CMD" adopt pkcs11:
	"$CMD" recover "$CARD" >/dev/null 2>&1
	logged "$file was written by a newer p11-latch (version 7, known here: [12]).*install that one again" \
		"$kind: the log names the file, both versions, and what to do"
	is "$(state_files)" "$before" "$kind: $1 of a newer version: left as it was"
	fails "$kind: $1 of a newer version: the card too" vendor_takes "$PIN_NEW"
	# The newer version comes back.
	rm -rf "$STATE"
	mv "$SCRATCH/kept" "$STATE"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: $1: with the version that wrote it all goes on"
	# Or the card was unblocked with it, and this one forgets.
	sed -i 's/^Version=[12]$/Version=7/' "$file"
	passes "$kind: $1 of a newer version: p11-latch forget, of an unblocked card" "$CMD" forget "$CARD"
	passes "$kind: $1: and adopt" "$CMD" adopt "$CARD"
	is_active "$PIN_NEW" "$kind: $1: active"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	older_state
	older_journal
	newer "a record"
	newer "a private part"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
