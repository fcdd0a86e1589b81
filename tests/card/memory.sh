# SPDX-License-Identifier: BSD-3-Clause
# Secrets in memory: other processes of the same user do not get at them, no core is dumped, none lies about.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"
. "$SRCDIR/tests/lib/secrets.sh"
. "$SRCDIR/tests/lib/sockets.sh"

# An address that the process can read, from what root may see.
address() {
	sed -n 's/^\([0-9a-f]*\)-.* r-xp .*/\1/p' "/proc/$1/maps" | head -n 1
}

# reads_memory PID: as anyone, who is its owner too.
reads_memory() {
	as anyone dd if="/proc/$1/mem" bs=4096 skip=$((0x$(address "$1") / 4096)) count=1 of=/dev/null
}

closed() {
	fails "$kind, $2: another process of its own user cannot read its memory" reads_memory "$1"
	fails "$kind, $2: nor its environment" as anyone cat "/proc/$1/environ"
	fails "$kind, $2: nor what it has open" as anyone ls "/proc/$1/fd"
	is "$(sed -n 's/^Max core file size *\([0-9]*\) *\([0-9]*\) .*/\1 \2/p' "/proc/$1/limits")" "0 0" \
		"$kind, $2: it dumps no core"
	is "$(stat -c %U "/proc/$1/mem")" root "$kind, $2: the kernel counts it as not dumpable"
	passes "$kind, $2: it has locked memory" \
		test "$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status")" -ge 32
}

# only_locked PID TEXT...: none of them stands anywhere else.
only_locked() {
	scan_pid=$1
	shift
	for text; do
		scan=$("$BUILDDIR/tests/lib/memscan" "$scan_pid" "$text")
		like "$scan" "locked=* elsewhere=0" "$kind: a secret of the watcher's is in locked memory only"
	done
	like "$scan" "locked=[1-9]*" "$kind: and there it is"
}

PIN=918273 # 123456 stands in any program somewhere
users_make
for kind in $TOKENS; do
	token_start "$kind"
	token_share
	latch_setup
	chmod 777 "$STATE"
	known_puk "$SO_NEW" "PUK=#$SO" | pickup
	log_clear

	# A holder whose helper runs as the same user: the weakest case there is.
	who anyone
	session_start desk "$LATCH"
	must desk login so "$SO"
	must desk init-pin "$PIN"
	watcher=$(helpers)
	is "$(ps -o user= -p "$watcher")" anyone "$kind: the watcher runs as the holder's user"
	passes "$kind: that user reads the memory of programs of his" reads_memory "$(drive_pid desk)"
	closed "$watcher" "watcher"
	if is_sanitized; then
		skip "$kind: secrets are in locked memory only" "a sanitizer keeps what was freed"
	else
		only_locked "$watcher" "$SO_NEW" "$SO"
		is "$("$BUILDDIR/tests/lib/memscan" "$watcher" "$PIN" | tail -n 1)" "locked=0 elsewhere=0" \
			"$kind: the first PIN never reaches the watcher"
	fi
	folder=$(readlink "/proc/$watcher/cwd")
	kill -ABRT "$watcher"
	passes "$kind: killed by a signal that dumps cores" wait_for 5 gone "$watcher"
	is "$(ls "$folder"/core* 2>/dev/null)" "" "$kind: it leaves none"
	drive_stop desk
	who root
	passes "$kind: no helper is left" wait_for 20 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$SO_NEW" "$PIN"
	token_stop
done
done_testing
