# SPDX-License-Identifier: BSD-3-Clause
# Tickets were being made when watcher and program were killed: anybody's login has no box opened by the policy's key,
# whose secret a forged card would be sent; an operator's does.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/offline.sh"

# The service's environment is its own.
helper_is_told() {
	HELPER_UNDER=$SCRATCH/bin/told
	HELPER_UNIT=-
	cat >"$HELPER_UNDER" <<-END
		#!/bin/sh
		shift
		FAULTY_VENDOR="$FAULTY_VENDOR" FAULTY_LOGINS="$FAULTY_LOGINS" exec "\$@"
	END
	chmod 755 "$HELPER_UNDER"
}

# A program sets the PIN, and is killed.
killed_desk() {
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	drive desk kill9 >/dev/null 2>&1
	drive_stop desk
	wait_for 10 no_helpers
}

# left_behind WHEN: in an office of root's, whose state is the service's afterwards.
left_behind() {
	token_new
	rm -rf "${STATE:?}"/*
	fault p11-latch-helper C_SetPIN 1 "$1"
	killed_desk
	passes "$kind, $1: the watcher was killed while it gave the card its new SO secret" faulted
	fault none
	is "$(record State)" personalizing "$kind: what it left"
	token_share
	chown -R latchd "$STATE"
}

so_logins() {
	grep -cx so "$FAULTY_LOGINS"
}

so_flags() {
	flags "$MODULE" | grep -o 'SO_PIN_[CFL][A-Z_]*' | tr '\n' ' '
}

# The office's services are started, and anybody logs in.
anyone_comes() {
	token_start "$kind"
	token_share
	latch_setup
	shared_office
	faulty_start
	left_behind "$1"
	latch_conf "unix:$SCRATCH/run/helper.sock"
	faulty_start
	helper_is_told
	shut_away
	sockets_serve
	: >"$FAULTY_LOGINS"
	chmod 666 "$FAULTY_LOGINS"
	who anyone
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind, $1: anyone's login"
	is "$(so_logins)" 0 "$kind, $1: sends no SO secret to the card"
}

operator_unblocks() {
	who root
	fails "$kind: the card itself refuses the PIN" vendor_takes "$PIN"
	token_share
	passes "$kind: $1" as operator "$CMD" unblock --pin "$PIN_NEW" $2 "$CARD"
	is_active "$PIN_NEW" "$kind: with its new PIN"
	who root
	passes "$kind: no helper is left" wait_for 10 no_helpers
	sockets_stop
	token_stop
}

FAULTY_LOGINS=$SCRATCH/logins
export FAULTY_LOGINS
users_make
for kind in $TOKENS; do
	anyone_comes kill-after
	who operator
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: an operator's login"
	becomes blocked "$kind: and the card is blocked"
	operator_unblocks "an operator unblocks it by the key in its box" ""
done

# What Unblock= has is another matter than the box that was refused.
kind=softhsm
unblock_is_plain() {
	token_start "$kind"
	latch_setup
	shared_office
	known_puk "$SO" | description unblock
	sed -i "s|^Personalize=.*|&\nUnblock=unblock.dsc|" "$POLICY"
	faulty_start
	left_behind kill-before
	passes "$kind, a PUK in Unblock=: p11-latch recover" "$CMD" recover
	is "$(record State)" blocked "$kind, a PUK in Unblock=: it blocks the card"
	fails "$kind: the card itself refuses the PIN" vendor_takes "$PIN"
	passes "$kind: the policy unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: with its new PIN"
	token_stop
}

# One false answer keeps no card open, where another try costs nothing.
falsely_refused() {
	token_start "$kind"
	latch_setup
	shared_office
	faulty_start
	left_behind kill-after
	fault p11-latch C_Login 1 rv a0
	passes "$kind, one false answer: p11-latch recover" "$CMD" recover
	passes "$kind, one false answer: came to pass" faulted
	fault none
	is "$(record State)" blocked "$kind, one false answer: the card is blocked"
	passes "$kind: the policy unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: with its new PIN"
	token_stop
}

unblock_is_plain
falsely_refused

# The box is on the card, and what is in it never came to be its SO secret: that is found out once.
kind=opencryptoki
anyone_comes kill-before
is "$(record State),$(record Method)" blocked,lock "$kind: and locks the card"
for n in 1 2 3; do
	passes "$kind: an operator's recovery $n" as operator "$CMD" recover
done
is "$(who root && so_flags)" "SO_PIN_COUNT_LOW " "$kind: three recoveries spend one SO try"
operator_unblocks "an operator unblocks it by the PUK that it has" "--puk $SO"

# office_scrambles [LINE]: cards are to be scrambled. LINE: of the binding, too.
office_scrambles() {
	token_start "$kind"
	latch_setup
	shared_office
	sed -i "s|^Personalize=.*|&\nBlockMethod=scramble\n${1:-}|" "$POLICY"
	faulty_start
}

# The same where it is to be scrambled: the log names what is right, and not the box.
refused_box() {
	office_scrambles
	left_behind kill-before
	fails "$kind, to be scrambled: p11-latch recover" "$CMD" recover
	logged "p11-latch block --puk - with the PUK that it was made with" "$kind, to be scrambled: the log says what to do"
	passes "$kind, to be scrambled: p11-latch block --puk" "$CMD" block --puk "$SO" "$CARD"
	is "$(record State),$(so_flags)" blocked, "$kind, to be scrambled: does"
	token_stop
}
refused_box

# By force it is locked, also with what nothing can be done with.
by_force() {
	office_scrambles
	left_behind kill-before
	"$CMD" recover >/dev/null 2>&1
	passes "$kind, refused: block --force" "$CMD" block --force --puk "@$SCRATCH/manager.key" "$CARD"
	is "$(record State),$(record Method)" blocked,lock "$kind, refused: locks it"
	fails "$kind: the card itself refuses the PIN" vendor_takes "$PIN"
	token_stop
}
by_force

# tickets_made [LINE]: to the end; helper and program were killed before the card was blocked. LINE: of the binding.
tickets_made() {
	office_scrambles "${1:-}"
	token_new
	rm -rf "${STATE:?}"/*
	fault p11-latch-helper C_InitPIN 1 kill-before
	killed_desk
	passes "$kind, scrambled: killed before the card was blocked" faulted
	fault none
}

# The box that the card has taken before: one false answer is none.
falsely_refused_later() {
	tickets_made
	fault p11-latch C_Login 1 rv a0
	passes "$kind, one false answer: p11-latch recover" "$CMD" recover
	fault none
	is "$(record State),$(private ForeignSO)" blocked,none "$kind, one false answer: the card is blocked"
	passes "$kind: the policy unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: with its new PIN"
	token_stop
}
falsely_refused_later

# Made anew elsewhere, which does not show: the box takes no try that the PUK needs which is right now.
made_anew() {
	tickets_made Profile.ShowsLife=false
	token_new
	is "$(once "$LATCH" "login so $SO" "init-pin $PIN" close | last_rv)" CKR_OK "$kind: personalized anew"
	becomes blocked "$kind, personalized anew: it is blocked"
	is "$(so_flags)" "" "$kind, personalized anew: and no SO try is lost"
	fails "$kind: the card itself refuses the PIN" vendor_takes "$PIN"
	token_stop
}
made_anew

# With one SO try left the PUK that is given goes before the box that nobody has proved.
anyone_comes kill-before
who root
login_rv "$MODULE" so 11112222 >/dev/null
login_rv "$MODULE" so 11112222 >/dev/null
is "$(so_flags)" "SO_PIN_FINAL_TRY " "$kind: one SO try is left"
fails "$kind: it is not spent unasked" as operator "$CMD" unblock --pin "$PIN_NEW" --puk "$SO" "$CARD"
logged "unblock --last-try --puk what is given, which is right where they were not" "$kind: how to is said"
operator_unblocks "--last-try --puk sends the PUK" "--last-try --puk $SO"
done_testing
