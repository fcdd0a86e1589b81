# SPDX-License-Identifier: BSD-3-Clause
# A card with tickets gets a new SO secret, gives no answer to that, and refuses twice what it is asked next: the box of
# the secret that is valid stays.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

kind=softhsm
token_start $kind
changed=0
for login in 4 5 6; do
	offline_machines Tickets=3
	offline_card
	at_phone
	response=$(respond "$(challenge)")
	faulty_start
	fault p11-latch C_SetPIN 1 after 30
	echo p11-latch C_Login $login rv a0 >>"$FAULTY_FILE"
	echo p11-latch C_Login $((login + 1)) rv a0 >>"$FAULTY_FILE"
	secrets_before=$("$BUILDDIR/tests/card/stranger_box" "$LABEL" desk "$MANAGER_KEY" all 2>/dev/null)
	"$CMD" unblock --response "$response" --pin "$PIN_NEW" "$CARD" </dev/null >"$SCRATCH/out" 2>&1
	fault none
	# shellcheck disable=SC2086
	so_known $secrets_before || changed=$((changed + 1))
	at_desk
	"$CMD" recover >"$SCRATCH/recover" 2>&1
	"$CMD" reset "$CARD" >>"$SCRATCH/recover" 2>&1
	passes "login $login is refused: the card's key unblocks it, after p11-latch reset at the latest" \
		"$CMD" unblock --pin "$PIN" "$CARD"
	is_active "$PIN" "login $login is refused"
done
[ $changed -gt 0 ] && ok "in $changed of them the secret was changed" || not_ok "in some of them the secret was changed"
token_stop
done_testing
