# SPDX-License-Identifier: BSD-3-Clause
# System calls that fail, one a run or all from one on, while a card gets tickets, a response unblocks it, and it gets new.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"
. "$SRCDIR/tests/lib/sysfault.sh"

do_ticketed() {
	app "login so $SO" "init-pin $PIN" logout "login user $PIN" "create-data keep $KEEP private" logout close
}

do_response() {
	app "set-pin $RESPONSE $PIN_NEW" close
}

do_refill() {
	hurt "$CMD" apply "$SCRATCH/refill.dsc" "$CARD"
}

# The SO secret is random: what the card manager key finds in the boxes, or before there are any, the person's own.
vendor_says() {
	offline_sos="$("$BUILDDIR/tests/card/stranger_box" "$LABEL" desk "$MANAGER_KEY" all 2>/dev/null) $SO"
	set -- "login user $PIN" logout "login user $PIN_NEW" logout
	for offline_so in $offline_sos; do
		set -- "$@" "login so $offline_so" logout
	done
	once "$MODULE" "$@" | awk -v values="$PIN $PIN_NEW $(echo "$offline_sos" | tr '\n' ' ')" '
		BEGIN { split(values, value, " ") }
		$1 == "login" { n++; if ($2 == "CKR_OK") print n <= 2 ? "PIN" : "SO", value[n] }'
}

# The policy has the key; who holds the SO secret is asked only where the card has no box yet. Where there is one, and the
# SO secret is still the person's, a person does what the log says then.
unblocks() {
	set -- "$(so_of "$1")"
	[ "$1" = "$SO" ] || set --
	faults_out=$("$CMD" unblock ${1:+--puk "$1"} --pin "$PIN" "$CARD" 2>&1)
	case $faults_out in
	*"unblock without --puk tries the box"*)
		"$CMD" unblock --pin "$PIN" "$CARD" >>"$SCRATCH/recover" 2>&1
		faults_out=$("$CMD" unblock --puk "$1" --pin "$PIN" "$CARD" 2>&1)
		;;
	esac
	[ "$(record State), $(login_rv "$MODULE" user "$PIN")" = "active, CKR_OK" ] ||
		echo "cannot be unblocked: $(record State): $faults_out"
}

desk() {
	policy_clear
	{
		offline_description
		offline_block
	} | description personalize
	offline_unblock | description unblock
	printf '%s\n' "$MANAGER_KEY" >"$SCRATCH/manager.key"
	printf 'Personalize=personalize.dsc\nUnblock=unblock.dsc\nTickets=3\nField.CARD_MANAGER_KEY=file:%s\n' \
		"$SCRATCH/manager.key" | policy
	printf '[Description]\nInitCRKey=true\nUseCardManagerKey=true\nCardManagerKey=#%s\n' "$MANAGER_KEY" \
		>"$SCRATCH/refill.dsc"
}

kind=softhsm
token_start "$kind"
latch_setup
faults_start
desk
snapshots_make
restore blocked
RESPONSE=$(respond "$(challenge)" | tr -d ' ')
[ -n "$RESPONSE" ] || bail_out "no response: $(log_text | tail)"
faults ticketed factory
faults response blocked
faults refill blocked
token_stop
done_testing
