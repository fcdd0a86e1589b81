# SPDX-License-Identifier: BSD-3-Clause
# p11-latch probe of tokens of which nothing is known: it finds out what they are, column by column.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/probe.sh"

KEY=0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123

# The resetting code is not the SO PIN: one wrong login as SO, then the call that takes it.
token_start openpgp set_pin_in_unlogged_session
latch_setup
latch_conf "spawn:$HELPER" generic
PIN=$CARD_PIN
secrets
echo "$PUK" >"$SCRATCH/puk"
new_card
probe --yes
is "$(found UnblockStyle),$(found "login with the SO secret"),$(found set-pin)" \
	set-pin,CKR_PIN_INCORRECT,CKR_OK "openpgp as generic: the call that takes its resetting code"
is "$(card_pin card pw1),$(card_pin card rc)" "3 $PIN,3 $PUK" "openpgp as generic: PIN and resetting code"
is "$(card_pin card pw3)" "2 $SO" "openpgp as generic: one try of the SO PIN was spent on the resetting code"
like "$ERR" "*may have cost a try of the SO PIN*" "openpgp as generic: and that is said"
is "$STATUS,$(member as_found),$(differing)" \
	"1,false,SoCounter=hidden UnblockStyle=set-pin ManySlots=true" "openpgp as generic: column by column"
latch_conf "spawn:$HELPER" yubikey
probe --yes
is "$STATUS,$JSON" 1, "a profile that cannot be this token's: exit status"
like "$ERR" "*Profile=yubikey does not fit*nothing is sent to it*" "a profile that cannot be this token's: why"
token_stop
PIN=123456


token_start softhsm
latch_setup
latch_conf "spawn:$HELPER" generic
secrets "$KEY"
new_card
probe --yes --expendable
is "$STATUS,$(member alike)" 0,softhsm "SoftHSM as generic: what it is"
is "$(differing)" "SoCounter=none UserCounter=false Caches=true ShowsLife=true SoLoginProves=true" \
	"SoftHSM as generic: column by column"
is "$(found SoForm)" text "SoftHSM as generic: a key goes as its digits"
printf '%s\n' "$JSON" | jq -r .binding >"$POLICY"
passes "SoftHSM as generic: the binding can be pasted" "$CMD" check
secrets
probe --yes
is "$STATUS,$(differing)" "0,Caches=true SoLoginProves=true" \
	"SoftHSM under that binding: measured against the built-in row still"
policy_clear
token_stop

token_start opencryptoki
latch_setup
latch_conf "spawn:$HELPER" generic
secrets
new_card
once "$MODULE" "login user $PIN" "create-data mine hex:00ff private" >/dev/null
probe --yes --expendable
is "$STATUS,$(member alike)" 0,opencryptoki "openCryptoki as generic: what it is"
is "$(differing)" "Block=lock SoForm=puk SoTries=3 Identity=serial+label SoLoginProves=true" \
	"openCryptoki as generic: column by column"
is "$(found "user flags after one wrong PIN"),$(found "user flags after two wrong PINs")" \
	COUNT_LOW,FINAL_TRY "openCryptoki: flags on the way"
is "$(found "the right PIN when locked"),$(found "user flags when locked")" CKR_PIN_LOCKED,LOCKED \
	"openCryptoki: locked"
is "$(found "short PIN counts")" yes "openCryptoki: a short PIN counts"
is "$(found Caches)" false "openCryptoki: another process's change is seen"
# C_InitToken destroys it, which only this tells.
new_card
probe --yes --expendable
is "$STATUS,$(member as_found),$(found InitOnce)" 1,false,true "openCryptoki as generic: C_InitToken breaks it"
like "$ERR" "*THE TOKEN WAS NOT TO BE USED after C_InitToken*" "openCryptoki as generic: and it is said"
token_stop
done_testing
