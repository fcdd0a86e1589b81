# SPDX-License-Identifier: BSD-3-Clause
# A PIV card behind OpenSC and ykcs11 is personalized by C_SetPIN, since there is no C_InitPIN, and blocked by its own
# lock, after the policy's PUK has shown that it unblocks.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"

with_puk() {
	known_puk | pickup
	fresh
	"$CMD" check >"$SCRATCH/check" 2>&1
	unlike "$(cat "$SCRATCH/check")" "*PersonalizeOn*" "$kind: check has nothing against it"
	session_start desk "$LATCH"
	must desk login user "$CARD_PIN"
	card_mark card
	expect CKR_OK desk set-pin "$CARD_PIN" "$PIN"
	is "$(record State)" personalizing "$kind: C_SetPIN begins a personalization"
	# Another process's look ends its login on ykcs11. OpenSC's C_Initialize is one, and its PIN cache helps.
	case $kind in
	*ykcs11) fails "$kind: and nobody else looks at the card" card_sees card "00a404*" ;;
	esac
	expect CKR_OK desk sign-rsa
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: nobody else can log in meanwhile"
	card_mark card
	expect CKR_OK desk close
	is_blocked "$kind: the card is blocked when its session is closed"
	passes "$kind: the unblock call was made before" card_sees card "002c0080*"
	is "$(login_rv "$MODULE" user "$PIN")" CKR_PIN_LOCKED "$kind: the card itself refuses everything"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: so does p11-latch"
	drive_stop desk
}

# An application's SO login tells nothing of the PUK, so that without the policy's nothing is tried.
without_puk() {
	description unblock </dev/null
	piv_office | description personalize
	piv_policy
	fresh
	like "$("$CMD" check 2>&1)" "*warning*no PUK or key stands here to block it with*" \
		"$kind: check warns of a policy without PUK"
	is "$(personalized)" CKR_OK "$kind: without it the program goes on all the same"
	is "$(record State) $(record Method), $(counters)" "personalizing refuse, 3 3" "$kind: the card is refused"
	logged "only refused by p11-latch: nobody here holds the SO secret" "$kind: the log says why"
	like "$("$CMD" status)" "*REFUSED BY P11-LATCH ONLY*why:*nobody here holds*" "$kind: and status"
	is "$(login_rv "$LATCH" user "$PIN")" CKR_PIN_LOCKED "$kind: it is refused through p11-latch"
	passes "$kind: and the card itself takes its PIN" vendor_takes "$PIN"
	is "$(login_rv "$LATCH" user 99999999), $(counters)" "CKR_PIN_LOCKED, 3 3" "$kind: a wrong one costs no try"
	is "$(printf '%s\n' "$PUK" | "$CMD" block --puk - "$CARD" >/dev/null 2>&1 && record State)" blocked \
		"$kind: p11-latch block with the PUK ends that"
	is_blocked "$kind: by lock"
}

# The policy's is wrong: one try is spent, and no more.
wrong_puk() {
	known_puk 13579246 | pickup
	piv_office "InitialPUK=#13579246" | description personalize
	fresh
	personalized >/dev/null
	is "$(record State) $(record Method), $(counters)" "personalizing refuse, 3 2" \
		"$kind: a wrong PUK in the policy costs one try, and leaves the card refused"
	like "$(record Why)" "*policy's SO secret*CKR_PIN_INCORRECT*" "$kind: the record says why"
	known_puk | pickup
	"$CMD" recover >/dev/null 2>&1
	is_blocked "$kind: recover blocks it once the policy has the right one"
}

# Only wrong old PINs, and changes of other things: no personalization.
no_beginning() {
	known_puk | pickup
	fresh
	is "$(once "$LATCH" "login user $CARD_PIN" "set-pin 999999 $PIN" close | last_rv)" CKR_OK "$kind: a wrong old PIN"
	is "$(record State), $(card_pin card pin | cut -d ' ' -f 2)" "none, $CARD_PIN" "$kind: begins nothing"
	fresh
	is "$(once "$LATCH" "set-pin $CARD_PIN $PIN" close | last_rv)" CKR_OK "$kind: C_SetPIN without a login"
	is "$(record State)" none "$kind: begins nothing either"
}

# The PIN by one program, the key by another as SO, in one hold.
in_a_hold() {
	known_puk | pickup PersonalizeOn=command
	sed -i '/^PersonalizeOn=set-pin/d' "$POLICY"
	fresh
	is "$(personalized), $(record State)" "CKR_OK, none" "$kind: PersonalizeOn=command: a program alone is none"
	fresh
	cat >"$SCRATCH/maker" <<-EOF
		"$P11DRIVE" "$LATCH" initialize 'slot-label "$LABEL"' "open rw" "login user $CARD_PIN" \
			"set-pin $CARD_PIN $PIN" >"$SCRATCH/first"
		grep ^State "$STATE"/records/* >"$SCRATCH/between"
		${1:-:} >"$SCRATCH/keygen" 2>&1 || exit 1
		"$P11DRIVE" "$LATCH" initialize 'slot-label "$LABEL"' "open rw" "login user $PIN" sign-rsa >"$SCRATCH/second"
	EOF
	passes "$kind: personalize -- two programs" foreign "$CMD" personalize -- sh "$SCRATCH/maker"
	unlike "$(cut -d ' ' -f 2 "$SCRATCH/first" "$SCRATCH/second")" "*CKR_[!O]*" "$kind: each does its work"
	like "$(cat "$SCRATCH/between")" "*personalizing" "$kind: between them the card is the hold's"
	is_blocked "$kind: and is blocked when the last one is done"
}

# By the management key, which a YubiKey wants for that.
make_key() {
	printf 'pkcs11-tool --module "%s" --login --login-type so --so-pin %s --keypairgen --key-type rsa:2048 --id 02' \
		"$LATCH" "$MANAGEMENT_KEY"
}

# What was logged in with as SO is the management key, and never taken for a PUK.
management_key() {
	known_puk | pickup
	fresh
	session_start desk "$LATCH"
	expect CKR_OK desk login user "$CARD_PIN"
	expect CKR_OK desk set-pin "$CARD_PIN" "$PIN"
	expect CKR_OK desk logout
	card_mark card
	expect CKR_OK desk login so "$MANAGEMENT_KEY"
	fails "$kind: nobody looks at the card at its SO login" card_sees card "00a404*"
	expect CKR_OK desk set-pin "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW"
	expect CKR_OK desk close
	is_blocked "$kind: a program that changed the management key leaves a blocked card"
	no_secret "$kind: no management key stands in log or state" "$MANAGEMENT_KEY" "$MANAGEMENT_KEY_NEW"
	drive_stop desk
	piv_office | description personalize
	description unblock </dev/null
	piv_policy
	fresh
	once "$LATCH" "login user $CARD_PIN" "set-pin $CARD_PIN $PIN" logout "login so $MANAGEMENT_KEY" close >/dev/null
	is "$(record State) $(record Method), $(counters)" "personalizing refuse, 3 3" \
		"$kind: without a PUK in the policy it is refused, and the key not sent as one"
}

for kind in $PIV_KINDS; do
	piv_start
	with_puk
	without_puk
	wrong_puk
	no_beginning
	case $kind in
	*ykcs11)
		in_a_hold "$(make_key)"
		passes "$kind: the key was made" grep -q "Key pair generated" "$SCRATCH/keygen"
		management_key
		;;
	*) in_a_hold ;;
	esac
	no_secret "$kind: no PIN or PUK stands in log or state" "$PIN" "$PUK"
	token_stop
done
done_testing
