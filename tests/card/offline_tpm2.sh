# SPDX-License-Identifier: BSD-3-Clause
# Challenge and response on a TPM, which takes no objects of ours: tickets and box are files of the state directory.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

# left: how many tickets and boxes there are, as files.
left() {
	printf '%s %s' "$(ls "$STATE"/private | grep -c '\.ticket-')" "$(ls "$STATE"/private | grep -c '\.box-')"
}

kind=tpm2
token_start tpm2
offline_machines Tickets=3
offline_card
is "$(left)" "3 1" "$kind: three tickets and a box, as files"
is "$(record State) $(record Method) $(record Tickets)" "blocked scramble 3" "$kind: the card is blocked, and its record says how many there are"
fails "$kind: its SO PIN is not the one that it was personalized with" so_known "$SO"
first=$(challenge)
like "$(tool --unlock-pin --puk "$(respond "$first")" --new-pin "$PIN_NEW")" "*PIN successfully changed*" \
	"$kind: pkcs11-tool --unlock-pin with the response"
is_active "$PIN_NEW" "$kind: active"
is "$(left)" "2 1" "$kind: a ticket is used up"
passes "$kind: blocked again, by the key" "$CMD" block "$CARD"
unlike "$(challenge)" "$first" "$kind: the next challenge is another"
answer=$(respond "$(challenge)")
like "$(tool --login --pin "$answer" --change-pin --new-pin "$PIN")" "*PIN successfully changed*" \
	"$kind: pkcs11-tool --change-pin with the response"
is_active "$PIN" "$kind: active"
passes "$kind: forgotten here, it is not lost" "$CMD" forget "$CARD"
is "$(left)" "1 1" "$kind: tickets and box stay"
passes "$kind: it is taken for one in use again" "$CMD" adopt "$CARD"
passes "$kind: and blocked by the key" "$CMD" block "$CARD"
fails "$kind: a response of before opens nothing" "$CMD" unblock --response "$answer" --pin "$PIN_NEW" "$CARD"
passes "$kind: the last one does" "$CMD" unblock --response "$(respond "$(challenge)")" --pin "$PIN_NEW" "$CARD"
is "$(left) $(record Tickets)" "0 1 0" "$kind: the box alone is left"
passes "$kind: apply makes new ones" \
	"$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key"
is "$(left) $(record State)" "3 1 blocked" "$kind: three again, and the card is blocked"
passes "$kind: unblocked by the key" "$CMD" unblock --pin "$PIN" "$CARD"
is_active "$PIN" "$kind: active"
no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO"
passes "$kind: no helper is left" wait_for 20 no_helpers
token_stop
done_testing
