# SPDX-License-Identifier: BSD-3-Clause
# Which SO secret blocks a card: what the application presented or changed it to in this sitting, the policy's.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"

# One program on a card as it comes from the factory: openCryptoki forces a change of the SO PIN first.
whole_sitting() {
	desk BlockMethod=scramble
	fresh
	session_start desk "$LATCH"
	must desk login so "$SO"
	expect CKR_OK desk set-pin "$SO" "$SO_NEW"
	is "$(record State)" none "$kind: a change of the SO PIN begins no personalization"
	must desk init-pin "$PIN"
	drive desk "$1" >/dev/null
	is_blocked "$kind, SO PIN changed before C_InitPIN, $1"
	is "$(record Method)" scramble "$kind: with the new one"
	passes "$kind: which is the card's" so_is "$SO_NEW"
	unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind: no SO try was wasted"
	drive_stop desk
}

changed_later() {
	fresh
	personalize desk
	expect CKR_OK desk set-pin "$SO" "$SO_NEW"
	is "$(record State)" personalizing "$kind: a change of the SO PIN leaves it personalizing"
	must desk logout
	must desk login user "$PIN"
	drive desk kill9 >/dev/null
	is_blocked "$kind, SO PIN changed after C_InitPIN, kill -9"
	is "$(record Method)" scramble "$kind: with the new one"
	unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind: no SO try was wasted"

	# The change is refused: the old one stays in force.
	fresh
	personalize desk
	expect CKR_PIN_LEN_RANGE desk set-pin "$SO" 1
	like "$(rv desk set-pin 11112222 "$SO_NEW")" "CKR_PIN_*" "$kind: nor with a wrong old one"
	must desk close
	is_blocked "$kind, changes of the SO PIN that failed"
	is "$(record Method)" scramble "$kind: with the one that stayed"
	drive_stop desk
}

# Nobody can say whether the change came to pass: the new one is tried first, then the old one.
lost_in_between() {
	for action in kill-before:$SO kill-after:$SO_NEW; do
		fresh
		personalize desk
		fault p11drive C_SetPIN 0 "${action%%:*}"
		drive desk set-pin "$SO" "$SO_NEW" >/dev/null
		fault none
		is_blocked "$kind, the program is killed in C_SetPIN as SO (${action%%:*})"
		is "$(record Method)" scramble "$kind: with the one that is in force"
		passes "$kind: and that one stays in force (${action%%:*})" so_is "${action#*:}"
		drive_stop desk
	done
}

# A factory token of openCryptoki in one sitting, its default SO PIN included.
factory_default() {
	opencryptoki_wipe
	rm -rf "$STATE/records" "$STATE/private"
	token_lines "slot 0" "init-token 87654321 $LABEL"
	session_start desk "$LATCH"
	expect CKR_OK desk login so 87654321
	expect CKR_OK desk set-pin 87654321 "$SO"
	expect CKR_OK desk init-pin "$PIN"
	must desk close
	is_blocked "opencryptoki, the whole of a factory token's sitting"
	is "$(record Method)" scramble "opencryptoki: with the SO PIN that was forced"
	drive_stop desk
}

# Policy holds one, the application used another: the application's is right.
anothers() {
	desk_knows 11112222 BlockMethod=scramble
	description unblock <<-'EOF'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=#11112222
	EOF
	echo "Unblock=unblock.dsc" >>"$POLICY.tmp"
	sed -i '/^Personalize=/r '"$POLICY.tmp" "$POLICY"
	fresh
	personalize desk
	must desk close
	is_blocked "$kind, another SO PIN than the policy's"
	logged "the card's SO secret is not the policy's" "$kind: the log says so"
	unlike "$(flags "$MODULE")" "* SO_PIN_*" "$kind: the policy's was not tried"
	drive_stop desk

	session_start pickup "$LATCH"
	expect CKR_PIN_INCORRECT pickup set-pin 11112222 "$PIN_NEW"
	fails "$kind: the policy's PUK is of no use for this card" vendor_takes "$PIN_NEW"
	expect CKR_OK pickup set-pin "$SO" "$PIN_NEW"
	passes "$kind: the card's own is" vendor_takes "$PIN_NEW"
	drive_stop pickup
	rm -f "$POLICY.tmp"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	faulty_start
	whole_sitting close
	whole_sitting kill9
	changed_later
	lost_in_between
	[ "$kind" = softhsm ] || factory_default
	anothers
	passes "$kind: no helper is left" wait_for 5 no_helpers
	no_secret "$kind: no PIN and no PUK in log and state" "$SO" "$SO_NEW" "$PIN" "$PIN_NEW" 11112222
	token_stop
done
done_testing
