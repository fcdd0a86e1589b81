# SPDX-License-Identifier: BSD-3-Clause
# A vendor's module that fails in every way at every call of a flow, on a real token. Sourced, after all.sh.
#
#	faults_start KIND              that token, and p11-latch over tests/faults/bent.so over its module
#	faults_sample N                of the faults of each flow one in N is tried, unless P11_LATCH_FAULTS is "whole"; first
#	new_card, blocked_with_object, active_with_object
#	                               what flows begin with; objects: a private one that must not be lost
#	saved                          now it is as each step finds it
#	sweep NAME [OPTION=VALUE]... -- LINE...     a test: all faults at all calls of p11drive's LINEs, in a session of a
#	                               process of their own, or with runs=command of p11-latch's words;
#	                               tests/faults/main.c has the options
#
# P11_LATCH_FAULTS=whole: all that are not equal to another one (tests/faults/equal.c); what was done, and NAME.failed, in
# $BUILDDIR/tests/faults/results, and an interrupted run goes on there. =every: equal ones too, days; =count: how many are
# to be tried. =NAME:STEP: this one, and what came of it; =C_InitPIN: at such calls alone; =C_*: what is told falsely at
# all calls; =hang.

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
	FAULTS_VALUES=$SCRATCH/values
	(cd "$SRCDIR" && sh tests/faults/values.sh card helper module policy tool) >"$FAULTS_VALUES"
	# Half of all time would be scrypt's.
	if [ -n "$FAULTS_WHOLE" ]; then
		LD_PRELOAD=$BUILDDIR/tests/faults/quick.so
		export LD_PRELOAD
	fi
}

faults_sample() {
	FAULTS_SAMPLE=$1
	FAULTS_WHOLE=
	case ${P11_LATCH_FAULTS:-} in
	whole | every | count) FAULTS_SAMPLE=1 FAULTS_WHOLE=yes ;;
	esac
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
	[ "$TOKEN" != softhsm ] || sweep_more=looks=free
	case ${P11_LATCH_FAULTS:-} in
	count) sweep_more="$sweep_more counts=yes" ;;
	whole | every)
		mkdir -p "$BUILDDIR/tests/faults/results"
		sweep_more="$sweep_more results=$BUILDDIR/tests/faults/results/$sweep_name"
		[ "$P11_LATCH_FAULTS" = whole ] || sweep_more="$sweep_more every=yes"
		;;
	"$sweep_name":*) sweep_more="$sweep_more only=${P11_LATCH_FAULTS#*:}" ;;
	C_* | hang) sweep_more="$sweep_more call=$P11_LATCH_FAULTS" ;;
	?*) return ;;
	esac
	# shellcheck disable=SC2086
	"$SWEEP" name="$sweep_name" module="$MODULE" label="$LABEL" state="$STATE" log="$LOG" scratch="$SCRATCH" \
		hang-conf="$CONF_DIR/hang.conf" drive="$P11DRIVE" latch="$LATCH" command="$CMD" \
		pin="$PIN" pin="$PIN_NEW" so="$SO" so="$SO_NEW" object="$OBJECT" \
		goes=unblock goes=--pin goes="$PIN" goes="$CARD" \
		sample="$FAULTS_SAMPLE" values="$FAULTS_VALUES" $FAULTS_SAVED $sweep_more "$@" >"$SCRATCH/swept" 2>&1 ||
		printf '# sweep ends with %s\n' $? >>"$SCRATCH/swept"
	cat "$SCRATCH/swept"
	TAP_PASSED=$((TAP_PASSED + $(grep -c '^ok - ' "$SCRATCH/swept")))
	TAP_FAILED=$((TAP_FAILED + $(grep -c '^not ok - ' "$SCRATCH/swept")))
	grep -q -e '^ok - ' -e '^not ok - ' "$SCRATCH/swept" || not_ok "$sweep_name: sweep says how it went"
}
