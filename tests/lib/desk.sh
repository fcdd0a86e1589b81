# SPDX-License-Identifier: BSD-3-Clause
# The card office's desk: cards are personalized and blocked. Sourced, after all.sh.
#
#	desk [LINE]...              policy: all cards are to be blocked; LINEs: more of the binding
#	desk_knows PUK [LINE]...    the same, and the policy holds the PUK
#	fresh                       a factory token that nothing is known of, an empty log
#	personalize NAME            a program of that name makes the card's first PIN, and stays
#	is_blocked TEXT             tests: it becomes blocked, and the card itself refuses the PIN
#	watcher                     the process id of the only helper that runs

desk() {
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	desk_binding "$@"
}

desk_knows() {
	description personalize <<-EOF
		[Application_B]
		BlockCard=true

		[Description]
		InitialPUK=#$1
	EOF
	shift
	desk_binding "$@"
}

desk_binding() {
	policy_clear
	{
		echo "Personalize=personalize.dsc"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | policy
}

fresh() {
	token_new
	rm -rf "$STATE/records" "$STATE/private" "$STATE/sequence"
	log_clear
}

personalize() {
	session_start "$1" "$LATCH"
	must "$1" login so "$SO"
	must "$1" init-pin "${2:-$PIN}"
	state_is personalizing || bail_out "$1: C_InitPIN began no personalization: $(log_text)"
}

# By the vendor's own module, in a process of its own. A wrong PIN is a try.
vendor_takes() {
	[ "$(login_rv "$MODULE" user "$1")" = CKR_OK ]
}

so_is() {
	[ "$(login_rv "$MODULE" so "$1")" = CKR_OK ]
}

is_blocked() {
	becomes blocked "$1: the card is blocked"
	fails "$1: the card itself refuses the PIN" vendor_takes "$PIN"
}

# A program that was killed may leave its helper for a moment.
watcher() {
	wait_for 5 helper_is_alone || {
		echo "one helper should run, there are: $(helpers)" >&2
		return 1
	}
	helpers
}

helper_is_alone() {
	case $(helpers) in
	"" | *[!0-9]*) return 1 ;;
	esac
}

# What this token's blocking is called where the policy leaves it to the profile.
auto_method() {
	case $TOKEN in
	opencryptoki | openpgp | piv-*) echo lock ;;
	*) echo scramble ;;
	esac
}

# faulty_start: p11-latch works over the real module through tests/card/faulty.c from now on.
faulty_start() {
	FAULTY_VENDOR=$MODULE
	FAULTY_FILE=$SCRATCH/fault
	export FAULTY_VENDOR FAULTY_FILE
	sed -i "s|^Path=.*|Path=$BUILDDIR/tests/card/faulty.so|" "$P11_LATCH_CONF"
}

# fault PROGRAM CALL NTH ACTION [RV]: see tests/card/faulty.c. fault none: no more; faulted: it came to pass.
fault() {
	rm -f "$FAULTY_FILE"
	[ "$1" != none ] || return 0
	rm -f "$FAULTY_FILE.done"
	echo "$*" >"$FAULTY_FILE"
}

faulted() {
	[ -e "$FAULTY_FILE.done" ]
}
