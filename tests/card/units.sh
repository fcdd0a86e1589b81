# SPDX-License-Identifier: BSD-3-Clause
# The systemd units: valid, closed, and without a limit that one caller could use against all.
set -u
. "$SRCDIR/tests/lib/all.sh"

HELPER=$BUILDDIR/p11-latch-helper
mkdir "$SCRATCH/units"
for unit in "$BUILDDIR"/conf/*.socket "$BUILDDIR"/conf/*.service; do
	sed "s|^ExecStart=[^ ]*/\(p11-latch[^ ]*\)|ExecStart=$BUILDDIR/\1|" "$unit" \
		>"$SCRATCH/units/${unit##*/}"
done
passes "systemd-analyze verify finds nothing" \
	systemd-analyze verify --man=no --recursive-errors=no "$SCRATCH"/units/*
is "$(systemd-analyze verify --man=no --recursive-errors=no "$SCRATCH"/units/* 2>&1)" "" "and says nothing"

has() {
	has_unit=$1
	shift
	for has_line; do
		passes "$has_unit: $has_line" grep -qx -e "$has_line" "$SCRATCH/units/$has_unit"
	done
}

for name in helper operators; do
	has "p11-latch-$name.socket" Accept=yes TriggerLimitIntervalSec=0 "MaxConnections=[0-9]*" \
		"ListenStream=/run/p11-latch/$name.sock"
	has "p11-latch-$name@.service" User=p11-latch NoNewPrivileges=yes ProtectSystem=strict \
		PrivateTmp=yes PrivateDevices=yes PrivateNetwork=yes StateDirectory=p11-latch StandardInput=socket \
		StandardOutput=journal LimitCORE=0 "After=.*pcscd.service.*pkcsslotd.service.*" \
		"ExecStart=$HELPER --config /.*/p11-latch.conf.*"
done
# exposure SERVICE: how open systemd finds it, from 0 to 10, in tenths.
exposure() {
	systemd-analyze security --offline=true "$SCRATCH/units/$1" |
		sed -n 's/.*exposure level for .*: \([0-9]*\)\.\([0-9]\) .*/\1\2/p'
}

for unit in p11-latch-helper@.service p11-latch-operators@.service p11-latch-recover.service; do
	passes "$unit: as closed as 1.5 at most: $(exposure "$unit") tenths" test "$(exposure "$unit")" -le 15
done
has p11-latch-helper.socket SocketMode=0666
has p11-latch-operators.socket SocketMode=0660 SocketGroup=p11-latch-operators
has p11-latch-operators@.service "ExecStart=.* --operators"
fails "nobody else is an operator" grep -q -e --operators "$SCRATCH/units/p11-latch-helper@.service"
passes "systemd-sysusers takes user and group" systemd-sysusers --dry-run "$SRCDIR/conf/p11-latch.sysusers"
done_testing
