# SPDX-License-Identifier: BSD-3-Clause
# No helper, no policy, or one with errors: operations are refused, the log says where, the card is as it was.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sockets.sh"

office() {
	mkdir -p "$CONF_DIR/values"
	value puk "$SO"
	pickup "Field.PUK=file:$CONF_DIR/values/puk" <<-'EOF'
		[Fields]
		PUK=

		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=PUK
	EOF
}

# That there was a wrong try may be seen.
what_is_seen() {
	flags "$MODULE" | sed 's/ [A-Z]*_PIN_COUNT_LOW//g'
	cat "$STATE"/records/*
}

# refused PATTERN TEXT: what a person and an SO ask for fails, the log says why, and nothing has changed.
refused() {
	log_clear
	before=$(what_is_seen)
	session_start user "$LATCH"
	expect CKR_FUNCTION_FAILED user login user "$SO"
	expect CKR_FUNCTION_FAILED user set-pin "$SO" "$PIN_NEW"
	expect CKR_OK user login so "$SO"
	expect CKR_FUNCTION_FAILED user init-pin "$PIN_NEW"
	drive_stop user
	logged "$1" "$kind: $2: the log says what and where"
	is "$(what_is_seen)" "$before" "$kind: $2: card and record are as they were"
}

works_again() {
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: all is well again after $1"
	is "$(record State)" active "$kind: and the card is active"
	blocked_card
}

no_helper() {
	rm -f "$SCRATCH/no-helper"
	latch_conf "spawn:$SCRATCH/no-helper"
	refused "$SCRATCH/no-helper cannot be started: No such file" "a helper that is not there"
	: >"$SCRATCH/no-helper"
	refused "$SCRATCH/no-helper cannot be started: Permission denied" "a helper that is no program"
	latch_conf spawn:/bin/true
	refused "helper ended without an answer" "a program that is not the helper"
	latch_conf "unix:$SCRATCH/no.sock"
	refused "$SCRATCH/no.sock cannot be reached: No such file" "a socket that is not there"
	latch_conf "spawn:$HELPER"
}

# broken COMMAND PATTERN TEXT: done to a copy of the policy, which is put back.
broken() {
	cp -a "$CONF_DIR" "$SCRATCH/good"
	eval "$1"
	refused "$2" "$3"
	rm -rf "$CONF_DIR"
	cp -a "$SCRATCH/good" "$CONF_DIR"
	rm -rf "$SCRATCH/good"
}

bad_policy() {
	broken 'rm "$POLICY"' "$POLICY.*is not there" "no policy.conf"
	broken 'rm "$POLICY"; mkdir "$POLICY"' "$POLICY.*is a folder" "policy.conf a folder"
	broken 'rm "$POLICY"; mkfifo "$POLICY"' "$POLICY.*is a pipe" "policy.conf a pipe"
	broken 'echo PinLetter=perhaps >>"$POLICY"' "$POLICY:[0-9]*:[0-9]*: error:" "an error in policy.conf"
	broken 'echo "[pkcs11:nothing=x" >>"$POLICY"' "$POLICY:[0-9]*:[0-9]*: error:" "a header that is not closed"
	broken 'chmod o+w "$POLICY"' "$POLICY.*can be written by others" "policy.conf that others may write"
	broken 'printf "%s\n" "[pkcs11:model=x]" "Unblock=no.dsc" >>"$POLICY"' "no.dsc.*is not there" \
		"a description that is not there, of another token"
	broken 'echo "SetPIN=perhaps" >>"$CONF_DIR/descriptions/unblock.dsc"' "unblock.dsc:[0-9]*:[0-9]*: error:" \
		"an error in a description"
	broken 'printf "[pkcs11:token=latch]\n[pkcs11:object-type=x;token=latch]\n" >>"$POLICY"' "$POLICY:[0-9]*" \
		"two bindings that tie"
}

# What only the PUK's value is needed for; C_InitPIN by the SO is not refused.
bad_value() {
	log_clear
	before=$(what_is_seen)
	cp -a "$CONF_DIR/values" "$SCRATCH/values"
	eval "$1"
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_FUNCTION_FAILED "$kind: $3: refused"
	logged "$2" "$kind: $3: the log says what and where"
	is "$(what_is_seen)" "$before" "$kind: $3: card and record are as they were"
	rm -rf "$CONF_DIR/values"
	mv "$SCRATCH/values" "$CONF_DIR/values"
}

bad_values() {
	bad_value 'rm "$CONF_DIR/values/puk"' "PUK: .*values/puk is not there" "no file of the PUK"
	bad_value ': >"$CONF_DIR/values/puk"' "values/puk is empty" "an empty file of the PUK"
	bad_value 'chmod o+w "$CONF_DIR/values/puk"' "values/puk can be written by others" "one that others may write"
	bad_value 'rm "$CONF_DIR/values/puk"; mkdir "$CONF_DIR/values/puk"' "values/puk is a folder" "a folder"
	bad_value 'head -c 5000 /dev/zero >"$CONF_DIR/values/puk"' "values/puk is over 4096 bytes" "a long one"
}

unreadable() {
	token_share
	chmod -R a+rwX "$STATE"
	chmod 600 "$POLICY"
	who anyone
	refused "$POLICY.*may not be read by this user (uid 64003)" "a policy that the caller may not read"
	who root
	chmod 644 "$POLICY"
}

users_make
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	office
	blocked_card
	no_helper
	works_again "the helper is there"
	bad_policy
	bad_values
	works_again "the policy is right"
	unreadable
	passes "$kind: no helper is left" wait_for 20 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW"
	token_stop
done
done_testing
