# SPDX-License-Identifier: BSD-3-Clause
# p11-latch verify behind the sockets: everybody learns what is public, and for operators the policy's key is used.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/offline.sh"

LOGINS="challenge-response key present in logins"

# says USER STATUS PATTERN TEXT [OPTION...]
says() {
	says_user=$1
	says_status=$2
	says_pattern=$3
	says_text=$4
	shift 4
	OUT=$(as "$says_user" "$CMD" verify "$@" "$CARD" 2>&1 </dev/null)
	like "$?,$OUT" "$says_status,$says_pattern" "$says_user: $says_text"
}

kind=softhsm
users_make
token_start "$kind"
token_share
latch_setup
{
	offline_description
	offline_block
} | description offline
value manager "$MANAGER_KEY"
printf 'Personalize=offline.dsc\nTickets=2\nField.CARD_MANAGER_KEY=file:%s\n' "$CONF_DIR/values/manager" | policy
printf '%s\n' "$MANAGER_KEY" >"$SCRATCH/manager.key"
chmod 644 "$SCRATCH/manager.key"
shut_away
sockets_start
says anyone 1 "*offline-unblockable: no*why not: it has no box*" "a card without tickets"
who operator
session_start desk "$LATCH"
must desk login so "$SO"
must desk init-pin "$PIN"
must desk finalize
drive_stop desk
token_share
state_is blocked || bail_out "not blocked: $(log_text | tail)"
who root
log_clear
says anyone 0 "*offline-unblockable: yes*$LOGINS: yes, as its box says
*tickets left: 2 (*" "the policy's key is not used"
says anyone 0 "{*\"evidence\": \"box\", *\"tickets_opened\": null*" "--json" --json
says anyone 1 "*verify is refused: only operators may*" "a key is refused" \
	--field "CARD_MANAGER_KEY=@$SCRATCH/manager.key"
says anyone 1 "*verify is refused: only operators may*" "a login is refused" --so-login
says operator 0 "*$LOGINS: yes, its box opens*tickets left: 2, of which 2 open*" "the policy's key is used"
says operator 0 "*$LOGINS: yes, proved by a login as SO*" "a login" --so-login
printf '%s\n' "$MANAGER_KEY_NEW" >"$SCRATCH/other.key"
chmod 644 "$SCRATCH/other.key"
says operator 1 "*opens no box that counts*$LOGINS: no
*" "a key that is given goes before the policy's" --field "CARD_MANAGER_KEY=@$SCRATCH/other.key"
is "$(record State) $(private ResponseWrong)" "blocked none" "nothing has changed"
no_secret "no secret in log and state" "$MANAGER_KEY" "$SO"
sockets_stop
passes "no helper is left" wait_for 20 no_helpers
done_testing
