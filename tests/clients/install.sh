# SPDX-License-Identifier: BSD-3-Clause
# make install and uninstall: what goes where, edited configuration stays, nothing else is left; the units.
set -u
. "$SRCDIR/tests/lib/all.sh"

DEST=$SCRATCH/dest
makes() {
	make -C "$BUILDDIR" DESTDIR="$DEST" "$@" >"$SCRATCH/make.log" 2>&1 ||
		{ tail -n 20 "$SCRATCH/make.log" && return 1; }
}

variable() {
	printf 'show:\n\t@echo "$(%s)"\n' "$1" | make -s -C "$BUILDDIR" -f Makefile -f - show
}

installed() {
	[ -f "$DEST$1" ] && ok "installed: $2" || not_ok "installed: $2" "there is no $DEST$1"
}

conf=$(variable sysconfdir)/p11-latch
units=$(variable systemdunitdir)
makes install && ok "make install" || bail_out "make install failed"
installed "$(variable p11moduledir)/p11-latch.so" "the module"
installed "$(variable libexecdir)/p11-latch-helper" "the helper"
installed "$(variable bindir)/p11-latch" "the command"
installed "$(variable p11configdir)/p11-latch.module" "p11-kit's module file"
installed "$conf/p11-latch.conf" "the configuration"
installed "$conf/policy.conf" "an empty policy"
installed "$(variable completiondir)/p11-latch" "completion for bash"
installed "$(variable sysusersdir)/p11-latch.conf" "users of the system"
installed "$units/p11-latch-helper.socket" "the helper's socket"
installed "$units/p11-latch-recover.service" "the service that recovers"
installed "$(variable udevrulesdir)/70-p11-latch.rules" "the udev rule"
is "$(find "$DEST" -name '*.la')" "" "no file of libtool's"
is "$(find "$DEST" -type f -exec grep -l "$DEST" {} +)" "" "DESTDIR stands in no file"
is "$(grep -v '^;' "$DEST$conf/policy.conf" | tr -d '\n')" "" "the policy governs nothing yet"

echo '; edited' >>"$DEST$conf/p11-latch.conf"
passes "make install once more" makes install
is "$(tail -n 1 "$DEST$conf/p11-latch.conf")" "; edited" "an edited configuration stays"
installed "$conf/p11-latch.conf.new" "the new one beside it"
[ ! -e "$DEST$conf/policy.conf.new" ] && ok "nothing beside one that is as it was" ||
	not_ok "nothing beside one that is as it was"

# A system that has systemd's own units and these.
ROOT=$SCRATCH/root
if [ -n "$units" ]; then
	cp -a "$DEST" "$ROOT"
	mkdir -p "$ROOT/lib/systemd"
	cp -a /lib/systemd/system "$ROOT/lib/systemd/"
	for unit in "$DEST$units"/p11-latch-*; do
		verified=$(systemd-analyze verify --root="$ROOT" --man=no "${unit#"$DEST"}" 2>&1)
		is "$?:$(printf '%s' "$verified" | grep p11-latch)" "0:" \
			"systemd-analyze verify: ${unit##*/}"
	done
fi
passes "sysusers.d is understood" systemd-sysusers --dry-run \
	"$DEST$(variable sysusersdir)/p11-latch.conf"

passes "make uninstall" makes uninstall
is "$(find "$DEST" ! -type d)" "$DEST$conf/p11-latch.conf" \
	"only the edited configuration is left by make uninstall"
done_testing
