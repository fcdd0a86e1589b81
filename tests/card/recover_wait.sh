# SPDX-License-Identifier: BSD-3-Clause
# Recover at the event of a reader whose card shows itself later only: --wait deals with it all the same.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/sockets.sh"

CARD=

# left: a card that is personalizing, its program and its watcher dead.
left() {
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	kill -9 "$(watcher)"
	drive_stop desk
	wait_for 5 no_helpers || bail_out "the watcher does not end"
	log_clear
}

new_left() {
	token_new
	rm -rf "${STATE:?}"/*
	fault none
	left
}

# recovering SECONDS: in the background, its output in $SCRATCH/out.
recovering() {
	"$CMD" recover --wait "$1" ${CARD:+"$CARD"} >"$SCRATCH/out" 2>&1 &
	recover=$!
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# takes_less MS: since BEGUN.
takes_less() {
	[ $(($(now_ms) - BEGUN)) -lt "$1" ]
}

# states: of all records, in the order of the alphabet.
states() {
	sed -n 's/^State=//p' "$STATE"/records/* | sort | tr '\n' ' '
}

says_absent() {
	grep -c 'was pulled while it was personalized; it is dealt with when the card comes back' "$SCRATCH/out"
}

token_start softhsm
latch_setup
faulty_start
desk_knows "$SO"

# --- The card comes -------------------------------------------------------------------------------

new_left
fault p11-latch C_GetSlotList 0 many 0
"$CMD" recover >"$SCRATCH/out" 2>&1
is "$?,$(says_absent)" 0,1 "no --wait: recover says that the card is not there"
is "$(record State)" personalizing "and leaves it as it is"
rm -f "$FAULTY_FILE.done"
recovering 30
wait_for 10 faulted || bail_out "no slots were asked for"
sleep 1
is "$(record State)" personalizing "--wait: the card is not there yet"
fault none
BEGUN=$(now_ms)
wait "$recover"
is $? 0 "--wait: exit status"
passes "it ends as soon as the card was dealt with" takes_less 10000
is "$(record State)" blocked "the card is blocked"
fails "the card itself takes its PIN no more" vendor_takes "$PIN"
is "$(says_absent)" 0 "nothing is said of a card that is not there"
is "$(grep -c ': blocked$' "$SCRATCH/out")" 1 "and that it is blocked once"

new_left
fault p11-latch C_Initialize 0 rv 6
recovering 30
wait_for 10 faulted || bail_out "C_Initialize was not called"
fault none
wait "$recover"
is "$?,$(record State)" 0,blocked "a module that cannot be started at first"

# --- It does not, or need not ---------------------------------------------------------------------

new_left
fault p11-latch C_GetSlotList 0 many 0
BEGUN=$(now_ms)
recovering 2
wait "$recover"
is "$?,$(says_absent)" 0,1 "a card that does not come: it is said once"
fails "after the time that was given" takes_less 1900
passes "and not much later" takes_less 10000
is "$(record State)" personalizing "it waits for the next time"
# Each look may end the logins of those who work with other cards.
BEGUN=$(now_ms)
FAULTY_LOADS=$SCRATCH/looks "$CMD" recover --wait 7 >"$SCRATCH/out" 2>&1
is "$?,$(says_absent)" 0,1 "a card that does not come in 7 s"
fails "after the time that was given" takes_less 6900
is "$(wc -l <"$SCRATCH/looks")" 4 "it was looked for at once, and after 1, 3 and 7 s"
CARD=pkcs11:token=other
BEGUN=$(now_ms)
recovering 30
wait "$recover"
is $? 1 "a URI that is no card's is waited for by nobody: exit status"
passes "it ends at once" takes_less 10000
CARD=
fault none
passes "by hand, when the card is there" "$CMD" recover
is "$(record State)" blocked "it is blocked"
fault p11-latch C_GetSlotList 0 many 0
BEGUN=$(now_ms)
passes "no record with work: exit status" "$CMD" recover --wait 30
passes "it ends at once" takes_less 10000
fault none

# --- One that fails is not tried over and over, and a second one that comes is not missed ----------

token_new
token_second
rm -rf "${STATE:?}"/*
first=$LABEL
for LABEL in "$first" "$SECOND_LABEL"; do
	left
done
LABEL=$first
hidden=$(find "$SCRATCH/softhsm" -mindepth 1 -maxdepth 1 -type d -exec grep -l "$SECOND_LABEL" {}/token.object \;)
hidden=${hidden%/*}
[ -d "$hidden" ] || bail_out "the second token is nowhere"
mv "$hidden" "$SCRATCH/pocket"
fault p11-latch C_Login 0 rv 5
recovering 30
wait_for 10 faulted || bail_out "no login"
sleep 1
is "$(states)" "personalizing personalizing " "one that is there fails, one is not there"
fault none
mv "$SCRATCH/pocket" "$hidden"
wait "$recover"
is $? 1 "recover fails, as the first did"
is "$(states)" "blocked personalizing " "one of them is blocked"
passes "the second one, as soon as it comes" grep -q "token=$SECOND_LABEL.*: blocked$" "$SCRATCH/out"
is "$(grep -c "token=$first.*cannot be blocked" "$SCRATCH/out")" 1 "the first one was tried once"
passes "recover again" "$CMD" recover
is "$(states)" "blocked blocked " "the first one is blocked too"

# --- Behind the sockets ---------------------------------------------------------------------------

sed -i "s|^Path=.*|Path=$MODULE|" "$P11_LATCH_CONF"
new_left
latch_conf "unix:$SCRATCH/run/helper.sock"
helper_socket operators --operators
mv "$SCRATCH/softhsm" "$SCRATCH/pocket"
mkdir "$SCRATCH/softhsm"
recovering 30
sleep 1
BEGUN=$(now_ms)
passes "another order meanwhile" "$CMD" explain "pkcs11:token=$LABEL"
passes "which is not held up" takes_less 5000
is "$(record State)" personalizing "behind the socket: not there yet"
rmdir "$SCRATCH/softhsm"
mv "$SCRATCH/pocket" "$SCRATCH/softhsm"
wait "$recover"
is "$?,$(record State)" 0,blocked "behind the socket: dealt with when it comes"

# It has two ends more: its helper is told to end, or who asked for it is gone.
new_left
mv "$SCRATCH/softhsm" "$SCRATCH/pocket"
mkdir "$SCRATCH/softhsm"
recovering 30
sleep 1
BEGUN=$(now_ms)
# shellcheck disable=SC2046
kill -TERM $(helpers)
passes "SIGTERM: the helper ends" wait_for 2 no_helpers
wait "$recover"
is "$?,$(says_absent)" 0,1 "the card that did not come is said"
passes "at once" takes_less 3000
recovering 30
sleep 1
kill -9 "$recover"
passes "kill -9 of the command: its helper ends" wait_for 2 no_helpers

# Nor is it for everybody.
helper_socket_stop operators
helper_socket helper
users_make
BEGUN=$(now_ms)
as anyone "$CMD" recover --wait 30 >"$SCRATCH/out" 2>&1
is "$?,$(says_absent)" 0,1 "no operator: the card that is not there is said"
passes "at once" takes_less 5000
passes "and why" grep -q -e "--wait is for operators only" "$SCRATCH/out"
as anyone "$CMD" recover >"$SCRATCH/out" 2>&1
is "$(grep -c -e --wait "$SCRATCH/out")" 0 "which is not said where nobody wanted to wait"
rmdir "$SCRATCH/softhsm"
mv "$SCRATCH/pocket" "$SCRATCH/softhsm"
helper_socket_stop helper
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN"

# --- What runs it ---------------------------------------------------------------------------------

like "$(cat "$SRCDIR/conf/p11-latch-recover.service.in")" "*recover --wait [1-9]*" "the unit waits"
done_testing
