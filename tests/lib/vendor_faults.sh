# SPDX-License-Identifier: BSD-3-Clause
# A vendor's module that fails in every way at every call of a flow, on a real token. Sourced, after all.sh.
#
#	faults_start KIND              that token, and p11-latch over tests/faults/bent.so over its module
#	faults_sample N                of the faults of each flow one in N is tried, unless P11_LATCH_FAULTS is "whole"
#	new_card, blocked_with_object, active_with_object
#	                               what flows begin with; objects: a private one that must not be lost
#	saved                          now it is as each step finds it
#	sweep NAME [OPTION=VALUE]... -- LINE...     a test: all faults at all calls of p11drive's LINEs, in a session of a
#	                               process of their own, or with runs=command of p11-latch's words;
#	                               tests/faults/main.c has the options
#
# P11_LATCH_FAULTS=whole: all of them, hours; what was done, and NAME.failed, in $BUILDDIR/tests/faults/results, and an
# interrupted run goes on there. P11_LATCH_FAULTS=NAME:STEP: this one, and what came of it; =C_InitPIN: at such calls alone;
# =C_*: what is told falsely at all calls; =hang.

. "$SRCDIR/tests/lib/pickup.sh"

SWEEP=$BUILDDIR/tests/faults/sweep
LETTER=242424
OBJECT=kept

faults_start() {
	token_start "$1"
	latch_setup
	mkdir -p "$CONF_DIR/values"
	BENT_VENDOR=$MODULE
	export BENT_VENDOR
	sed -i "s|^Path=.*|Path=$BUILDDIR/tests/faults/bent.so|" "$P11_LATCH_CONF"
	sed 's/^CallTimeout=.*/CallTimeout=1/' "$P11_LATCH_CONF" >"$CONF_DIR/hang.conf"
}

faults_sample() {
	FAULTS_SAMPLE=$1
	[ "${P11_LATCH_FAULTS:-}" != whole ] || FAULTS_SAMPLE=1
}

new_card() {
	token_new
	rm -rf "${STATE:?}"/*
}

# The card as its person has it: the object is there, and whoever unblocks it is to find it again.
personalized() {
	faults_out=$(once "$LATCH" "login so $SO" "init-pin $PIN" logout "login user $PIN" \
		"create-data $OBJECT value private" logout close)
}

blocked_with_object() {
	new_card
	personalized
	state_is blocked || bail_out "$TOKEN: not blocked: $faults_out; the log: $(log_text | tail -n 20)"
}

active_with_object() {
	blocked_with_object
	"$CMD" unblock --pin "$PIN" --puk "$SO" "$CARD" >"$SCRATCH/out" 2>&1
	state_is active || bail_out "$TOKEN: not active: $(cat "$SCRATCH/out")"
}

token_folders() {
	case $TOKEN in
	softhsm) echo "$SCRATCH/softhsm" ;;
	opencryptoki) printf '%s\n' /var/lib/opencryptoki /dev/shm ;;
	esac
}

saved() {
	rm -rf "$SCRATCH/saved"
	mkdir "$SCRATCH/saved"
	FAULTS_SAVED=
	for faults_folder in $(token_folders) "$STATE" "$CONF_DIR"; do
		faults_copy=$SCRATCH/saved/$(printf '%s' "$faults_folder" | tr / _)
		cp -a "$faults_folder" "$faults_copy"
		FAULTS_SAVED="$FAULTS_SAVED saved=$faults_folder:$faults_copy"
	done
}

sweep() {
	sweep_name=$TOKEN-$1
	shift
	sweep_more=
	case ${P11_LATCH_FAULTS:-} in
	whole)
		mkdir -p "$BUILDDIR/tests/faults/results"
		sweep_more="results=$BUILDDIR/tests/faults/results/$sweep_name"
		;;
	"$sweep_name":*) sweep_more="only=${P11_LATCH_FAULTS#*:}" ;;
	C_* | hang) sweep_more="call=$P11_LATCH_FAULTS" ;;
	?*) return ;;
	esac
	# shellcheck disable=SC2086
	"$SWEEP" name="$sweep_name" module="$MODULE" label="$LABEL" state="$STATE" log="$LOG" scratch="$SCRATCH" \
		hang-conf="$CONF_DIR/hang.conf" drive="$P11DRIVE" latch="$LATCH" command="$CMD" \
		pin="$PIN" pin="$PIN_NEW" so="$SO" so="$SO_NEW" object="$OBJECT" \
		goes=unblock goes=--pin goes="$PIN" goes="$CARD" \
		sample="$FAULTS_SAMPLE" $FAULTS_SAVED $sweep_more "$@" >"$SCRATCH/swept" 2>&1 ||
		printf '# sweep ends with %s\n' $? >>"$SCRATCH/swept"
	cat "$SCRATCH/swept"
	TAP_PASSED=$((TAP_PASSED + $(grep -c '^ok - ' "$SCRATCH/swept")))
	TAP_FAILED=$((TAP_FAILED + $(grep -c '^not ok - ' "$SCRATCH/swept")))
	grep -q -e '^ok - ' -e '^not ok - ' "$SCRATCH/swept" || not_ok "$sweep_name: sweep says how it went"
}
