# SPDX-License-Identifier: BSD-3-Clause
# Tickets by each way that there is: any program, several under one hold, apply on cards new and old; and where not.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"

apply() {
	cat >"$SCRATCH/now.dsc"
	"$CMD" apply "$SCRATCH/now.dsc" "$@" </dev/null >"$SCRATCH/out" 2>&1
}

with_key() {
	apply "$@" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key"
}

said() {
	like "$(cat "$SCRATCH/out")" "*$1*" "$2"
}

# by_phone TEXT [KEYFILE]: the card is blocked, and the next response unblocks it.
by_phone() {
	by_text=$1
	shift
	is "$(record State)" blocked "$kind: $by_text: the card is blocked"
	fails "$kind: $by_text: its PIN is not open" vendor_takes "$PIN"
	at_phone
	passes "$kind: $by_text: a response unblocks it" \
		"$CMD" unblock --response "$(respond "$(challenge)" "$@")" --pin "$PIN_NEW" "$CARD"
	is_active "$PIN_NEW" "$kind: $by_text: active"
	at_office
}

again() {
	token_new
	for offline_place in office phone desk; do
		rm -rf "$SCRATCH/$offline_place"/state/*
	done
	log_clear
}

# One makes the PIN, the next the key, and each of them reads the tickets of nobody so far.
several_programs() {
	again
	passes "$kind: two programs under p11-latch personalize" foreign "$CMD" personalize -- sh -c "
		pkcs11-tool --module '$LATCH' --token-label $LABEL --login --login-type so --so-pin $SO --init-pin --new-pin $PIN &&
		pkcs11-tool --module '$LATCH' --token-label $LABEL --login --pin $PIN --keypairgen --key-type rsa:2048 --label key"
	is "$(objects ticket | wc -l)" 10 "$kind: at the end of the hold there are ten tickets"
	fails "$kind: and another SO PIN" so_known "$SO"
	by_phone "a hold"
}

# The vendor's description to the letter blocks no card.
not_blocked() {
	offline_description | description offline
	again
	tool --login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN" >/dev/null
	becomes active "$kind: without BlockCard=true the card is active at the end"
	is "$(objects ticket | wc -l)" 10 "$kind: and has its tickets"
	passes "$kind: its PIN is what the program set" vendor_takes "$PIN"
	passes "$kind: it is blocked by what the key opens" "$CMD" block "$CARD"
	by_phone "blocked later"
	{
		offline_description
		offline_block
	} | description offline
}

# The watcher has no key: the card is blocked with what it has.
no_key() {
	mv "$SCRATCH/manager.key" "$SCRATCH/kept.key"
	again
	tool --login --login-type so --so-pin "$SO" --init-pin --new-pin "$PIN" >/dev/null
	becomes blocked "$kind: where the key is not there, the card is blocked all the same"
	is "$(objects)" "" "$kind: without tickets"
	logged "gets no new tickets" "$kind: the log says so"
	like "$("$CMD" status "$CARD" 2>&1)" "*tickets are used up, or were never made*0 tickets left*" "$kind: and status"
	fails "$kind: its PIN is not open" vendor_takes "$PIN"
	mv "$SCRATCH/kept.key" "$SCRATCH/manager.key"
	{
		offline_description
		offline_block
	} | with_key "$CARD" --puk "$SO"
	said "10 tickets" "$kind: apply with the PUK that it has gives it tickets"
	by_phone "apply, late"
}

in_use() {
	again
	once "$MODULE" "login so $SO" "init-pin $PIN" close >/dev/null
	offline_description | with_key "$CARD"
	said "PUK that the card has now: there is no terminal" "$kind: apply on a card in use asks for its PUK"
	is "$(objects)" "" "$kind: and does nothing without it"
	{
		offline_description
		offline_block
	} | with_key "$CARD" --puk "$SO"
	said "10 tickets" "$kind: with it the card gets its tickets"
	by_phone "apply, in use"
}

# openCryptoki's SO PIN from the factory has to be known, and is changed before anything else can be.
new_card() {
	again
	new_puk=
	case $kind in
	softhsm)
		rm -rf "$SCRATCH/softhsm"
		install -d -m 700 "$SCRATCH/softhsm"
		;;
	opencryptoki)
		opencryptoki_wipe
		token_second
		new_puk=87654321
		;;
	esac
	{
		offline_description
		cat <<-END
			InitToken=true
			InitialLabel=latch
			SetPIN=true
			PIN=#$PIN
		END
		offline_block
	} >"$SCRATCH/init.dsc"
	with_key "pkcs11:" ${new_puk:+--puk "$new_puk"} <"$SCRATCH/init.dsc"
	said "initialised, blocked" "$kind: InitToken=true, the first PIN, tickets and the block by one apply"
	by_phone "InitToken"
	[ "$kind" = softhsm ] || return
	with_key "$CARD" <"$SCRATCH/init.dsc"
	said "initialised, blocked" "$kind: the same once more, without anybody's PUK: the box has it"
	is "$(objects box | wc -l) $(objects ticket | head -n 1)" "1 p11-latch ticket 1" "$kind: that is a new life"
	by_phone "InitToken again"
}

# SetPIN=true and no InitCRKey=true: the key unblocks the card, which keeps its tickets.
apply_unblocks() {
	offline_card
	offline_unblock | sed 's/^PIN=.*/PIN=#12/' | with_key "$CARD"
	said "not unblocked" "$kind: apply with a PIN that is too short"
	is "$(record State)" blocked "$kind: and the card is untouched"
	offline_unblock | sed "s/^PIN=.*/PIN=#$PIN_NEW/" | with_key "$CARD"
	said "unblocked" "$kind: apply unblocks a card by its key"
	is_active "$PIN_NEW" "$kind: apply: active"
	is "$(objects ticket | wc -l)" 10 "$kind: and it has its tickets"
}

aes() {
	printf '%s\n' 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f >"$SCRATCH/aes.key"
	cp "$SCRATCH/manager.key" "$SCRATCH/kept.key"
	cp "$SCRATCH/aes.key" "$SCRATCH/manager.key"
	offline_card
	like "$(record Challenge)" "????????????????????????????????" "$kind: an AES key: the challenge has 32 digits"
	by_phone "AES" "$SCRATCH/aes.key"
	mv "$SCRATCH/kept.key" "$SCRATCH/manager.key"
}

for kind in $TOKENS; do
	token_start "$kind"
	offline_machines
	several_programs
	not_blocked
	no_key
	in_use
	new_card
	apply_unblocks
	aes
	no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO"
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
done
done_testing
