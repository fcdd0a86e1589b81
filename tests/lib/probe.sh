# SPDX-License-Identifier: BSD-3-Clause
# p11-latch probe in tests: what the person gives, and what it found. Sourced, after all.sh and desk.sh.

# secrets [NEW_SO]: what the person at the command would type.
secrets() {
	echo "$PIN" >"$SCRATCH/pin"
	echo "$PIN_NEW" >"$SCRATCH/new-pin"
	case $TOKEN in
	piv-*) echo "$PUK" ;;
	*) echo "$SO" ;;
	esac >"$SCRATCH/puk"
	echo "${1:-$SO_NEW}" >"$SCRATCH/new-puk"
}

# The card's URI: labels may have blanks.
uri() {
	printf 'pkcs11:token=%s' "$(printf '%s' "$LABEL" | jq -sRr @uri)"
}

# probe WORD...: with all secrets; the object in JSON, the rest in ERR, exit status in STATUS.
probe() {
	JSON=$("$CMD" probe "$(uri)" --pin "@$SCRATCH/pin" --puk "@$SCRATCH/puk" \
		--new-pin "@$SCRATCH/new-pin" --new-puk "@$SCRATCH/new-puk" --json "$@" \
		2>"$SCRATCH/err" </dev/null)
	STATUS=$?
	ERR=$(cat "$SCRATCH/err")
}

# found NAME: its value; "null" where it is not known. why NAME: how it was seen. differing: columns.
found() {
	printf '%s\n' "$JSON" | jq -r --arg name "$1" '.columns + .also_seen | .[] | select(.name == $name) | .value'
}

why() {
	printf '%s\n' "$JSON" | jq -r --arg name "$1" '.columns + .also_seen | .[] | select(.name == $name) | .how'
}

differing() {
	printf '%s\n' "$JSON" | jq -r '[.columns[] | select(.differs) | .name + "=" + .value] | join(" ")'
}

member() {
	printf '%s\n' "$JSON" | jq -r ".$1"
}

# What a token is seen to be: its flags, both PINs, what its user has. (A wrong value costs a try.)
standing() {
	case $TOKEN in
	openpgp)
		for name in pw1 pw3 rc; do card_pin card "$name"; done
		return
		;;
	piv-*)
		for name in pin puk; do card_pin card "$name"; done
		return
		;;
	imitation)
		printf '%s tries, SO %s, user %s\n' "$(tries so)" "$(login_rv "$MODULE" so "$SO")" \
			"$(login_rv "$MODULE" user "$PIN")"
		return
		;;
	tpm2) printf '%s wrong, ' "$(tpm2_wrong)" ;;
	esac
	printf '%s, SO %s, user %s, ' "$(flags "$MODULE")" "$(login_rv "$MODULE" so "$SO")" \
		"$(login_rv "$MODULE" user "$PIN")"
	once "$MODULE" "login user $PIN" find | tail -n 1
}

# new_card: in use, its counters full, with a PIN.
new_card() {
	fresh
	case $TOKEN in
	openpgp | piv-*) ;;
	*) personalize_direct ;;
	esac
}
