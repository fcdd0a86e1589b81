# SPDX-License-Identifier: BSD-3-Clause
# The units' system call filter: vendor modules of all kinds do their work under it, and what it forbids is not done.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"

LETTER=424242
# LeakSanitizer stops its own process by ptrace(), which the filter forbids, and hangs.
ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
export ASAN_OPTIONS
UNIT=$BUILDDIR/conf/p11-latch-helper@.service

# What unblocks: the SO PIN where C_InitPIN does it, else the PUK.
by_puk() {
	case $kind in
	piv-*) echo "$PUK" ;;
	*) echo "$SO" ;;
	esac
}

desk() {
	policy_clear
	description personalize <<-'EOF'
		[Application_B]
		BlockCard=true
	EOF
	description unblock <<-'EOF'
		[Fields]
		PUK=
		LETTER=

		[Description]
		SetPIN=true
		PIN=LETTER
		InitialPUK=PUK
		ClearFields=PUK
	EOF
	value puk "$(by_puk)"
	value letter "$LETTER"
	policy <<-EOF
		Personalize=personalize.dsc
		Unblock=unblock.dsc
		PinLetter=yes
		Field.PUK=file:$CONF_DIR/values/puk
		Field.LETTER=file:$CONF_DIR/values/letter
	EOF
	shut_away
}

# In use already: with the PIN that it has from the factory, or one that its application sets.
in_use() {
	case $kind in
	piv-*) ;;
	*) personalize_direct ;;
	esac
	token_share
	URI=pkcs11:token=$(printf '%s' "$LABEL" | sed 's/ /%20/g; s/#/%23/g')
	passes "$kind: adopt" as operator "$CMD" adopt "$URI"
	is "$(record State)" active "$kind: it is known"
}

blocked() {
	passes "$kind: block" as operator "$CMD" block --force --puk "$(by_puk)" "$URI"
	is "$(record State)" blocked "$kind: it is blocked"
}

# A program's own C_InitPIN on a new card, and its death.
personalized() {
	who root
	token_new
	token_share
	rm -rf "${STATE:?}"/*
	who operator
	session_start desk "$LATCH"
	expect CKR_OK desk login so "$SO"
	expect CKR_OK desk init-pin "$PIN"
	drive_stop desk
	becomes blocked "$kind: kill -9 of the program that personalizes blocks the card"
}

work() {
	in_use
	blocked
	who anyone
	session_start user "$LATCH"
	expect CKR_PIN_INCORRECT user login user 11112222
	expect CKR_OK user login user "$LETTER"
	must user finalize
	drive_stop user
	is "$(record State)" active "$kind: the PIN letter activates it"
	value puk "$(by_puk)"
	shut_away
	blocked
	passes "$kind: unblock" as operator "$CMD" unblock --pin "$PIN_NEW" "$URI"
	is "$(record State)" active "$kind: it is unblocked"
	value puk "$(by_puk)"
	shut_away
	passes "$kind: explain" as operator "$CMD" explain "$URI"
	passes "$kind: recover" as anyone "$CMD" recover "$URI"
	case $kind in
	softhsm | opencryptoki) personalized ;;
	esac
}

killed() {
	grep -h filtered: "$SCRATCH/run/helper.log" "$SCRATCH/run/operators.log"
}

without_families() {
	HELPER_UNIT=$SCRATCH/unit
	grep -v ^RestrictAddressFamilies= "$UNIT" >"$HELPER_UNIT"
}

filtered() {
	"$BUILDDIR/tests/lib/filtered" "$UNIT" "$@"
}

for name in helper operators; do
	passes "$name@.service: a program that keeps to the filter runs" filtered /bin/cat /dev/null
done
fails "one that opens a network socket is killed" filtered /usr/bin/python3 -c \
	'import socket; socket.socket(socket.AF_INET)'
fails "one that changes its user" filtered /usr/bin/setpriv --reuid 64001 true
fails "one that mounts" filtered /bin/mount -t tmpfs tmpfs /mnt
fails "one that looks into others' memory by ptrace" filtered /usr/bin/python3 -c \
	'import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)'
fails "one that makes memory that can be written and run" filtered /usr/bin/python3 -c \
	'import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)'

users_make
# The first socket only: who goes through the other has the same unit but for --operators.
HELPER_UNDER=$BUILDDIR/tests/lib/filtered
for kind in ${KINDS:-$TOKENS $CARDS tpm2}; do
	token_start "$kind"
	token_share
	latch_setup
	HELPER_UNIT=$UNIT
	# The TPM of the tests is at the end of a TCP connection, and not /dev/tpmrm0.
	[ "$kind" != tpm2 ] || without_families
	mkdir "$CONF_DIR/values"
	desk
	sockets_start
	work
	who root
	passes "$kind: no helper is left" wait_for 10 no_helpers
	is "$(killed)" "" "$kind: and none was killed for a system call that it may not use"
	rm "$SCRATCH"/run/*.log
	sockets_stop
	token_stop
done
done_testing
