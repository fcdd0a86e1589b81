# SPDX-License-Identifier: BSD-3-Clause
# p11-latch over the token of tokens.sh: configuration, policy, record, log. Sourced, after tokens.sh.
#
#	latch_setup                    configuration and folders; no policy yet. Sets LATCH (the module),
#	                               P11_LATCH_CONF, HELPER, CMD (the command), STATE, POLICY
#	description NAME <<EOF         writes descriptions/NAME.dsc
#	policy [URI] <<EOF             adds one binding; URI: pkcs11: (all tokens) if not given
#	policy_clear

latch_setup() {
	LATCH=$BUILDDIR/.libs/p11-latch.so
	HELPER=$BUILDDIR/p11-latch-helper
	CMD=$BUILDDIR/p11-latch
	CONF_DIR=$SCRATCH/conf
	STATE=$SCRATCH/state
	POLICY=$CONF_DIR/policy.conf
	P11_LATCH_CONF=$CONF_DIR/p11-latch.conf
	export P11_LATCH_CONF
	for latch_file in "$LATCH" "$HELPER" "$CMD"; do
		[ -x "$latch_file" ] || bail_out "$latch_file is not built"
	done
	rm -rf "$CONF_DIR" "$STATE"
	install -d -m 755 "$CONF_DIR" "$CONF_DIR/descriptions" "$STATE"
	latch_conf "spawn:$HELPER"
	policy_clear
}

# latch_conf HELPER [PROFILE [CALLTIMEOUT]]: p11-latch.conf with another Helper=, Profile= or CallTimeout=.
latch_conf() {
	cat >"$P11_LATCH_CONF" <<-EOF
		[Module]
		Path=$MODULE
		Profile=${2:-auto}

		[Latch]
		Policy=$POLICY
		StateDirectory=$STATE
		Helper=$1
		CallTimeout=${3:-60}
	EOF
}

description() {
	cat >"$CONF_DIR/descriptions/$1.dsc"
}

policy() {
	printf '[%s]\n' "${1:-pkcs11:}" >>"$POLICY"
	cat >>"$POLICY"
	printf '\n' >>"$POLICY"
}

policy_clear() {
	: >"$POLICY"
	chmod 644 "$POLICY"
}

# The one record there is, or the one of the token with that label (openCryptoki has it in the name).
record_file() {
	for record in "$STATE"/records/*"${1:-}"*; do
		[ ! -f "$record" ] || printf '%s' "$record"
	done
}

# record KEY [LABEL]: State, Method, Sequence, Why, ...; "none" where there is no record or no such line.
record() {
	record_path=$(record_file "${2:-}")
	record_value=$([ -z "$record_path" ] || sed -n "s/^$1=//p" "$record_path")
	printf '%s' "${record_value:-none}"
}

state_is() {
	[ "$(record State "${2:-}")" = "$1" ]
}

# becomes STATE TEXT: a test that the record says so within 15 s.
becomes() {
	if wait_for 15 state_is "$1"; then
		ok "$2"
	else
		not_ok "$2" "state is $(record State), should be $1; the log:" "$(log_text | tail -n 20)"
	fi
}

# What the system's log was told since the last log_clear; tests/lib/space.sh has the daemon.
log_text() {
	cat "$LOG"
}

log_clear() {
	: >"$LOG"
}

log_has() {
	grep -q -e "$1" "$LOG"
}

# logged PATTERN TEXT: a test that the log says so (a basic regular expression) within 5 s.
logged() {
	if wait_for 5 log_has "$1"; then
		ok "$2"
	else
		not_ok "$2" "nothing in the log matches: $1" "$(log_text | tail -n 20)"
	fi
}

# no_secret TEXT VALUE...: none of them stands in the log, in records or in private state.
no_secret() {
	secret_text=$1
	shift
	for secret_value in "$@"; do
		secret_found=$(grep -rlF -e "$secret_value" "$LOG" "$STATE" 2>/dev/null) || continue
		not_ok "$secret_text" "$secret_value stands in $secret_found"
		return
	done
	ok "$secret_text"
}

# helpers: process ids of the helpers that run in this test.
helpers() {
	for helper_exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$helper_exe" 2>/dev/null)" = "$HELPER" ] || continue
		helper_pid=${helper_exe#/proc/}
		printf '%s\n' "${helper_pid%/exe}"
	done
}

no_helpers() {
	[ -z "$(helpers)" ]
}

# helper_socket NAME [ARG...]: serves $SCRATCH/run/NAME.sock as systemd would, each connection by a helper with
# --config and ARGs, under the user HELPER_USER (root if not set). NAME is helper or operators; SOCKET_MODE.
# HELPER_UNDER HELPER_UNIT: a program that starts it, and its first argument.
helper_socket() {
	helper_name=$1
	shift
	install -d -m 755 "$SCRATCH/run"
	rm -f "$SCRATCH/run/$helper_name.sock"
	chown "${HELPER_USER:-root}" "$SCRATCH/run" "$STATE"
	setpriv --reuid "${HELPER_USER:-root}" --regid "$(id -g "${HELPER_USER:-root}")" --init-groups \
		systemd-socket-activate --accept --inetd -l "$SCRATCH/run/$helper_name.sock" \
		${SOFTHSM2_CONF:+-E "SOFTHSM2_CONF=$SOFTHSM2_CONF"} \
		${OPENSC_CONF:+-E "OPENSC_CONF=$OPENSC_CONF"} \
		${TPM2_PKCS11_STORE:+-E "TPM2_PKCS11_STORE=$TPM2_PKCS11_STORE"} \
		${TPM2_PKCS11_TCTI:+-E "TPM2_PKCS11_TCTI=$TPM2_PKCS11_TCTI"} \
		${MARKS_VENDOR:+-E "MARKS_VENDOR=$MARKS_VENDOR"} \
		${FORGED_DIR:+-E "FORGED_DIR=$FORGED_DIR"} ${ASAN_OPTIONS:+-E "ASAN_OPTIONS=$ASAN_OPTIONS"} \
		${UBSAN_OPTIONS:+-E "UBSAN_OPTIONS=$UBSAN_OPTIONS"} ${TSAN_OPTIONS:+-E "TSAN_OPTIONS=$TSAN_OPTIONS"} \
		${HELPER_UNDER:+"$HELPER_UNDER" "$HELPER_UNIT"} "$HELPER" --config "$P11_LATCH_CONF" "$@" \
		</dev/null >>"$SCRATCH/run/$helper_name.log" 2>&1 &
	eval "helper_socket_$helper_name=$!"
	wait_for 5 test -S "$SCRATCH/run/$helper_name.sock" ||
		bail_out "no socket: $(cat "$SCRATCH/run/$helper_name.log")"
	# systemd-socket-activate knows no SocketMode=.
	chmod "${SOCKET_MODE:-666}" "$SCRATCH/run/$helper_name.sock"
}

helper_socket_stop() {
	eval "helper_pid=\$helper_socket_$1"
	kill "$helper_pid" 2>/dev/null
	wait_for 5 gone "$helper_pid" || bail_out "systemd-socket-activate does not end"
	rm -f "$SCRATCH/run/$1.sock"
}
