# SPDX-License-Identifier: BSD-3-Clause
# p11-latch apply of InitToken=true on a card that has tickets: what cannot be done leaves it as it was, and what was
# done by half is finished by another order.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/offline.sh"
. "$SRCDIR/tests/lib/imitations.sh"

# order PIN: a new life with this PIN, the label from the field NAME.
order() {
	{
		offline_description | sed 's/^\[Fields\]/&\nNAME=/'
		printf 'InitToken=true\nInitialLabel=NAME\nSetPIN=true\nPIN=#%s\n' "$1"
		offline_block
	} >"$SCRATCH/again.dsc"
}

anew() {
	"$CMD" apply "$SCRATCH/again.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" --field NAME="$1" \
		</dev/null >"$SCRATCH/out" 2>&1
}

said() {
	like "$(cat "$SCRATCH/out")" "*$1*" "$2"
}

# opens TEXT [at_office]: by a response, by the key at a desk that never saw it (or the office, where the tickets are
# files of its own), and by the order without InitToken=true.
opens() {
	"${2:-at_phone}"
	passes "$kind: $1: a response unblocks it" \
		"$CMD" unblock --response "$(respond "$(challenge)")" --pin "$PIN_NEW" "$CARD"
	passes "$kind: $1: its PIN is the new one" vendor_takes "$PIN_NEW"
	"${2:-at_desk}"
	passes "$kind: $1: so does the key" "$CMD" unblock --pin "$PIN" "$CARD"
	passes "$kind: $1: its PIN is the new one again" vendor_takes "$PIN"
	at_office
	sed '/^InitToken=/d; /^InitialLabel=/d' "$SCRATCH/again.dsc" >"$SCRATCH/tickets.dsc"
	passes "$kind: $1: apply gives it new tickets" "$CMD" apply "$SCRATCH/tickets.dsc" "$CARD" \
		--field CARD_MANAGER_KEY=@"$SCRATCH/manager.key" </dev/null
	is "$(record State)" blocked "$kind: $1: and blocks it"
}

# begins LABEL TEXT [TICKETS]: the order gives it its new life.
begins() {
	fault none
	passes "$kind: $2" anew "$1"
	LABEL=$1
	CARD=pkcs11:token=$LABEL
	is "$(record State),$(objects ticket | wc -l)" "blocked,${3:-2}" "$kind: $2: it is blocked, and has its tickets"
	passes "$kind: $2: its key unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
}

old_card() {
	at_office
	offline_card
	CARD=pkcs11:token=$LABEL
	box=$(objects box)
	log_clear
}

values() {
	old_card
	order "$PIN"
	fails "$kind: a label of 36 bytes out of a field" anew "Dr. Maximiliane von und zu Hohenlohe"
	said "InitialLabel= has 36 bytes, a token's label 32 at most" "$kind: is refused with the reason"
	is "$(objects box)" "$box" "$kind: and the card is as it was"
	opens "a long label"
	box=$(objects box)
	order 12
	fails "$kind: a PIN that is too short" anew other
	said "its PIN is to have 4 to 255 characters" "$kind: is refused with the reason"
	is "$(objects box)" "$box" "$kind: and the card is as it was"
	order "$PIN"
	begins "Hohenlohe" "the order with values that fit"
}

# CKR_SESSION_EXISTS: another program has a session open.
refused() {
	old_card
	order "$PIN"
	fault p11-latch C_InitToken 1 rv B6
	fails "$kind: C_InitToken is refused" anew other
	passes "$kind: by the token" faulted
	said "answers CKR_SESSION_EXISTS" "$kind: it says why"
	said "was not initialised, and is as it was" "$kind: and how it left the card"
	is "$(objects box)" "p11-latch box $((${box##* } + 2))" "$kind: no secret that the key alone tells is in its box"
	opens "C_InitToken was refused"
	begins other "C_InitToken is not refused any more"
}

# It was done, and the answer was lost.
doubtful() {
	old_card
	order "$PIN"
	fault p11-latch C_InitToken 1 after E2
	fails "$kind: C_InitToken was done, but answered CKR_TOKEN_WRITE_PROTECTED" anew other
	passes "$kind: by the token, too" faulted
	said "give the same order once more" "$kind: it says what to do"
	LABEL=other
	CARD=pkcs11:token=$LABEL
	begins third "the order with another label"
}

# Nothing but the card and its key tells of what was begun elsewhere.
elsewhere() {
	old_card
	order "$PIN"
	fault p11-latch C_InitToken 1 kill-after
	fails "$kind: killed after C_InitToken" anew other
	LABEL=other
	CARD=pkcs11:token=$LABEL
	at_desk
	begins third "a desk that never saw it, with another label" 10
	at_office
}

# OpenSC has no C_InitToken for a card that has a PIN.
never() {
	kind=openpgp
	token_start openpgp
	offline_machines Tickets=2
	CARD=pkcs11:serial=$(once "$MODULE" token-info | sed -n 's/.* serial=\([^ ]*\).*/\1/p')
	once "$LATCH" "login so $SO" "init-pin $PIN" close >/dev/null
	becomes blocked "$kind: a card with tickets"
	so=$(card_pin card pw3)
	order "$PIN"
	fails "$kind: InitToken=true" anew other
	said "take InitToken= and InitialLabel= out of the description" "$kind: is refused, and it says what to do"
	is "$(card_pin card pw3)" "$so" "$kind: its SO PIN is what it was, with all its tries"
	opens "InitToken=true was refused" at_office
	passes "$kind: no helper is left" wait_for 20 no_helpers
	token_stop
}

# Its SO secret has five tries, which nothing shows.
counted() {
	kind=gemalto
	imitation_start gemalto so-form hex
	offline_machines Tickets=2
	CARD=pkcs11:model=ID%20Prime%20MD
	faulty_start
	fault none
	imitation_blocked
	order "$PIN"
	fault p11-latch C_InitToken 0 rv B6
	fails "$kind: C_InitToken is refused" anew other
	said "was not initialised, and is as it was" "$kind: it says how it left the card"
	is "$(tries so)" 5 "$kind: with all tries of its SO secret"
	fault none
	opens "C_InitToken was refused" at_office
	fault p11-latch C_InitToken 1 kill-after
	fails "$kind: killed after C_InitToken" anew other
	is "$(cut -d ' ' -f 2 "$FORGED_DIR/token")" other "$kind: it has its new label"
	fault none
	passes "$kind: the order with another label" anew third
	is "$(record State),$(tries so)" blocked,5 "$kind: it is blocked, with all tries of its SO secret"
	passes "$kind: its key unblocks it" "$CMD" unblock --pin "$PIN_NEW" "$CARD"
	passes "$kind: no helper is left" wait_for 20 no_helpers
}

kind=softhsm
token_start softhsm
offline_machines Tickets=2
for offline_place in office phone desk; do
	machine "$offline_place"
	faulty_start
done
fault none
at_office
values
refused
doubtful
elsewhere
no_secret "$kind: no secret in log and state" "$MANAGER_KEY" "$SO" "$PIN_NEW"
passes "$kind: no helper is left" wait_for 20 no_helpers
token_stop
never
counted
done_testing
