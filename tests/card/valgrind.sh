# SPDX-License-Identifier: BSD-3-Clause
# valgrind's memcheck over helper and command: what a card goes through in its life, and what goes wrong with it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

if is_sanitized; then
	skip "memcheck" "a sanitizer does that work already"
	done_testing
	exit 0
fi

REPORTS=$SCRATCH/reports
install -d -m 777 "$REPORTS"

# Every helper and every command is one of valgrind's. What is lost when a process ends is an error, too, where a
# frame of ours lost it; what vendor modules lose is theirs.
wrap() {
	cat >"$SCRATCH/$1" <<-END
		#!/bin/sh
		exec valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=none \\
			--num-callers=30 --suppressions="$SRCDIR/tests/lib/valgrind.supp" \\
			--log-file="$REPORTS/$1.%p" "$2" "\$@"
	END
	chmod 755 "$SCRATCH/$1"
}

# Lines that begin with "--" are valgrind's about itself: 3.19 does not know mlock2(), and goes on without.
faults() {
	[ -n "$(ls "$REPORTS")" ] || echo "nothing ran under memcheck"
	cat "$REPORTS"/* 2>/dev/null | sed -n 's/^==[0-9]*== *\(.\)/\1/p'
}

clean() {
	wait_for 20 no_helpers_of_valgrind
	is "$(faults | head -n 40)" "" "$kind: $1: memcheck finds nothing"
	reports=$((reports + $(ls "$REPORTS" | wc -l)))
	rm -f "$REPORTS"/*
}

no_helpers_of_valgrind() {
	! pgrep -f "valgrind.*--spawned" >/dev/null
}

command_line() {
	"$SCRATCH/command" "$@" </dev/null >"$SCRATCH/out" 2>&1
}

life() {
	known_puk "$SO" | pickup
	blocked_card
	clean "personalized and blocked"
	is "$(set_pin 99999999 "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: a wrong PUK"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_OK "$kind: the right one"
	clean "unblocked by C_SetPIN"
	block_again
	is "$(login_rv "$LATCH" user "$SO")" CKR_OK "$kind: C_Login with the PUK"
	clean "C_Login on a blocked card"
}

orders() {
	passes "$kind: status" command_line status
	passes "$kind: check" command_line check
	passes "$kind: explain" command_line explain "$CARD"
	passes "$kind: recover" command_line recover
	passes "$kind: unblock" command_line unblock --pin "$PIN" "$CARD"
	passes "$kind: block" command_line block "$CARD"
	passes "$kind: reset" command_line reset "$CARD"
	clean "the command's orders"
	fails "$kind: an order that is refused" command_line unblock --pin 1 "$CARD"
	fails "$kind: a token that is not there" command_line block pkcs11:token=nobody
	echo "[pkcs11:" >>"$POLICY"
	fails "$kind: a policy that cannot be read" command_line check
	fails "$kind: an order under it" command_line unblock --pin "$PIN" "$CARD"
	is "$(set_pin "$SO" "$PIN_NEW")" CKR_FUNCTION_FAILED "$kind: a request under it"
	clean "errors"
}

# A card that is unblocked by response, and by who has its key; and the wrong ones.
offline() {
	offline_machines Tickets=2
	for offline_place in office phone desk; do
		machine "$offline_place"
		latch_conf "spawn:$SCRATCH/helper"
	done
	at_office
	offline_card
	clean "a card gets its tickets"
	passes "$kind: verify" command_line verify "$CARD" --so-login --field "CARD_MANAGER_KEY=@$SCRATCH/manager.key"
	at_phone
	fails "$kind: a wrong response" command_line unblock --response 0123456789abcdef --pin "$PIN_NEW" "$CARD"
	fails "$kind: verify with the wrong key" command_line verify "$CARD" --field "CARD_MANAGER_KEY=$MANAGER_KEY_NEW"
	passes "$kind: challenge" command_line challenge "$CARD"
	passes "$kind: respond" command_line respond --challenge "$(head -n 1 "$SCRATCH/out")" \
		--field "CARD_MANAGER_KEY=@$SCRATCH/manager.key"
	is "$(set_pin "$(head -n 1 "$SCRATCH/out" | tr -d ' ')" "$PIN_NEW")" CKR_OK "$kind: C_SetPIN with the response"
	clean "challenge and response"
	at_desk
	passes "$kind: unblocked by its key" command_line unblock --pin "$PIN" "$CARD"
	clean "by the key"
}

reports=0
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	wrap helper "$HELPER"
	wrap command "$CMD"
	latch_conf "spawn:$SCRATCH/helper"
	life
	if [ "$kind" = softhsm ]; then
		orders
		offline
	fi
	token_stop
done
passes "memcheck ran" test "$reports" -ge 20
done_testing
