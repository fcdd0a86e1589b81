# SPDX-License-Identifier: BSD-3-Clause
# p11-latch personalize: one holder for several programs, its exit status, its end by whatever it ends.
set -u
. "$SRCDIR/tests/lib/all.sh"

# What the programs under the hold do; each is a process of its own.
cat >"$SCRATCH/desk.sh" <<'EOT'
set -u
LIB=$1 LABEL=$2 SO=$3 PIN=$4
p11() {
	"$BUILDDIR/tests/lib/p11drive" "$LIB" initialize "slot-label $LABEL" "open rw" "$@" | tail -n 1
}
p11 "login so $SO" "init-pin $PIN"
p11 "login user $PIN" gen-key
p11 "login user $PIN" "create-data certificate hex:00ff private"
EOT

desk() {
	description personalize <<-'EOT'
		[Application_B]
		BlockCard=true
	EOT
	policy_clear
	policy <<-EOT
		Personalize=personalize.dsc
		$*
	EOT
}

# fresh: a card that nothing is known of.
fresh() {
	token_new
	rm -rf "$STATE/records" "$STATE/private" "$STATE/sequence"
	log_clear
}

# run WORD...: under personalize, output in OUT, exit status in STATUS.
run() {
	OUT=$("$CMD" personalize -- "$@" 2>&1)
	STATUS=$?
}

vendor_takes() {
	[ "$(login_rv "$MODULE" user "$1")" = CKR_OK ]
}

programs() {
	run sh "$SCRATCH/desk.sh" "$LATCH" "$LABEL" "$SO" "$PIN"
}

KILL_HELPERS="kill -9 \$(for exe in /proc/[0-9]*/exe; do
	[ \"\$(readlink \$exe)\" != '$BUILDDIR/p11-latch-helper' ] || echo \$exe | cut -d / -f 3; done)"

kill_watcher() {
	run sh -c "sh '$SCRATCH/desk.sh' '$LATCH' $LABEL $SO $PIN >/dev/null; $KILL_HELPERS; exit 7"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	desk

	programs
	is "$STATUS" 0 "$kind: three programs, one after the other"
	is "$(printf '%s\n' "$OUT" | grep -c CKR_OK)" 3 "$kind: each could work with the card"
	is "$(record State)" blocked "$kind: when the command returns, the card is blocked"
	fails "$kind: the PIN that was set is right no more" vendor_takes "$PIN"
	passes "$kind: no watcher is left" wait_for 5 no_helpers

	# Meanwhile, and between the programs.
	fresh
	run sh -c "sh '$SCRATCH/desk.sh' '$LATCH' $LABEL $SO $PIN >/dev/null
		'$CMD' status pkcs11:token=$LABEL
		env -u P11_LATCH_HOLD '$P11DRIVE' '$LATCH' initialize 'slot-label $LABEL' 'open rw' \
			'login user $PIN' | tail -n 1; exit 7"
	is "$STATUS" 7 "$kind: the command's own exit status"
	like "$OUT" "*: personalizing
*under p11-latch personalize*" "$kind: between two programs the card is personalizing"
	like "$OUT" "*login CKR_PIN_LOCKED*" "$kind: for nobody who is not under the hold"
	is "$(record State)" blocked "$kind: blocked at the end"

	# PersonalizeOn=command: nothing else begins one.
	fresh
	desk PersonalizeOn=command
	is "$(once "$LATCH" "login so $SO" "init-pin $PIN" | last_rv)" CKR_OK "$kind: a PIN, set outside"
	is "$(record State)" none "$kind: PersonalizeOn=command: no personalization outside"
	fresh
	programs
	is "$STATUS,$(record State)" 0,blocked "$kind: PersonalizeOn=command: one under the command"
	desk

	# However it ends.
	fresh
	"$CMD" personalize -- sh -c "sh '$SCRATCH/desk.sh' '$LATCH' $LABEL $SO $PIN; sleep 1000" \
		>"$SCRATCH/out" 2>&1 &
	pid=$!
	wait_for 10 grep -q "create-data CKR_OK" "$SCRATCH/out" || bail_out "$(cat "$SCRATCH/out")"
	kill -9 "$pid"
	becomes blocked "$kind: kill -9 of p11-latch itself: blocked"
	wait "$pid" 2>/dev/null

	fresh
	: >"$SCRATCH/out" # what the last one said is not this one's
	"$CMD" personalize -- sh -c "sh '$SCRATCH/desk.sh' '$LATCH' $LABEL $SO $PIN; exec sleep 1000" \
		>"$SCRATCH/out" 2>&1 &
	pid=$!
	wait_for 10 grep -q "create-data CKR_OK" "$SCRATCH/out" || bail_out "$(cat "$SCRATCH/out")"
	kill -TERM "$pid"
	wait "$pid"
	is $? 143 "$kind: SIGTERM is handed on"
	is "$(record State)" blocked "$kind: and the card is blocked when p11-latch has ended"

	# Ctrl-C on a terminal goes to all; the command alone has a say. (A background job ignores it.)
	fresh
	rm -f "$SCRATCH/ready"
	cat >"$SCRATCH/interrupted.sh" <<-EOT
		sh '$SCRATCH/desk.sh' '$LATCH' $LABEL $SO $PIN
		trap 'echo caught; exit 5' INT
		touch '$SCRATCH/ready'
		while :; do sleep 0.1; done
	EOT
	{
		wait_for 10 test -e "$SCRATCH/ready"
		printf '\003'
		wait_for 10 test -e "$SCRATCH/over"
	} | {
		env --default-signal script -qec "exec '$CMD' personalize -- sh '$SCRATCH/interrupted.sh'" /dev/null
		echo "status $?"
		: >"$SCRATCH/over"
	} >"$SCRATCH/out" 2>&1
	rm -f "$SCRATCH/over"
	like "$(cat "$SCRATCH/out")" "*caught*status 5" "$kind: Ctrl-C is the command's affair"
	is "$(record State)" blocked "$kind: and the card is blocked when it has ended"

	# The watcher is killed: the command itself does what recover would.
	fresh
	kill_watcher
	like "$OUT" "*watcher of this personalization is gone*" "$kind: the watcher is killed: that is said"
	if [ "$kind" = softhsm ]; then
		is "$STATUS,$(record State)" 1,personalizing "$kind: and nobody holds the PUK to block the card with"
		like "$OUT" "*not every card of this personalization is blocked*recover*" "$kind: what to do"
	else
		is "$STATUS,$(record State)" 7,blocked "$kind: and the card is blocked by its own lock"
	fi
	fresh
	description personalize <<-EOT
		[Description]
		InitialPUK=#$SO
		[Application_B]
		BlockCard=true
	EOT
	kill_watcher
	is "$STATUS,$(record State)" 7,blocked "$kind: the watcher is killed, and the policy holds the PUK: blocked"
	fails "$kind: the PIN that was set is right no more" vendor_takes "$PIN"
	fresh
	run sh -c "sh '$SCRATCH/desk.sh' '$LATCH' $LABEL $SO $PIN >/dev/null; $KILL_HELPERS
		n=0; until grep -q State=blocked '$STATE'/records/* || [ \$n = 100 ]; do n=\$((n + 1)); sleep 0.1; done
		grep State= '$STATE'/records/*"
	like "$OUT" "*State=blocked*" "$kind: and while the command goes on"
	is "$STATUS" 0 "$kind: with its exit status"
	is "$(printf '%s\n' "$OUT" | grep -c "watcher of this")" 1 "$kind: that is said once"
	desk
	run sh -c "$KILL_HELPERS"
	is "$STATUS" 0 "$kind: a watcher that is killed and had no card"

	# A block that fails is not passed over.
	fresh
	run sh -c "sh '$SCRATCH/desk.sh' '$LATCH' $LABEL $SO $PIN >/dev/null
		'$P11DRIVE' '$MODULE' initialize 'slot-label $LABEL' 'open rw' 'login so $SO' \
			'set-pin $SO $SO_NEW' >/dev/null"
	if [ "$kind" = softhsm ]; then
		is "$STATUS" 1 "$kind: the PUK was changed behind its back: exit status"
		like "$OUT" "*not every card could be blocked*" "$kind: and what to do"
	else
		is "$STATUS,$(record State)" 0,blocked "$kind: a lock needs no PUK"
	fi
	token_stop
done

# --- Words and exit status ------------------------------------------------------------------------

token_start softhsm
latch_setup
desk
run true
is "$STATUS,$OUT" 0, "a command that does nothing with cards"
run sh -c 'kill -9 $$'
is "$STATUS" 137 "a command that a signal ended"
run "$SCRATCH/nowhere"
is "$STATUS" 127 "a command that is not there"
like "$OUT" "*nowhere: No such file*" "and why"
: >"$SCRATCH/plain"
run "$SCRATCH/plain"
is "$STATUS" 126 "a command that cannot be run"
for words in "" "true" "-- "; do
	# shellcheck disable=SC2086
	"$CMD" personalize $words >/dev/null 2>&1
	is $? 2 "usage: personalize $words"
done
passes "personalize --help" "$CMD" personalize --help
like "$("$CMD" personalize -- sh -c 'echo "$P11_LATCH_HOLD"')" \
	"????????????????:????????????????????????????????" "the cookie"
is "$(P11_LATCH_HOLD=old "$CMD" personalize -- env | grep -c ^P11_LATCH_HOLD=)" 1 \
	"a cookie of another hold is replaced"

# --config is for the programs too.
fresh
OUT=$(env -u P11_LATCH_CONF "$CMD" --config "$P11_LATCH_CONF" personalize -- \
	sh "$SCRATCH/desk.sh" "$LATCH" "$LABEL" "$SO" "$PIN" 2>&1)
is "$?,$(record State)" 0,blocked "--config"

# private DIR: it is there, and what is written into it is seen by this test only.
private() {
	around=$1
	until [ -d "$around" ]; do around=${around%/*}; done
	mkdir -p "$SCRATCH/upper$around" "$SCRATCH/work$around"
	mount -t overlay -o "lowerdir=$around,upperdir=$SCRATCH/upper$around,workdir=$SCRATCH/work$around" \
		overlay "$around" 2>/dev/null || case $around in
	"" | /usr | /usr/lib | /usr/lib/*-linux-gnu) false ;;
	*) mount -t tmpfs tmpfs "$around" ;;
	esac || bail_out "$1 can be given no private copy here"
	mkdir -p "$1"
}
variable() {
	printf 'show:\n\t@echo "$(%s)"\n' "$1" | make -s -C "$BUILDDIR" -f Makefile -f - show
}
etc=$(variable sysconfdir)
case $etc in
/etc | /etc/*) ;;
*) private "$etc" ;;
esac
modules=$(variable p11moduledir)
private "$modules"

# handed_on FILE [INHERITED]: what the programs have in P11_LATCH_CONF where --config=FILE.
handed_on() {
	mkdir -p "${1%/*}"
	cp "$SCRATCH/conf/p11-latch.conf" "$1"
	if [ $# -gt 1 ]; then
		export P11_LATCH_CONF="$2"
	else
		unset P11_LATCH_CONF
	fi
	"$CMD" --config "$1" personalize -- sh -c 'echo "${P11_LATCH_CONF-nothing}"' 2>&1
}
usual=$etc/p11-latch/p11-latch.conf
instances=$etc/p11-latch/p11-latch-x.conf
for file in "$etc/office.conf" "$etc/p11-latch/more/office.conf" "$etc/p11-latch-office/office.conf" \
	"$etc/p11-latch/office.conf" "$etc/p11-latch/p11-latch-.conf" "$instances"; do
	is "$(handed_on "$file")" "$file" "--config $file is for the programs: no module reads it by itself"
	is "$(handed_on "$file" /elsewhere.conf)" "$file" "--config $file comes before what P11_LATCH_CONF named"
done
: >"$modules/p11-latch-x.so"
for file in "$usual" "$instances"; do
	is "$(handed_on "$file")" nothing "--config $file: each module knows its own"
	is "$(handed_on "$file" /elsewhere.conf)" nothing "--config $file: and does not read what P11_LATCH_CONF named"
	is "$(handed_on "$file" "$file")" "$file" "--config $file: what P11_LATCH_CONF names, too, stays"
done

# --- Helpers --------------------------------------------------------------------------------------

fresh
latch_conf spawn:/nowhere
run touch "$SCRATCH/ran"
is "$STATUS" 1 "no helper: exit status"
like "$OUT" "*the helper /nowhere cannot be started*" "no helper: why"
latch_conf "spawn:$HELPER"
sed -i "s|^StateDirectory=.*|StateDirectory=/proc/nowhere|" "$P11_LATCH_CONF"
run touch "$SCRATCH/ran"
is "$STATUS" 1 "no state directory: exit status"
like "$OUT" "*refuses to watch*" "no state directory: why"
[ ! -e "$SCRATCH/ran" ] && ok "the command is not run without a watcher" ||
	not_ok "the command is not run without a watcher"

latch_conf "unix:$SCRATCH/run/helper.sock"
helper_socket operators --operators
programs
is "$STATUS,$(record State)" 0,blocked "behind the operators' socket"
fresh
description personalize <<-EOT
	[Description]
	InitialPUK=#$SO
	[Application_B]
	BlockCard=true
EOT
kill_watcher
is "$STATUS,$(record State)" 7,blocked "behind the operators' socket, the watcher is killed"
helper_socket_stop operators
helper_socket helper
OUT=$(setpriv --reuid nobody --regid nogroup --clear-groups "$CMD" personalize -- \
	touch "$SCRATCH/ran" 2>&1)
is $? 1 "behind the socket for all: exit status"
like "$OUT" "*refuses to watch*" "behind the socket for all: refused"
logged "only operators may personalize" "and the log says why"
helper_socket_stop helper
run touch "$SCRATCH/ran"
is "$STATUS" 1 "no socket: exit status"
like "$OUT" "*is p11-latch-helper.socket started?*" "no socket: why"
no_secret "no PIN and no PUK in log and state" "$SO" "$PIN"
done_testing
