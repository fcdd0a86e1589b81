# SPDX-License-Identifier: BSD-3-Clause
# Records, private parts and the sequence number that are damaged: refused, said, and mended by the command.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/pickup.sh"

# Whoever asks is refused, the log names the file, and the card is not touched.
refused() {
	log_clear
	before=$(flags "$MODULE" | sed 's/ [A-Z]*_PIN_COUNT_LOW//g')
	session_start user "$LATCH"
	expect CKR_FUNCTION_FAILED user login user "$PIN"
	expect CKR_FUNCTION_FAILED user set-pin "$SO" "$PIN_NEW"
	expect CKR_OK user login so "$SO"
	expect CKR_FUNCTION_FAILED user init-pin "$PIN_NEW"
	drive_stop user
	logged "$1" "$kind: $2: the log names the file"
	is "$(flags "$MODULE" | sed 's/ [A-Z]*_PIN_COUNT_LOW//g')" "$before" "$kind: $2: the card is as it was"
	fails "$kind: $2: no new PIN" vendor_takes "$PIN_NEW"
	fails "$kind: $2: p11-latch unblock is refused too" \
		"$CMD" unblock --puk "$SO" --pin "$PIN_NEW" "$CARD"
}

# damaged FILE COMMAND TEXT: FILE is put back as it was.
damaged() {
	file=$1
	cp -a "$file" "$SCRATCH/whole"
	eval "$2"
	refused "$file" "$3"
	rm -rf "$file"
	mv "$SCRATCH/whole" "$file"
}

records() {
	for file in "$(record_file)" "$(echo "$STATE"/private/*.state)"; do
		case $file in
		*/records/*) what=record ;;
		*) what="private part" ;;
		esac
		damaged "$file" ': >"$file"' "an empty $what"
		damaged "$file" 'head -c 40 "$SCRATCH/whole" >"$file"' "a truncated $what"
		damaged "$file" 'sed -i "s/^Version=.*/Version=99/" "$file"' "a $what of a future version"
		damaged "$file" 'echo "Future=thing" >>"$file"; sed -i /^State/d "$file"; sed -i /^Version/d "$file"' \
			"a $what that lacks its state"
		damaged "$file" 'head -c 3000 /dev/urandom >"$file"' "a $what of noise"
		damaged "$file" 'head -c 100000 /dev/zero | tr "\0" "\n" >>"$file"' "a $what of 100 KB"
		damaged "$file" 'rm "$file"; mkdir "$file"' "a folder in place of a $what"
		damaged "$file" 'rm "$file"; mkfifo "$file"' "a pipe in place of a $what"
		damaged "$file" 'rm "$file"; ln -s "$SCRATCH/whole" "$file"' "a symbolic link in place of a $what"
		damaged "$file" 'rm "$file"; ln -s "$SCRATCH/none" "$file"' "one that leads nowhere, for a $what"
	done
	damaged "$(record_file)" 'sed -i "s/^Token=..../Token=7878/" "$file"; sed -i "s/\(^Token=.*\)..../\17878/" "$file"' \
		"the record of another token"
}

mended() {
	: >"$(record_file)"
	like "$("$CMD" status "$CARD" 2>&1)" "*" "$kind: status does not stop at a damaged record"
	passes "$kind: p11-latch forget drops a damaged record" "$CMD" forget "$CARD"
	is "$(record State)" none "$kind: and it is gone"
	rm -rf "${STATE:?}"/*
	blocked_card
	: >"$(echo "$STATE"/private/*.state)"
	passes "$kind: p11-latch adopt replaces a damaged private part" "$CMD" adopt "$CARD"
	is "$(record State)" active "$kind: and the card counts as active"
	passes "$kind: p11-latch block blocks it anew" "$CMD" block "$CARD"
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: and it is unblocked as ever"
}

# The number that tells stale processes only ever grows, also where its file is lost.
sequence() {
	for how in damaged lost; do
		blocked_card
		was=$(record Sequence)
		rm "$STATE/sequence"
		[ "$how" = lost ] || echo nonsense >"$STATE/sequence"
		log_clear
		"$CMD" recover "$CARD" >/dev/null 2>&1
		is "$(cat "$STATE/sequence")" "$was" "$kind: $how, the sequence number is that of the newest record"
		[ "$how" = lost ] || logged "$STATE/sequence is damaged" "$kind: and the log says so"
		session_start user "$LATCH"
		expect CKR_OK user set-pin "$SO" "$PIN_NEW"
		expect CKR_OK user login user "$PIN_NEW"
		drive_stop user
		is "$(record State)" active "$kind: $how, the card is unblocked as ever"
	done
	blocked_card
	rm "$STATE/sequence"
	mkdir "$STATE/sequence"
	log_clear
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_FUNCTION_FAILED \
		"$kind: a folder in its place: refused"
	logged "$STATE/sequence" "$kind: and the log names it"
	fails "$kind: before the card is touched" vendor_takes "$PIN_NEW"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	known_puk | pickup
	blocked_card
	records
	is "$(once "$LATCH" "set-pin $SO $PIN_NEW" | last_rv)" CKR_OK "$kind: put back, the card is unblocked"
	blocked_card
	mended
	sequence
	passes "$kind: no helper is left" wait_for 20 no_helpers
	no_secret "$kind: no secret in log and state" "$SO" "$PIN_NEW"
	token_stop
done
done_testing
