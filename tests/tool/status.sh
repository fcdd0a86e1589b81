# SPDX-License-Identifier: BSD-3-Clause
# p11-latch status: what it says of a card in each state, in a reader and pulled, to whoever asks.
set -u
. "$SRCDIR/tests/lib/all.sh"

desk() {
	description personalize <<-'EOT'
		[Application_B]
		BlockCard=true
	EOT
	policy <<-'EOT'
		Personalize=personalize.dsc
	EOT
}

# status [WORD...]: of the token $LABEL, in OUT; its exit status in STATUS.
status() {
	OUT=$("$CMD" status "pkcs11:token=$LABEL" "$@" 2>&1)
	STATUS=$?
}

# json FILTER: of the one card.
json() {
	"$CMD" status --json "pkcs11:token=$LABEL" 2>/dev/null | jq -r ".[0] | $1"
}

first_line() {
	printf '%s\n' "$OUT" | sed -n 1p
}

begin() {
	session_start "$1" "$LATCH"
	must "$1" login so "$SO"
	must "$1" init-pin "$PIN"
}

# Holder and watcher end together, so that nobody blocks the card.
kill_both() {
	# shellcheck disable=SC2046
	kill -9 $(helpers) "$(drive_pid "$1")"
	wait_for 5 no_helpers || bail_out "helpers live on"
	wait_for 5 gone "$(drive_pid "$1")" || bail_out "the holder lives on"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup

	# Nothing known, and no state directory.
	rmdir "$STATE"
	status
	is "$STATUS" 0 "$kind: exit status"
	like "$(first_line)" "pkcs11:*;token=$LABEL: no record" "$kind: a card that is not known"
	like "$OUT" "*no PIN set*" "$kind: its flags, in words"
	like "$OUT" "*binding:  none*" "$kind: nothing governs it"
	[ ! -e "$STATE" ] && ok "$kind: no state directory is made" || not_ok "$kind: no state directory is made"
	desk
	status
	like "$OUT" "*binding:  [[]pkcs11:] ($POLICY:1)*" "$kind: its binding"
	like "$OUT" "*profile:  $kind*" "$kind: its profile"

	# Personalizing.
	begin desk
	status
	like "$(first_line)" "*: personalizing" "$kind: personalizing"
	like "$OUT" "*a program is at work with it*" "$kind: by a program that lives"
	is "$(json '.state, .watcher, .present' | tr '\n' ' ')" "personalizing lives true " \
		"$kind: the same in JSON"
	expect CKR_OK desk close

	# Blocked.
	status
	case $kind in
	softhsm) method=scramble ;;
	*) method=lock ;;
	esac
	like "$(first_line)" "*: blocked by $method" "$kind: blocked"
	like "$OUT" "*since:    20*" "$kind: since when"
	is "$(json '.state, .method, .by_user, .sequence > 0' | tr '\n' ' ')" "blocked $method false true " \
		"$kind: the same in JSON"
	like "$(json .since)" "20??-??-??T??:??:??Z" "$kind: the time in JSON"
	is "$(json '.label, .binding, .profile, .personalize' | tr '\n' ' ')" \
		"$LABEL pkcs11: $kind $CONF_DIR/descriptions/personalize.dsc " "$kind: what governs it, in JSON"
	passes "$kind: no work was started by it" wait_for 5 no_helpers
	drive_stop desk

	# Interrupted, pulled, refused.
	policy_clear
	desk
	"$CMD" forget "pkcs11:token=$LABEL" >/dev/null
	token_new
	begin desk
	kill_both desk
	status
	like "$(first_line)" "*: personalizing, INTERRUPTED" "$kind: program and watcher killed"
	is "$(json .watcher)" none "$kind: the same in JSON"
	before=$(cat "$(record_file)")
	status
	is "$(cat "$(record_file)")" "$before" "$kind: the record is as it was"
	if [ "$kind" = softhsm ]; then
		login_rv "$LATCH" user "$PIN" >/dev/null
		status
		like "$(first_line)" "*: personalizing, REFUSED BY P11-LATCH ONLY" "$kind: refused only"
		like "$OUT" "*why:      *SO secret*" "$kind: and why"
		is "$(json .method)" refuse "$kind: the same in JSON"
		mv "$SCRATCH/softhsm" "$SCRATCH/pulled"
		mkdir "$SCRATCH/softhsm"
		sed -i 's/^Method=.*/Method=none/; /^Why=/d' "$(record_file)"
		OUT=$("$CMD" status 2>&1)
		like "$OUT" "*: personalizing, PULLED (not in a reader)*" "$kind: pulled while personalizing"
		like "$OUT" "*was pulled from its reader*" "$kind: and what that means"
		mv "$SCRATCH/pulled"/* "$SCRATCH/softhsm/"
	else
		"$CMD" recover >/dev/null 2>&1
		must_line=$(once "$MODULE" "slot-label $LABEL" | last_rv)
		token_lines "slot-label $LABEL" "init-token $SO \"$LABEL\""
		status
		like "$(first_line)" "*: blocked by lock, but initialised anew since" "$kind: a new life"
		is "$(json .new_life)" true "$kind: the same in JSON"
	fi

	# What cannot be read.
	printf 'Version=' >"$(record_file)"
	status
	like "$(first_line)" "*: record damaged" "$kind: a damaged record"
	is "$STATUS,$(json .state)" 0,damaged "$kind: the same in JSON"
	echo 'Nonsense' >>"$POLICY"
	status
	like "$OUT" "*what governs each card is not told*" "$kind: a policy with errors"
	is "$STATUS,$(json .policy_known)" 0,false "$kind: is no hindrance"
	policy_clear
	token_stop
done

# Whoever may read neither policy nor private state.
token_start softhsm
latch_setup
desk
chmod 600 "$POLICY"
begin desk
chown -R nobody "$SCRATCH/softhsm"
OUT=$(setpriv --reuid nobody --regid nogroup --clear-groups "$CMD" status 2>&1)
is $? 0 "another user: exit status"
like "$OUT" "*$POLICY: Permission denied; what governs each card is not told*" \
	"another user: what could not be read"
like "$OUT" "*token=$LABEL: personalizing*" "another user: states are told all the same"
like "$OUT" "*this user cannot see whether its watcher lives*" "another user: what else is not known"
drive_stop desk

# A label that would be something else on a terminal or in JSON.
pkcs11-tool --module "$MODULE" --init-token --slot-index 1 --so-pin "$SO" --label 'a"b\' >/dev/null 2>&1
is "$("$CMD" status --json 2>/dev/null | jq -r '.[] | select(.label | startswith("a")) | .label')" \
	'a"b\' "a hostile label is valid JSON"

# Words.
"$CMD" status pkcs11:token=nowhere >/dev/null 2>&1
is $? 1 "no card matches: exit status"
"$CMD" status softhsm >/dev/null 2>&1
is $? 1 "not a URI: exit status"
"$CMD" status pkcs11: pkcs11: >/dev/null 2>&1
is $? 2 "two URIs: exit status"
"$CMD" status --nonsense >/dev/null 2>&1
is $? 2 "a word that is not known: exit status"
passes "the options may stand before the URI" "$CMD" status --json pkcs11:
done_testing
