# SPDX-License-Identifier: BSD-3-Clause
# p11-latch probe: finds the built-in profile of each token, and brings each back to where it found it.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/probe.sh"

# Kinds of tokens.sh; one more word for one more.
PROBED="$TOKENS tpm2 $CARDS"

# profile_of KIND: the row of card/profile.c, where it has another name.
profile_of() {
	case $1 in
	openpgp) echo opensc-openpgp ;;
	piv-opensc) echo opensc-piv ;;
	piv-ykcs11) echo yubikey ;;
	*) echo "$1" ;;
	esac
}

# style_of KIND: the call that unblocks it.
style_of() {
	case $1 in
	piv-opensc) echo set-pin ;;
	piv-ykcs11) echo puk-pin ;;
	*) echo init-pin ;;
	esac
}


for kind in $PROBED; do
	token_start "$kind"
	latch_setup
	PIN=123456
	case $kind in openpgp | piv-*) PIN=$CARD_PIN ;; esac
	secrets
	new_card
	OUT=$("$CMD" probe "$(uri)" </dev/null 2>&1)
	is $? 0 "$kind: without a terminal and --yes: exit status"
	like "$OUT" "*no terminal to ask on, and no --yes: only what costs nothing is measured*" \
		"$kind: without a terminal and --yes: says so"
	unlike "$OUT" "*login with*" "$kind: without a terminal and --yes: nothing is sent"

	once "$MODULE" "login user $PIN" "create-data mine hex:00ff private" >/dev/null 2>&1
	before=$(standing)
	probe --yes
	is "$STATUS,$(member as_found)" 0,true "$kind: as it was found, it says"
	is "$(standing)" "$before" "$kind: as it was found, it is"
	is "$(member profile),$(differing)" "$(profile_of "$kind")," "$kind: its profile, and nothing else"
	is "$(found UnblockStyle)" "$(style_of "$kind")" "$kind: UnblockStyle"
	case $kind in
	tpm2) is "$(found "login with a wrong PIN")$(found "a wrong SO secret")" "" "$kind: nothing wrong was sent" ;;
	*) is "$(found "login with a wrong PIN")" CKR_PIN_INCORRECT "$kind: a wrong PIN was sent"
		is "$(why Block)" "only with --expendable" "$kind: not locked unasked" ;;
	esac

	probe --yes --expendable
	is "$STATUS,$(member as_found)" 0,true "$kind, expendable: as it was found, it says"
	is "$(standing)" "$before" "$kind, expendable: as it was found, it is"
	case $(why InitOnce) in
	"not initialised: it holds "* | "its profile says"* | "the SO secret is not"* | "a TPM is never"*)
		ok "$kind, expendable: its objects stay" ;;
	*) not_ok "$kind, expendable: its objects stay" "$(why InitOnce)" ;;
	esac
	new_card
	before=$(standing)
	probe --yes --expendable
	is "$STATUS,$(member profile),$(differing)" "0,$(profile_of "$kind")," \
		"$kind, expendable: its profile, and nothing else"
	is "$(standing)" "$before" "$kind, expendable: brought back once more"
	printf '%s\n' "$JSON" | jq -r .binding >"$POLICY"
	passes "$kind: the binding can be pasted" "$CMD" check
	no_secret "$kind: no value in log and state" "$SO" "$SO_NEW" "$PIN" "$PIN_NEW"
	# A serial number may have digits that are a PIN's.
	is "$(printf '%s\n' "$ERR" "$JSON" | sed "s/${SERIAL:-none}//g" | grep -c -F -e "$SO" -e "$SO_NEW" -e "$PIN" -e "$PIN_NEW")" 0 \
		"$kind: nor in what is printed"
	policy_clear
	token_stop
done
done_testing
