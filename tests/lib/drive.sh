# SPDX-License-Identifier: BSD-3-Clause
# Several p11drive processes that a script drives side by side. Sourced, after tap.sh.
#
#	drive_start desk "$LATCH"             a process named desk with the module loaded
#	drive desk open rw                    prints "open CKR_OK ..."
#	rv desk login user 1234               prints CKR_OK or what it was
#	expect CKR_OK desk login user 1234    a test of its own, "expect RV NAME COMMAND..."
#	must desk initialize                  the script ends here if that is not CKR_OK
#	drive_stop desk                       kill -9, and gone when this returns

P11DRIVE=$BUILDDIR/tests/lib/p11drive

drive_start() {
	drive_name=$1
	mkdir -p "$SCRATCH/drive"
	rm -f "$SCRATCH/drive/$drive_name"
	"$P11DRIVE" --listen "$SCRATCH/drive/$drive_name" "$2" </dev/null \
		>>"$SCRATCH/drive/$drive_name.log" 2>&1 &
	eval "drive_pid_$drive_name=$!"
	wait_for 10 test -S "$SCRATCH/drive/$drive_name" ||
		bail_out "p11drive $drive_name does not start: $(cat "$SCRATCH/drive/$drive_name.log")"
}

drive() {
	drive_name=$1
	shift
	"$P11DRIVE" --to "$SCRATCH/drive/$drive_name" "$@"
}

rv() {
	drive "$@" | cut -d ' ' -f 2 | tr -d '\n'
}

expect() {
	expect_rv=$1
	shift
	expect_line=$(drive "$@") || true
	expect_got=${expect_line#* }
	if [ "${expect_got%% *}" = "$expect_rv" ]; then
		ok "$*: $expect_rv${EXPECT_NOTE:+ ($EXPECT_NOTE)}"
	else
		not_ok "$*: $expect_rv${EXPECT_NOTE:+ ($EXPECT_NOTE)}" "was: $expect_line"
	fi
}

must() {
	must_line=$(drive "$@") || true
	case "$must_line " in
	*" CKR_OK "*) ;;
	*) bail_out "$*: $must_line" ;;
	esac
}

drive_pid() {
	eval "printf '%s' \"\$drive_pid_$1\""
}

drive_stop() {
	kill -9 "$(drive_pid "$1")" 2>/dev/null || true
	wait_for 5 gone "$(drive_pid "$1")" || bail_out "p11drive $1 does not end"
}

# session_start NAME MODULE [ro]: loaded, initialised, the slot of $LABEL, a session open.
session_start() {
	drive_start "$1" "$2"
	must "$1" initialize
	must "$1" slot-label "$LABEL"
	must "$1" open "${3:-rw}"
}

# once MODULE LINE...: a process of its own that runs them, and prints their answers. It ends without goodbye,
# but by $ONCE_END where a token needs one.
once() {
	once_module=$1
	shift
	"$P11DRIVE" "$once_module" initialize "slot-label \"$LABEL\"" "open rw" "$@" ${ONCE_END:+"$ONCE_END"}
}

# last_rv: of the lines on standard input, the CK_RV of the last but C_Finalize's.
last_rv() {
	grep -v '^finalize ' | tail -n 1 | cut -d ' ' -f 2
}

# login_rv MODULE user|so PIN: how a fresh process's login ends. (A wrong PIN is a try.)
login_rv() {
	once "$1" "login $2 $3" | last_rv
}

# flags MODULE: those of the token, as a fresh process sees them: " LOGIN_REQUIRED ... "
flags() {
	once "$1" token-info | sed -n 's/^token-info CKR_OK .*flags:\(.*\)$/\1 /p'
}
