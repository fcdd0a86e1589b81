# SPDX-License-Identifier: BSD-3-Clause
# Tokens whose names would be paths, two tokens that nothing tells apart, and a clock that is set back.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

hex() {
	printf "$1" | od -An -v -tx1 | tr -d ' \n'
}

# A field's file for a token of that label: the PUK, by the name that {label} gives.
office() {
	pickup "Field.PUK=file:$SCRATCH/values/{label}" <<-'EOF'
		[Fields]
		PUK=

		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=PUK
	EOF
}

# NAME ENCODED: as printf writes it; as the name of its file is to be.
named() {
	rm -rf "${STATE:?}"/* "$SCRATCH/values"
	mkdir "$SCRATCH/values"
	printf '%s\n' "$SO" >"$SCRATCH/values/$2"
	[ "$kind" = softhsm ] || opencryptoki_wipe
	token_new "hex:$(hex "$1")"
	touch "$SCRATCH/before"
	once "$LATCH" "login so $SO" "init-pin $PIN" close >"$SCRATCH/out"
	is "$(record State)" blocked "$kind: a token named $2 is personalized and blocked"
	is "$(once "$LATCH" "set-pin empty $PIN_NEW" | last_rv)" CKR_OK "$kind: unblocked with the value of its own file"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$kind: and used"
	is "$(find "$STATE/records" -type f | wc -l)" 1 "$kind: it has one record"
	passes "$kind: status shows it on one line" \
		test "$("$CMD" status 2>/dev/null | tr -d '\n' | od -An -c | grep -c '\\n')" = 0
	is "$(find "$CONF_DIR" "$SCRATCH/values" /etc -newer "$SCRATCH/before" -type f | head -n 3)" "" \
		"$kind: nothing is written outside of the state directory"
	rm -rf "$SCRATCH/values"
}

names() {
	named '/' %2F
	named '..' %2E%2E
	named '../../etc/passwd' %2E%2E%2F%2E%2E%2Fetc%2Fpasswd
	named '%%s%%n%%' %25s%25n%25
	named 'a\nb' a%0Ab
	named '\303\251\033[31m' %C3%A9%1B%5B31m
	named '[Record];#=' %5BRecord%5D%3B%23%3D
}

# openCryptoki's serial numbers are all one, so that equal labels make equal tokens.
second_of_that_name() {
	token_lines "slot 1" "init-token 87654321 latch" "open rw" "login so 87654321" "set-pin 87654321 $SO"
	log_clear
}

twins() {
	LABEL=latch
	known_puk | pickup
	opencryptoki_wipe
	blocked_card
	second_of_that_name
	is "$(once "$LATCH" "login user $PIN" | last_rv)" CKR_FUNCTION_FAILED "two tokens of one identity: no login"
	logged "2 tokens are .*token=latch, and nothing tells them apart" "the log says so"
	is "$(grep -c 'nothing tells them apart' "$LOG")" 1 "once"
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_FUNCTION_FAILED "nor is either unblocked"
	fails "nor by the command" "$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
	is "$(record State)" blocked "the record is what it was"
	rm -rf "${STATE:?}"/*
	token_new
	second_of_that_name
	like "$(once "$LATCH" "login so $SO" "init-pin $PIN")" "*init-pin CKR_FUNCTION_FAILED*" \
		"and none of them is personalized"
	logged "nothing tells them apart" "the log says why"
	is "$(record State)" none "there is no record of it"
}

# A record of the future, as a clock that is set back leaves it.
clock() {
	LABEL=latch
	CARD=pkcs11:token=latch
	known_puk | pickup
	for since in 99999999999 -5; do
		blocked_card
		sed -i "s/^Since=.*/Since=$since/" "$(record_file)"
		is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: blocked since $since is blocked"
		passes "$kind: status takes it" "$CMD" status "$CARD"
		is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: and unblocked as ever"
		is "$(record State)" active "$kind: and active"
	done
	touch -d '2099-01-01' "$STATE"/records/* "$STATE"/private/* "$STATE/sequence"
	is "$(login_rv "$LATCH" user "$PIN_NEW")" CKR_OK "$kind: files of the future change nothing"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	office
	names
	[ "$kind" = softhsm ] || twins
	[ "$kind" = softhsm ] || opencryptoki_wipe
	clock
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
