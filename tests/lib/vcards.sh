# SPDX-License-Identifier: BSD-3-Clause
# Virtual smart cards (tests/card/vcard/) in virtual readers of a pcscd of the test's own. Sourced, after tap.sh.
#
#	readers_start NAME [N]         N readers (2), whose names begin with NAME; no card in them
#	readers_stop                   the cards too
#	card_new CARD KIND [WORD...]   a card from the factory, named CARD, in no reader; what there was of that name
#	                               is thrown away. KIND: openpgp, piv; WORDs as "vcard" says without arguments
#	card_insert CARD [READER]      into reader 0, 1...; it is there when this returns
#	card_pull CARD                 and it is gone when this returns
#	card_back CARD                 into the reader where it was, also after a fault pulled it, or a reset
#	card_fault CARD N WHAT [V]     the Nth APDU from now on goes wrong; 0: each. Several add up. WHAT, see fault.h:
#	                               refuse 6F00, pull, pull-after, reset, reset-after, delay MS, hang; a pull is
#	                               before or after the card did it, as a reset is: without power for a moment
#	card_fault_done CARD           whether it came to that
#	card_again CARD STATE          it is the card of that file from now on (a copy of its own, "state"), as after a reset
#	card_well CARD                 no faults any more; one that hangs goes on
#	card_count CARD                how many APDUs it has seen since the last card_fault, card_mark or card_new
#	card_mark CARD                 counts from here on
#	card_sees CARD PATTERN         whether an APDU (hex, "*" and all) was among these
#	card_pin CARD PIN              tries left and value, as the card itself has them: "3 123456"
#	opensc_conf [LINE...]          OpenSC's configuration: LINEs of its block pkcs11

VCARD=$BUILDDIR/tests/card/vcard/vcard
READER_DRIVER=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
# Of reader 0; the others follow. Not one of those that the kernel gives to clients (a TPM has many).
CARD_PORT=25963

# vpcd makes two readers of each entry, at its port and the next one, and has room for two: each entry has a copy of
# its own. pcscd has room for 16, and tells them apart by name.
readers_conf() {
	reader_at=0
	while [ "$reader_at" -lt "$2" ]; do
		reader_port=$(printf '0x%X' $((CARD_PORT + reader_at)))
		cp "$READER_DRIVER" "$SCRATCH/vpcd.$reader_at.so"
		printf 'FRIENDLYNAME "%s %d"\nDEVICENAME /dev/null:%s\nLIBPATH %s\nCHANNELID %s\n\n' \
			"$1" "$reader_at" "$reader_port" "$SCRATCH/vpcd.$reader_at.so" "$reader_port"
		reader_at=$((reader_at + 2))
	done
}

readers_start() {
	[ -x "$VCARD" ] || bail_out "$VCARD is not built"
	[ "${2:-2}" -le 16 ] || bail_out "pcscd has room for 16 readers"
	mkdir -p "$SCRATCH/cards" /run/pcscd
	readers_conf "$1" "${2:-2}" >"$SCRATCH/reader.conf"
	pcscd -f -c "$SCRATCH/reader.conf" >"$SCRATCH/pcscd.log" 2>&1 &
	PCSCD=$!
	wait_for 20 reader_has $((${2:-2} - 1)) No ||
		bail_out "pcscd has no readers: $(cat "$SCRATCH/pcscd.log")"
}

readers_stop() {
	for card_dir in "$SCRATCH"/cards/*/; do
		[ ! -d "$card_dir" ] || card_gone "$(basename "$card_dir")"
	done
	kill "$PCSCD" 2>/dev/null || true
	wait_for 5 gone "$PCSCD" || kill -9 "$PCSCD"
	rm -f /run/pcscd/*
}

# reader_has READER Yes|No: a card is in it, as pcscd sees it.
reader_has() {
	opensc-tool --list-readers 2>/dev/null | grep -q "^$1 *$2 "
}

card_dir() {
	printf '%s' "$SCRATCH/cards/$1"
}

# Its process, and what pcscd knows of it.
card_gone() {
	card_pid=$(cat "$(card_dir "$1")/pid" 2>/dev/null) || return 0
	kill "$card_pid" 2>/dev/null || true
	wait_for 5 gone "$card_pid" || bail_out "card $1 does not end"
	rm "$(card_dir "$1")/pid"
}

card_new() {
	card_name=$1
	card_kind=$2
	shift 2
	if [ -e "$(card_dir "$card_name")/pid" ]; then
		card_gone "$card_name"
		card_leaves "$card_name"
	fi
	rm -rf "$(card_dir "$card_name")"
	mkdir "$(card_dir "$card_name")"
	"$VCARD" new "$(card_dir "$card_name")" "$card_kind" "key=$SCRATCH/cards/key" "$@" ||
		bail_out "no new card $card_name"
}

# Else another one in its place would be taken for it.
card_leaves() {
	wait_for 20 reader_has "$(cat "$(card_dir "$1")/reader")" No ||
		bail_out "pcscd does not see that card $1 is out"
}

card_enters() {
	wait_for 20 reader_has "$(cat "$(card_dir "$1")/reader")" Yes ||
		bail_out "pcscd does not see card $1: $(cat "$(card_dir "$1")/err")"
}

card_insert() {
	echo "${2:-0}" >"$(card_dir "$1")/reader"
	"$VCARD" run "$(card_dir "$1")" $((CARD_PORT + ${2:-0})) </dev/null \
		>"$(card_dir "$1")/err" 2>&1 &
	echo $! >"$(card_dir "$1")/pid"
	card_enters "$1"
}

card_pull() {
	: >"$(card_dir "$1")/out"
	card_leaves "$1"
}

# A reset is over when the card says so: until then pcscd has seen that it was out.
card_back() {
	wait_for 10 test ! -e "$(card_dir "$1")/off" || bail_out "card $1 gets no power"
	[ ! -e "$(card_dir "$1")/out" ] || card_leaves "$1"
	rm -f "$(card_dir "$1")/out"
	card_enters "$1"
}

card_mark() {
	: >"$(card_dir "$1")/apdus"
}

card_count() {
	[ -e "$(card_dir "$1")/apdus" ] || card_mark "$1"
	wc -l <"$(card_dir "$1")/apdus"
}

card_sees() {
	while read -r card_apdu; do
		card_apdu=${card_apdu#* }
		# shellcheck disable=SC2254
		case ${card_apdu% *} in
		$2) return 0 ;;
		esac
	done <"$(card_dir "$1")/apdus"
	return 1
}

# In one piece: the card may look at any moment.
card_fault() {
	card_name=$1
	shift
	card_mark "$card_name"
	rm -f "$(card_dir "$card_name")/fault.done"
	{
		cat "$(card_dir "$card_name")/fault" 2>/dev/null || true
		echo "$*"
	} >"$(card_dir "$card_name")/fault.new"
	mv "$(card_dir "$card_name")/fault.new" "$(card_dir "$card_name")/fault"
}

card_fault_done() {
	[ -e "$(card_dir "$1")/fault.done" ]
}

card_again() {
	cp "$2" "$(card_dir "$1")/again.new"
	mv "$(card_dir "$1")/again.new" "$(card_dir "$1")/again"
	until [ ! -e "$(card_dir "$1")/again" ]; do
		! gone "$(cat "$(card_dir "$1")/pid")" || bail_out "card $1 has ended"
		sleep 0.002
	done
}

card_well() {
	rm -f "$(card_dir "$1")/fault" "$(card_dir "$1")/fault.done"
}

card_pin() {
	sed -n "s/^pin $2 \([0-9]*\) .* \([0-9a-f-]*\)$/\1 \2/p" "$(card_dir "$1")/state" |
		while read -r card_tries card_hex; do
			[ "$card_hex" != - ] || card_hex=
			printf '%s %s' "$card_tries" "$(printf '%s' "$card_hex" | xxd -r -p)"
		done
}

# A cache of files would outlive a card of the same serial number. 16 cards of two slots want more than 16.
opensc_conf() {
	OPENSC_CONF=$SCRATCH/opensc.conf
	export OPENSC_CONF
	{
		echo 'app default {'
		echo '	pkcs11 {'
		echo '		max_virtual_slots = 64;'
		for opensc_line; do
			echo "		$opensc_line"
		done
		printf '\t}\n\tframework pkcs15 {\n\t\tuse_file_caching = no;\n\t}\n}\n'
	} >"$OPENSC_CONF"
	chmod 644 "$OPENSC_CONF"
}
