# SPDX-License-Identifier: BSD-3-Clause
# Tickets and boxes that a stranger damaged on the card, where no machine has a copy: cut, of a later version, swapped, or
# with one bit flipped. Nothing opens by them, no SO try is spent, and put back as it was the card is unblocked.
# (Each bit of them is flipped in tests/unit; here it is a sample, on the token.)
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/stranger.sh"

# The ticket that is shown, the box, and the true response.
begin() {
	stranger_copies
	fresh_elsewhere
	answer=$(respond "$(challenge)" | tr -d ' ')
	ticket=$(echo "$COPY"/ticket-1.*)
	box=$(echo "$COPY"/box-*)
}

# damaged TEXT FILE: the damaged copy lies on the card instead of FILE; the right response opens nothing.
damaged() {
	damaged_name=${2##*/}
	stranger_does remove "${damaged_name%.*}."
	stranger_does put "$SCRATCH/damaged"
	rm -rf "$STATE"/private/* "$STATE"/records/*
	is "$(set_pin "$answer" "$PIN_NEW")" CKR_PIN_INCORRECT "$kind: $1: the response opens nothing"
	tries_kept "$1"
	stranger_does remove "${damaged_name%.*}." other-
	stranger_does put "$2"
}

flipped() {
	for bit in $2; do
		cp "$1" "$SCRATCH/damaged"
		stranger_does flip "$SCRATCH/damaged" "$bit"
		damaged "bit $bit of ${1##*/} flipped" "$1"
	done
}

cut_short() {
	for length in 1 5 119; do
		head -c "$length" "$ticket" >"$SCRATCH/damaged"
		damaged "a ticket of $length bytes" "$ticket"
	done
	for length in 17 18 "$(($(wc -c <"$box") - 1))"; do
		head -c "$length" "$box" >"$SCRATCH/damaged"
		damaged "a box of $length bytes" "$box"
	done
	{
		cat "$box"
		printf x
	} >"$SCRATCH/damaged"
	damaged "a box that is a byte too long" "$box"
}

# What a later version wrote is nothing to this one, and not removed by it.
later_version() {
	for file in "$ticket" "$box"; do
		{
			head -c 4 "$file"
			printf '\002'
			tail -c +6 "$file"
		} >"$SCRATCH/damaged"
		damaged "${file##*/} of a later version" "$file"
	done
}

swapped() {
	cp "$box" "$SCRATCH/damaged"
	stranger_does swap "$SCRATCH/damaged" 1 2
	damaged "what is sealed to two tickets, swapped" "$box"
	cp "$box" "$SCRATCH/damaged"
	stranger_does swap "$SCRATCH/damaged" 0 1
	damaged "what is sealed to a ticket and the helpdesk, swapped" "$box"
}

put_right() {
	rm -rf "$STATE"/private/* "$STATE"/records/*
	is "$(set_pin "$answer" "$PIN_NEW")" CKR_OK "$kind: as it was: the response opens it"
	unblocked "as it was"
	offline_block_again
	cp "$(echo "$COPY"/box-*)" "$SCRATCH/damaged"
	stranger_does put "$SCRATCH/damaged"
	passes "$kind: the next one, with the box of before beside the newer one" by_response elsewhere
	machine elsewhere
	unblocked "the next one"
}

for kind in $TOKENS; do
	token_start "$kind"
	attacked Tickets=3
	begin
	# Version, cipher, number, challenge, public key, salt, private key, tag.
	flipped "$ticket" "3 32 41 63 70 200 470 600 900"
	# Magic, reserved, count, generation, last number, a number, and of the ticket's part its key, content and tag.
	flipped "$box" "0 45 56 127 142 1576 1600 2200 2991"
	cut_short
	later_version
	swapped
	put_right
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
