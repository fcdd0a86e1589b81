#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Process 1 of a test's own namespaces: gives it folders, a /dev and a log of its own, and runs it.
# Called by tests/run.sh through unshare, with SRCDIR, BUILDDIR and SCRATCH set: space.sh PROGRAM [ARG...]
set -eu

private_folder() {
	[ ! -d "$1" ] || mount -t tmpfs -o "mode=${2:-755}" tmpfs "$1"
}

# /etc as it is, but what is written there is seen by this test only.
private_etc() {
	mkdir "$SCRATCH/etc" "$SCRATCH/etc-work"
	mount -t overlay -o "lowerdir=/etc,upperdir=$SCRATCH/etc,workdir=$SCRATCH/etc-work" \
		overlay /etc 2>/dev/null && return
	# No overlay in a container on overlay, for one: a copy instead.
	cp -a /etc/. "$SCRATCH/etc/"
	mount --bind "$SCRATCH/etc" /etc
}

# p11-kit loads every module that the machine has, and one of them may look for a TPM, or for readers.
private_kit() {
	kit=/usr/share/p11-kit/modules
	[ -d "$kit" ] || return 0
	mkdir "$SCRATCH/kit"
	for module in softhsm2 p11-kit-trust opencryptoki; do
		[ ! -f "$kit/$module.module" ] || cp "$kit/$module.module" "$SCRATCH/kit/"
	done
	mount --bind "$SCRATCH/kit" "$kit"
}

# A /dev where /dev/log can be made.
private_dev() {
	mkdir "$SCRATCH/dev"
	mount -t tmpfs -o mode=755 tmpfs "$SCRATCH/dev"
	for device in null zero full random urandom tty; do
		: >"$SCRATCH/dev/$device"
		mount --bind "/dev/$device" "$SCRATCH/dev/$device"
	done
	mkdir "$SCRATCH/dev/shm" "$SCRATCH/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$SCRATCH/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$SCRATCH/dev/pts"
	ln -s pts/ptmx "$SCRATCH/dev/ptmx"
	ln -s /proc/self/fd "$SCRATCH/dev/fd"
	ln -s fd/0 "$SCRATCH/dev/stdin"
	ln -s fd/1 "$SCRATCH/dev/stdout"
	ln -s fd/2 "$SCRATCH/dev/stderr"
	mount --rbind "$SCRATCH/dev" /dev
}

ip link set lo up
mount -t tmpfs -o mode=755 tmpfs "$SCRATCH"
private_folder /run
private_folder /var/lib/opencryptoki
private_etc
private_kit
private_dev
install -d -m 1777 /run/lock
install -d -m 755 "$SCRATCH/home"
HOME=$SCRATCH/home
LOG=$SCRATCH/log
export HOME LOG
: >"$LOG"
if [ -x "$BUILDDIR/tests/lib/logsink" ]; then
	"$BUILDDIR/tests/lib/logsink" /dev/log "$LOG" &
	until [ -S /dev/log ]; do
		kill -0 $! || exit 1
		sleep 0.01
	done
fi
rm -rf /etc/pkcs11
cd "$SCRATCH"

# Not exec: process 1 is shielded from signals, and has to bury the watchers that outlive the rest.
"$@" </dev/null &
wait $!
