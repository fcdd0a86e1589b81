# SPDX-License-Identifier: BSD-3-Clause
# Callers by the dozen on helper.sock, each of whom keeps the card as long as it is let. Sourced, after sockets.sh;
# ID is the card's identity, in hexadecimal.
#
#	sits_on_the_lock           one that takes the card's lock and then says nothing
#	lock_is_taken              whether anybody has a card's lock
#	flood_start, flood_stop    eight of them and eight that say nothing at all, one after the other for ever

# By an SO's C_InitPIN that is announced, and never says how it ended.
sits_on_the_lock() {
	raw helper so-login "id=hex:$ID" "pin=$SO" ask init-pin "id=hex:$ID" "token-flags=u32:0x40d" ask end
}

lock_is_taken() {
	for lock in "$STATE"/private/*.lock; do
		case $lock in
		*%gate.lock | */sequence.lock) ;;
		*) flock -n "$lock" true || return 0 ;;
		esac
	done
	return 1
}

flood_start() {
	who anyone
	flood_pids=
	for flood_i in 1 2 3 4 5 6 7 8; do
		while [ ! -e "$SCRATCH/enough" ]; do
			sits_on_the_lock >/dev/null
		done &
		flood_pids="$flood_pids $!"
		while [ ! -e "$SCRATCH/enough" ]; do
			raw helper end >/dev/null
		done &
		flood_pids="$flood_pids $!"
	done
}

flood_stop() {
	: >"$SCRATCH/enough"
	# shellcheck disable=SC2086
	wait $flood_pids
	rm "$SCRATCH/enough"
}
