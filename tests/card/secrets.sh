# SPDX-License-Identifier: BSD-3-Clause
# Secrets that are unmistakable go through each way to block and to unblock a card, right ones and wrong ones; and
# then they lie nowhere: no log, no output, no state, no memory that was freed, of no program of p11-latch's.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/secrets.sh"

SO=pUk7Zq4X
SO_NEW=nEw7Kq9V
PIN=pIn3Wd8J
PIN_NEW=nPn5Yt6H
WRONG=wRg2Bs7M
LETTER=lTr6Gc3P
PLANTED="$SO $SO_NEW $PIN $PIN_NEW $WRONG $LETTER"

by_programs() {
	known_puk "$SO" "PUK=#$SO_NEW" | pickup
	blocked_card
	heard "login user $PIN"
	heard "login user $WRONG"
	heard "set-pin $WRONG $PIN_NEW"
	heard "login so $WRONG"
	heard "set-pin $SO 1"
	heard "set-pin $SO $SO"
	still_blocked "$kind: refused values leave the card blocked" "$PIN" "$PIN_NEW"
	heard "login user $SO" "set-pin $SO $PIN_NEW" logout "login user $PIN_NEW"
	is_active "$PIN_NEW" "$kind: C_Login with the PUK, then C_SetPIN, which changes the PUK too"
	heard "login user $PIN_NEW" "set-pin $PIN_NEW $PIN" "login so $WRONG"
	is_active "$PIN" "$kind: its holder changes the PIN"
	block_again
	heard "set-pin $SO_NEW $PIN_NEW"
	is_active "$PIN_NEW" "$kind: C_SetPIN with the new PUK"
	block_again
	heard "login so $SO_NEW" "init-pin $PIN"
	is_active "$PIN" "$kind: an application's own C_InitPIN"
}

# R, made of the PUK and the salt.
r_of() {
	openssl kdf -binary -keylen 256 -kdfopt "pass:$1" -kdfopt "hexsalt:$(private Salt)" -kdfopt n:16384 \
		-kdfopt r:8 -kdfopt p:1 SCRYPT | od -An -v -tu1 | awk -v most="$2" '
		{ for (i = 1; i <= NF && have < most; i++) if ($i < 248) { have++; r = r substr(letters, $i % 62 + 1, 1) } }
		BEGIN { letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" }
		END { printf "%s", r }'
}

# The PUK is presented, R goes to the program, and nothing follows.
with_r() {
	known_puk "$SO" | pickup
	blocked_card
	heard "login user $SO"
	case $TOKEN in
	softhsm) R=$(r_of "$SO" 32) ;;
	*) R=$(r_of "$SO" 8) ;;
	esac
	passes "$kind: R is known to this test" vendor_takes "$R"
	is "$(record State)" blocked "$kind: C_Login with the PUK alone leaves the card blocked"
}

by_people() {
	asked_puk "PUK=#$SO_NEW" | pickup
	blocked_card
	command_heard "$WRONG\n$PIN_NEW\n" unblock --puk - --pin - "$CARD"
	command_heard "$SO\n1\n" unblock --puk - --pin - "$CARD"
	still_blocked "$kind: a wrong PUK and a wrong PIN leave the card blocked" "$PIN"
	command_heard "$SO\n$PIN_NEW\n" unblock --puk - --pin - "$CARD"
	is_active "$PIN_NEW" "$kind: p11-latch unblock"
	block_again
	heard "set-pin $SO_NEW $PIN"
	is_active "$PIN" "$kind: C_SetPIN with a PUK that no policy holds"
}

by_letter() {
	echo "$LETTER" >"$SCRATCH/letter"
	printf '[Fields]\nPIN=\n[Description]\nSetPIN=true\nPIN=PIN\nInitialPUK=#%s\n' "$SO" |
		pickup "Field.PIN=file:$SCRATCH/letter" PinLetter=yes
	blocked_card
	heard "login user $WRONG"
	heard "login user $LETTER"
	is_active "$LETTER" "$kind: a PIN letter"
	command_heard "" explain "$CARD"
	command_heard "" status
	command_heard "" check
}

by_descriptions() {
	blocked_card
	printf '[Fields]\nPUK=\n[Description]\nSetPIN=true\nPIN=#%s\nInitialPUK=PUK\nPUK=#%s\n' \
		"$PIN_NEW" "$SO_NEW" >"$SCRATCH/now.dsc"
	command_heard "$WRONG\n" apply "$SCRATCH/now.dsc" --field PUK=- "$CARD"
	still_blocked "$kind: apply with a wrong PUK" "$PIN_NEW"
	command_heard "$SO\n" apply "$SCRATCH/now.dsc" --field PUK=- "$CARD"
	is_active "$PIN_NEW" "$kind: apply"
	# Written wrongly, so that what is wrong with it is said: a secret without its '#', and one as a name.
	printf '[Description]\nSetPIN=true\nPIN=%s\nInitialPUK=#%s\nPUK=!%s\n%s\n' \
		"$PIN_NEW" "$SO" "$SO_NEW" "$LETTER" >"$SCRATCH/bad.dsc"
	command_heard "" check "$SCRATCH/bad.dsc"
	command_heard "" apply "$SCRATCH/bad.dsc" "$CARD"
}

# Programs under a hold: the cookie alone is in their environment.
by_hold() {
	pickup </dev/null
	token_new
	rm -rf "${STATE:?}"/*
	cat >"$SCRATCH/programs.sh" <<-EOT
		"$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "login so $SO" "init-pin $PIN" finalize
		"$P11DRIVE" "$LATCH" initialize "slot-label $LABEL" "open rw" "login user $PIN" gen-key finalize
	EOT
	command_heard "" personalize -- sh "$SCRATCH/programs.sh"
	becomes blocked "$kind: personalize --"
}

# take_dumps WHAT GLOB: the memory of those that have ended goes to looked/; and there are such.
# shellcheck disable=SC2086
take_dumps() {
	passes "$kind: $1: memory is there to be looked through" ls "$DUMPS/latch"/$2
	rm -rf "$SCRATCH/looked"
	mkdir "$SCRATCH/looked"
	mv "$DUMPS/latch"/$2 "$SCRATCH/looked/"
	# What is no secret is found, or there would be nothing to be learned.
	unlike "$(secrets_in "$SCRATCH/looked" "$LABEL" | tail -n 1)" "" "$kind: $1: the card's label is in it"
}

looked_through() {
	take_dumps "$@"
	# shellcheck disable=SC2086
	not_in "$SCRATCH/looked" "$kind: $1: no secret is left in memory when it ends, not in freed one either" \
		$PLANTED "$R"
}

# The vendor's module without p11-latch, by the same calls: the kinds of secrets that it leaves are its own.
control() {
	rm -f "$DUMPS"/*/*
	once "$MODULE" "login so $SO" "init-pin $PIN" finalize
	once "$MODULE" "login user $WRONG" "login user $PIN" "set-pin $PIN $PIN_NEW" logout "login so $WRONG" finalize
	once "$MODULE" "set-pin $PIN_NEW $PIN" logout "login user $PIN" finalize
	left_by_control=
	left_by_control "user PIN" "$PIN" "$PIN_NEW"
	left_by_control "SO PIN" "$SO"
	left_by_control "wrong value" "$WRONG"
	rm -f "$DUMPS"/*/*
}

left_by_control() {
	left_class=$1
	shift
	[ -z "$(secrets_in "$DUMPS/vendor" "$@")" ] || left_by_control="$left_by_control $left_class;"
}

# p11drive wipes what it was given, so what is left is the module's, or the vendor's.
application() {
	left_class=$1
	shift
	case $left_by_control in
	*" $left_class;"*)
		note "$kind: the vendor's module alone leaves each $left_class in the application's memory"
		;;
	*) not_in "$SCRATCH/looked" "$kind: application: no $left_class is left in memory, not in freed one either" "$@" ;;
	esac
}

if is_sanitized; then
	skip "secrets in freed memory" "a sanitizer has a malloc of its own"
	done_testing
fi
P11_LATCH_DEBUG=$HEARD/debug
export P11_LATCH_DEBUG
for kind in $TOKENS; do
	secrets_keep
	token_start "$kind"
	latch_setup
	CMD=$SCRATCH/bin/p11-latch-kept
	KEEP_VENDOR=$MODULE
	export KEEP_VENDOR
	token_new
	control >"$SCRATCH/control.out"
	by_programs
	with_r
	by_people
	by_letter
	by_descriptions
	by_hold
	passes "$kind: no helper is left" wait_for 20 no_helpers
	looked_through "helper" "p11-latch-helper.*"
	looked_through "command" "p11-latch.*"
	take_dumps "application" "p11drive.*"
	application "user PIN" "$PIN" "$PIN_NEW" "$LETTER" "$R"
	application "SO PIN" "$SO" "$SO_NEW"
	application "wrong value" "$WRONG"
	passes "$kind: programs, commands and P11_LATCH_DEBUG said something" \
		test -s "$HEARD/programs" -a -s "$HEARD/commands" -a -s "$HEARD/debug"
	# shellcheck disable=SC2086
	not_in "$HEARD" "$kind: no secret in what they said" $PLANTED "$R"
	# shellcheck disable=SC2086
	not_in "$LOG" "$kind: nor in the log" $PLANTED "$R"
	# shellcheck disable=SC2086
	not_in "$STATE" "$kind: nor in the state" $PLANTED "$R"
	token_stop
done
done_testing
