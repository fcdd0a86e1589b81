# SPDX-License-Identifier: BSD-3-Clause
# Tokens of vendors whose modules cannot be had here, as tests/card/imitation.c plays them. Sourced, after all.sh.
#
#	imitation_start VENDOR [KEY VALUE]...   a factory card of gemalto, cardos or cryptovision; KEY VALUE as in
#	                                        imitation.c. Sets what tokens.sh sets, and FORGED_DIR
#	token_new                               a factory card once more, with the same settings
#	setting KEY VALUE                       from now on
#	tries user|so                           how many are left
#	types LINE...                           what a person is going to type on the PIN pad
#	given_to CALL                           how often the card was given a value by it: login-user, login-so,
#	                                        init-pin, set-pin-old, set-pin-new

FACTORY_KEY=000000000000000000000000000000000000000000000000
KEY=0123456789ABCDEFFEDCBA98765432101122334455667788
KEY_NEW=8899AABBCCDDEEFF00112233445566770F1E2D3C4B5A6978
KEY_OTHER=A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8C1C2C3C4C5C6C7C8

imitation_start() {
	MODULE=$BUILDDIR/tests/card/imitation.so
	[ -x "$MODULE" ] || bail_out "$MODULE is not built"
	TOKEN=imitation
	LABEL=latch
	FORGED_DIR=$SCRATCH/imitation
	export FORGED_DIR
	rm -rf "$FORGED_DIR"
	mkdir -p "$FORGED_DIR"
	chmod 777 "$FORGED_DIR"
	imitation_vendor=$1
	shift
	printf 'vendor %s\n' "$imitation_vendor" >"$FORGED_DIR/settings"
	while [ $# -ge 2 ]; do
		setting "$1" "$2"
		shift 2
	done
	case $imitation_vendor in
	gemalto) SO=$FACTORY_KEY ;;
	*) SO=76543210 ;;
	esac
	token_new
}

setting() {
	printf '%s %s\n' "$1" "$2" >>"$FORGED_DIR/settings"
}

setting_of() {
	sed -n "s/^$1 //p" "$FORGED_DIR/settings" | tail -n 1
}

hex_of() {
	printf '%s' "$1" | xxd -p | tr -d '\n'
}

# The SO secret is SO: digits of a key, or a PUK.
imitation_new() {
	case $(setting_of so-form) in
	hex | raw) imitation_so=$(printf '%s' "$SO" | tr A-F a-f) ;;
	*) imitation_so=$(hex_of "$SO") ;;
	esac
	imitation_tries=$(setting_of so-tries)
	printf '02001BCF00181F40 %s %s %s 3 %s\n' "$LABEL" "$imitation_so" "$(hex_of 0000)" \
		"${imitation_tries:-5}" >"$FORGED_DIR/token"
	: >"$FORGED_DIR/given"
	rm -f "$FORGED_DIR/typed"
	chmod 666 "$FORGED_DIR"/*
}

# so_word KEY: as an application that drives the vendor's own module has to give it to C_Login.
so_word() {
	[ "$(setting_of so-form)" = raw ] && printf 'hex:'
	printf '%s' "$1"
}

tries() {
	case $1 in
	user) cut -d ' ' -f 5 "$FORGED_DIR/token" ;;
	so) cut -d ' ' -f 6 "$FORGED_DIR/token" ;;
	esac
}

types() {
	printf '%s\n' "$@" >"$FORGED_DIR/typed"
	chmod 666 "$FORGED_DIR/typed"
}

given_to() {
	grep -c "^$1 " "$FORGED_DIR/given"
}

# An ordinary program personalizes a factory card through p11-latch, and ends.
imitation_blocked() {
	token_new
	rm -rf "${STATE:?}"/*
	log_clear
	imitation_out=$(once "$LATCH" "login so $(so_word "$SO")" "init-pin $PIN" close)
	state_is blocked || bail_out "not blocked: $imitation_out; the log: $(log_text | tail -n 20)"
	: >"$FORGED_DIR/given"
}
