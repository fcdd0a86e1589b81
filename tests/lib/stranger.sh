# SPDX-License-Identifier: BSD-3-Clause
# A stranger at cards with tickets: no secret but what he overhears, and the public objects of the token. Sourced, after
# all.sh; brings offline.sh along.
#
#	stranger COMMAND ARG...      see tests/card/stranger_box.c
#	attacked [LINE...]           offline_machines, with a machine of the stranger's, and one elsewhere, whose policy
#	                             holds no key and which never saw the card; a blocked card
#	fresh_elsewhere              it saw none so far
#	by_response NAME [PUK...]    the machine unblocks the card with the response to the challenge that it shows
#	tries_kept TEXT              no SO try is spent
#	whole TEXT                   the card's SO PIN is in the newest box that its card manager key opens
#	not_his TEXT [RESPONSE]      and not among those that the stranger can have out of the token and $COPY

. "$SRCDIR/tests/lib/offline.sh"

STRANGER=$BUILDDIR/tests/card/stranger_box
COPY=$SCRATCH/copy

stranger() {
	(
		machine stranger
		"$STRANGER" "$LABEL" "$@" 2>>"$SCRATCH/stranger.log"
	)
}

# stranger_does COMMAND ARG...
stranger_does() {
	stranger "$@" || bail_out "stranger_box $*: $(tail -n 3 "$SCRATCH/stranger.log")"
}

stranger_copies() {
	rm -rf "$COPY"
	mkdir "$COPY"
	stranger_does copy "$COPY"
}

# What lies on the token is what was there when it was copied.
stranger_restores() {
	stranger_does remove ticket- box- other-
	stranger_does put "$COPY"/*
}

fresh_elsewhere() {
	machine elsewhere
	machine_setup
	asked_puk | description unblock
	echo Unblock=unblock.dsc | policy
}

attacked() {
	offline_machines "$@"
	machine stranger
	machine_setup
	fresh_elsewhere
	at_office
	offline_card
	rm -rf "$SCRATCH/elsewhere/state/"*
}

by_response() {
	machine "$1"
	respond "$(challenge)" >"$SCRATCH/given"
	"$CMD" unblock --response "$(given)" --pin "$PIN_NEW" "$CARD"
}

# typed VALUE: as PUK or card manager key, at the machine's own command. (A machine that takes a card for an active one,
# since it was scrambled elsewhere, takes what C_SetPIN is given for its PIN.)
typed() {
	printf '%s\n' "$1" | "$CMD" unblock --puk - --pin "$PIN_NEW" "$CARD"
}

# What was said over the phone last.
given() {
	cat "$SCRATCH/given"
}

tries_kept() {
	unlike "$(flags "$MODULE")" "*SO_PIN_*" "$kind: $1: no SO try is spent"
}

whole() {
	whole_so=$(stranger desk "$MANAGER_KEY")
	passes "$kind: $1: the SO PIN is known to whoever has the key" so_known "$whole_so"
}

not_his() {
	not_his_so=$(stranger desk "$MANAGER_KEY")
	his=$(stranger secrets "$COPY" ${2:+"$2"})
	unlike "
$his
" "*
$not_his_so
*" "$kind: $1: the stranger does not know it"
}

# unblocked TEXT: by one response; the card, its secret and its tries are as they should be.
unblocked() {
	is_active "$PIN_NEW" "$kind: $1: the card is unblocked"
	tries_kept "$1"
	whole "$1"
	is "$(objects box | wc -l)" 1 "$kind: $1: one box lies there"
}

# --- What he forges ---------------------------------------------------------------------------------

FORGED=$SCRATCH/forged
HIS_CHALLENGE=1111222233334444
HIS_RESPONSE=5555666677778888

# Numbers of what lies on the token: the newest box, the lowest and the highest ticket.
numbers() {
	box=$(objects box | tail -n 1)
	box=${box##* }
	low=$(objects ticket | head -n 1)
	low=${low##* }
	high=$(objects ticket | tail -n 1)
	high=${high##* }
}

# forged COMMAND ARG...: makes one and puts it on the token.
forged() {
	forged_command=$1
	shift
	stranger_does "$forged_command" "$FORGED" "$@"
	stranger_does put "$FORGED"
}

# holds TEXT PLACE: the holder unblocks the card there, and what is new is not the stranger's.
holds() {
	stranger_copies
	passes "$kind: $1: the holder unblocks the card ($2)" by_response "$2"
	machine "$2"
	unblocked "$1"
	not_his "$1" "$HIS_RESPONSE"
	offline_block_again
	numbers
}

# The office fills it up again, and the phone works.
refill() {
	at_office
	passes "$kind: $1: the office makes new tickets" \
		"$CMD" apply "$CONF_DIR/descriptions/offline.dsc" "$CARD" --field CARD_MANAGER_KEY=@"$SCRATCH/manager.key"
	numbers
	holds "$1: filled up again" phone
}
