# SPDX-License-Identifier: BSD-3-Clause
# A forged card with a stolen serial number: behind the socket it gets no secret of the policy's for nothing.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/forged.sh"

# tries TEXT LINE...: anyone's program on it; what it presents is no secret of the policy's.
tries() {
	tries_text=$1
	shift
	forgery "$mode"
	who anyone
	once "$LATCH" "$@" >/dev/null
	once "$LATCH" "login user $WRONG" >/dev/null
	as anyone "$CMD" recover "$URI" >/dev/null 2>&1
	learns_nothing "$tries_text"
}

tries_all() {
	tries "wrong PINs" "login user $WRONG" "login user 123456" "login user 654321" "login user empty"
	tries "wrong PUKs" "set-pin $WRONG $PIN_NEW" "set-pin 22223333 $PIN_NEW"
	tries "an empty PUK" "set-pin empty $PIN_NEW" "set-pin null $PIN_NEW"
	tries "an SO login and C_InitPIN" "login so $WRONG" "init-pin $PIN_NEW" logout
	tries "an SO login and a new SO PIN" "login so $WRONG" "set-pin $WRONG 22223333" logout
	tries "an SO login that ends with the program" "login so $WRONG" "init-pin $PIN_NEW"
}

# What the design gives: to a caller who presents what is right, and to operators.
given_knowingly() {
	forgery yes
	who anyone
	once "$LATCH" "set-pin $SO $PIN_NEW" >/dev/null
	like "$(learned)" "*$SO*" "$profile: whoever presents the right PUK gives it to whatever card is there"
	forgery so
	once "$LATCH" "login user $LETTER" >/dev/null
	like "$(learned)" "*$SO*" "$profile: and so does the right PIN letter"
	forgery yes
	sed -i "s/^State=.*/State=personalizing/; s/^Method=.*/Method=none/" "$STATE"/records/*
	sed -i '/^Proved=/d' "$STATE"/private/*.state
	as operator "$CMD" recover "$URI" >/dev/null 2>&1
	like "$(learned)" "*$SO*" "$profile: an operator's recover uses what policy has"
}

users_make
forged_start
latch_setup
for profile in generic softhsm; do
	office HELD
	sockets_start
	latch_conf "unix:$SCRATCH/run/helper.sock" "$profile"
	true_card
	modes="yes so no"
	[ "$profile" = generic ] || modes=so
	for mode in $modes; do
		tries_all
	done
	given_knowingly
	office ASKED
	true_card
	mode=so
	tries_all
	who root
	passes "$profile: no helper is left" wait_for 20 no_helpers
	sockets_stop
done
done_testing
