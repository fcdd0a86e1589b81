# SPDX-License-Identifier: BSD-3-Clause
# Thousands of hostile conversations, the same at each run, at once with an operator's work: a sample, or with
# P11_LATCH_HOSTILE=whole (make check-hostile) ten thousand random ones and all of the crafted ones.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/office.sh"

URI=pkcs11:token=latch
SEED=${P11_LATCH_SEED:-1}
if [ "${P11_LATCH_HOSTILE:-}" = whole ]; then
	RANDOM_ONES=2500
	NTH=1
else
	RANDOM_ONES=75
	NTH=23
fi

# attack KIND SEED N: in the background, its word in a file.
attack() {
	as anyone "$BUILDDIR/tests/lib/hostile" "$SCRATCH/run/helper.sock" "$ID" "$@" "$SO" "$PIN" "$LETTER" \
		>"$SCRATCH/attack.$1.$2" 2>&1 &
	attackers="$attackers $!"
}

attacks() {
	attackers=
	attack crafted "$SEED" "$NTH"
	attack random "$SEED" "$RANDOM_ONES"
	attack random "$((SEED + 1))" "$RANDOM_ONES"
}

attacks_are_over() {
	failed=0
	for attacker in $attackers; do
		wait "$attacker" || failed=$((failed + 1))
	done
	is "$failed" 0 "$kind: each conversation is over in time, and gives away nothing"
	[ "$failed" = 0 ] || note "$(cat "$SCRATCH"/attack.*)"
	note "$kind: $(cat "$SCRATCH"/attack.* | tr '\n' ';')"
	rm "$SCRATCH"/attack.*
}

users_make
for kind in $TOKENS; do
	office_start "$kind"
	# What C_Login leaves behind once: files of locks.
	who anyone
	raw helper login "id=hex:$ID" pin=99999999 ask shut end >/dev/null
	before=$(what_is_seen)
	attacks
	passes "$kind: meanwhile an operator's order is carried out" as operator "$CMD" reset "$URI"
	passes "$kind: and another" as operator "$CMD" explain "$URI"
	attacks_are_over
	is "$(what_is_seen)" "$before" "$kind: card, record and values are as they were"
	is "$(find "$STATE" -type f ! -name "$NAME*" ! -name 'sequence*')" "" \
		"$kind: tokens that somebody makes up leave no files"
	office_ends
done
done_testing
