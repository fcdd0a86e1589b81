#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What p11-latch costs: a table of goals, all measured side by side in one run. Called by make bench, as root.
# bench.sh [--srcdir DIR] [--builddir DIR] [PART...]: parts are null, softhsm, load, policy, unblock,
# hand, cards, sixteen, flood; and long, which is make check-long, and nothing but tests.
set -u

if [ -z "${BENCH_SPACE:-}" ]; then
	SRCDIR=$(cd "$(dirname "$0")/../.." && pwd)
	BUILDDIR=$PWD
	while [ $# -gt 0 ]; do
		case $1 in
		--srcdir) SRCDIR=$2 && shift 2 ;;
		--builddir) BUILDDIR=$2 && shift 2 ;;
		*) break ;;
		esac
	done
	[ "$(id -u)" = 0 ] || { echo "make bench: needs root, for namespaces of its own" >&2 && exit 1; }
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/latch-bench.XXXXXX") || exit 1
	trap 'rm -rf "$SCRATCH"' EXIT
	trap 'exit 130' INT TERM HUP
	chmod 755 "$SCRATCH"
	env -i PATH="$PATH" LC_ALL=C TERM=dumb BENCH_SPACE=1 SRCDIR="$SRCDIR" BUILDDIR="$BUILDDIR" \
		SCRATCH="$SCRATCH" TMPDIR="$SCRATCH" BENCH_KINDS="${BENCH_KINDS:-}" BENCH_ROUNDS="${BENCH_ROUNDS:-}" \
		unshare -m -i -n -p -f --kill-child --mount-proc -- \
		sh "$SRCDIR/tests/lib/space.sh" sh "$0" "$@"
	exit
fi

. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/bench/table.sh"
. "$SRCDIR/tests/bench/hand.sh"
. "$SRCDIR/tests/bench/cards.sh"
. "$SRCDIR/tests/bench/flood.sh"

BENCH=$BUILDDIR/tests/bench
PROXY=$(multiarch_file p11-kit-proxy.so) || bail_out "p11-kit is not installed"
SPY=$(multiarch_file pkcs11/pkcs11-spy.so) || bail_out "opensc is not installed"

# variant NAME COMMAND...: the command with MODULE_OF set to that way to the vendor's module.
module_of() {
	case $1 in
	direct | again) printf '%s' "$MODULE" ;;
	latch) printf '%s' "$LATCH" ;;
	proxy) printf '%s' "$PROXY" ;;
	spy) printf '%s' "$SPY" ;;
	esac
}

# p11-kit's programs see the vendor's module and nothing else; the spy watches it, for nobody to read.
wrap_vendor() {
	rm -rf /etc/pkcs11
	install -d -m 755 /etc/pkcs11/modules
	for wrap_file in /usr/share/p11-kit/modules/*.module; do
		echo 'enable-in:' >"/etc/pkcs11/modules/${wrap_file##*/}"
	done
	echo "module: $MODULE" >/etc/pkcs11/modules/bench.module
	PKCS11SPY=$MODULE
	PKCS11SPY_OUTPUT=/dev/null
	export PKCS11SPY PKCS11SPY_OUTPUT
}

governed() {
	description personalize <<-'END'
		[Application_B]
		BlockCard=true
	END
	description unblock <<-'END'
		[Description]
		SetPIN=true
		PIN=!FROM_USER_DIALOG_2_FIELD
		InitialPUK=!FROM_USER_DIALOG_1_FIELD
	END
	policy "$@" <<-'END'
		Personalize=personalize.dsc
		Unblock=unblock.dsc
	END
}

# --- Calls ----------------------------------------------------------------------------------------

# calls_ns VARIANT CALL: the least of what some runs in turn gave is taken by calls_row.
calls_ns() {
	"$BENCH/calls" "$(module_of "$1")" "$2" "${CALLS_PIN:-}" || bail_out "calls $1 $2"
}

# calls_row TEXT CALL GOAL UNIT DIVISOR: GOAL "-" for what is only shown.
calls_row() {
	: >"$SCRATCH/samples"
	for calls_round in 1 2 3 4 5; do
		for calls_way in direct latch again proxy spy; do
			printf '%s %s\n' "$calls_way" "$(calls_ns "$calls_way" "$2")"
		done
	done >>"$SCRATCH/samples"
	row_of_samples "$1" "$3" "$4" "$5"
}

# instructions VARIANT CALL OBJECT: of one batch of them, as callgrind counts; all, or in OBJECT only.
instructions() {
	rm -f "$SCRATCH/callgrind"
	valgrind --tool=callgrind --callgrind-out-file="$SCRATCH/callgrind" --toggle-collect='batch*' \
		"$BENCH/calls" "$(module_of "$1")" "$2" "${CALLS_PIN:-}" 1 >"$SCRATCH/valgrind" 2>&1 ||
		bail_out "valgrind: $(cat "$SCRATCH/valgrind")"
	if [ -z "${3:-}" ]; then
		sed -n 's/^==.*Collected : *//p' "$SCRATCH/valgrind"
		return
	fi
	callgrind_annotate --threshold=100 "$SCRATCH/callgrind" | tr -d ',' |
		awk -v object="$3" 'index($0, object) && $1 ~ /^[0-9]+$/ { n += $1 } END { print n + 0 }'
}

# All of them are the same number where nothing depends on where memory lies, as it does in SoftHSM; those in
# p11-latch.so itself are none anywhere.
instructions_row() {
	for instructions_way in direct again latch proxy spy; do
		printf '%s %s\n' "$instructions_way" "$(instructions "$instructions_way" "$2")"
	done >"$SCRATCH/samples"
	row_of_samples "$1" "$3" instr. 1
	row_of_one "... of them in p11-latch.so" "$(instructions latch "$2" p11-latch.so)" 0 instr.
}

bench_null() {
	MODULE=$BENCH/vendor_null.so
	latch_setup
	governed
	wrap_vendor
	title "Calls over a vendor module that does nothing, no record"
	instructions_row "2001 x C_GetSessionInfo" session-info 0
	instructions_row "201 x C_SignInit + C_Sign" sign 0
	calls_row "C_OpenSession + C_CloseSession" open-close 60 ns 1
	calls_row "C_Logout" logout 10 ns 1
	calls_row "C_CloseAllSessions" close-all 10 ns 1
	calls_row "C_Login, CKU_CONTEXT_SPECIFIC" context 10 ns 1
	calls_row "C_GetTokenInfo" token-info 5 us 1000
	calls_row "C_Login" login-null 30 us 1000
	calls_row "C_Finalize + C_Initialize" cycle - us 1000
	# These cannot but look into the record first. C_LoginUser is C_Login's own code.
	policy_clear
	calls_row "C_InitPIN, nothing governs" init-pin - us 1000
	governed
	"$CMD" adopt pkcs11: >/dev/null 2>&1 || bail_out "adopt"
	calls_row "C_Login, active" login-null 30 us 1000
	calls_row "C_SetPIN, active" set-pin - us 1000
}

bench_softhsm() {
	token_start softhsm
	latch_setup
	governed
	wrap_vendor
	personalize_direct "$PIN"
	CALLS_PIN=$PIN
	title "Calls over SoftHSM2, no record"
	instructions_row "2001 x C_GetSessionInfo" session-info 0
	instructions_row "201 x C_SignInit + C_Sign" sign -
	calls_row "C_OpenSession + C_CloseSession" open-close 60 ns 1
	calls_row "C_GetTokenInfo" token-info 5 us 1000
	calls_row "C_Login, no record" login 30 us 1000
	"$CMD" adopt "pkcs11:token=$LABEL" >/dev/null 2>&1 || bail_out "adopt"
	state_is active || bail_out "adopt makes no record"
	calls_row "C_Login, active" login 30 us 1000
	CALLS_PIN=
}

# --- Loading --------------------------------------------------------------------------------------

load_rows() {
	"$BENCH/load" "$1" "$MODULE" "$LATCH" "$MODULE" "$PROXY" "$SPY" >"$SCRATCH/load" ||
		bail_out "load"
	for load_column in 1 2; do
		{
			for load_way in direct latch again proxy spy; do
				read -r us kib
				[ "$load_column" = 1 ] && echo "$load_way $us" || echo "$load_way $kib"
			done
		} <"$SCRATCH/load" >"$SCRATCH/samples"
		if [ "$load_column" = 1 ]; then
			row_of_samples "$2: dlopen to C_GetSlotList" 100 us 1
		else
			row_of_samples "$2: resident memory by that" 100 KiB 1
		fi
	done
}

bench_load() {
	title "Loading"
	MODULE=$BENCH/vendor_null.so
	latch_setup
	governed
	wrap_vendor
	load_rows 101 "null vendor"
	token_start softhsm
	latch_setup
	governed
	wrap_vendor
	load_rows 41 SoftHSM2
}

bench_policy() {
	title "A policy of 1,000 bindings"
	MODULE=$BENCH/vendor_null.so
	latch_setup
	for policy_serial in $(seq 1000 1999); do
		governed "pkcs11:manufacturer=SoftHSM%20project;serial=$policy_serial"
	done
	policy_ms=$("$BENCH/bindings" "$POLICY" 1500) || bail_out "bindings"
	row_of_one "reading it, and one look-up" "$policy_ms" 10 ms
}

# --- Unblocking -----------------------------------------------------------------------------------

tool_init_pin() {
	"$BENCH/run" pkcs11-tool --module "$MODULE" --token-label "$LABEL" --login --login-type so \
		--so-pin "$SO" --init-pin --new-pin "$PIN" || bail_out "pkcs11-tool --init-pin"
}

# By a personalization: forgotten, a first PIN, and the end of the program that made it.
blocked_again() {
	"$CMD" forget "pkcs11:token=$LABEL" >/dev/null 2>&1 || bail_out "forget"
	once "$LATCH" "login so $SO" "init-pin $PIN" >/dev/null
	wait_for 20 state_is blocked && wait_for 20 no_helpers || bail_out "the card is not blocked"
}

unblock_row() {
	: >"$SCRATCH/reference"
	: >"$SCRATCH/unblock"
	: >"$SCRATCH/unblock-tool"
	for unblock_round in 1 2 3 4 5 6 7; do
		tool_init_pin >>"$SCRATCH/reference"
		blocked_again
		"$BENCH/set_pin" "$LATCH" "$SO" "$PIN_NEW" >>"$SCRATCH/unblock" || bail_out "C_SetPIN"
		blocked_again
		"$BENCH/run" pkcs11-tool --module "$LATCH" --token-label "$LABEL" --unlock-pin \
			--puk "$SO" --new-pin "$PIN" >>"$SCRATCH/unblock-tool" ||
			bail_out "pkcs11-tool --unlock-pin"
	done
	unblock_reference=$(least "$SCRATCH/reference")
	unblock_goal=$(calc "1.5 * $unblock_reference + $1")
	note_line "pkcs11-tool --init-pin as SO: $unblock_reference ms; scrypt: $1 ms"
	[ "$kind" != softhsm ] ||
		note_line "p11-latch waits an instant before it looks again: SoftHSM loses updates"
	row_of_one "C_SetPIN(PUK, new)" "$(least "$SCRATCH/unblock")" "$unblock_goal" ms
	row_of_one "pkcs11-tool --unlock-pin, all of it" "$(least "$SCRATCH/unblock-tool")" - ms
}

scrypt_ms() {
	for scrypt_round in 1 2 3 4 5 6 7; do
		"$BENCH/scrypt" || bail_out "scrypt"
	done >"$SCRATCH/scrypt"
	least "$SCRATCH/scrypt"
}

bench_unblock() {
	unblock_scrypt=$(scrypt_ms)
	for kind in $TOKENS; do
		title "Unblocking by PUK, $kind"
		token_start "$kind"
		latch_setup
		governed
		personalize_direct "$PIN"
		"$CMD" adopt "pkcs11:token=$LABEL" >/dev/null 2>&1 || bail_out "adopt"
		# openCryptoki's card is locked, so that there is no R and no scrypt.
		if [ "$kind" = softhsm ]; then
			unblock_row "$unblock_scrypt"
		else
			unblock_row 0
		fi
		token_stop
	done
}

# 100,000 logins, 1,000 rounds in 8 threads, 10,000 rounds of block and unblock: hours.
bench_long() {
	. "$SRCDIR/tests/lib/pickup.sh"
	. "$SRCDIR/tests/lib/secrets.sh"
	. "$SRCDIR/tests/lib/longrun.sh"
	long_run 100000 10000 1000
	done_testing
}

[ $# -gt 0 ] || set -- null softhsm load policy unblock hand cards sixteen flood
for part; do
	"bench_$part"
done
table_end
