# SPDX-License-Identifier: BSD-3-Clause
# Tickets and boxes on real tokens: as objects where the token takes them, also while it is locked, else as files; and
# what strangers add, damage and remove.
set -u
. "$SRCDIR/tests/lib/all.sh"

STORE=$BUILDDIR/tests/card/store

# store COMMAND...: in a process of its own.
store() {
	"$STORE" "$LABEL" "$@" 2>>"$SCRATCH/store.log"
}

reads() {
	is "$(store read)" "$1" "$2"
}

# desk [PROFILE]: a card that is governed, in a new state directory.
desk() {
	latch_setup
	latch_conf "spawn:$HELPER" "${1:-auto}"
	policy <<-'END'
		PersonalizeOn=command
	END
}

files() {
	(cd "$STATE/private" && ls | sed -n 's/.*\.\(ticket\|box\)-/\1-/p' | sort -V | tr '\n' ' ')
}

# stranger ARG...: another program, that is not logged in.
stranger() {
	pkcs11-tool --module "$MODULE" --token-label "$LABEL" "$@" 2>&1
}

# forge LABEL FILE: an object with our name.
forge() {
	forge_out=$(stranger --write-object "$2" --type data --label "$1" --application-label p11-latch) ||
		bail_out "no object: $forge_out"
}

from_hex() {
	xxd -r -p
}

# What both kinds of places have in common; ON_TOKEN is what read says of the objects.
stores() {
	reads "tickets boxes bad 0 newer 0" "$TOKEN: nothing is there"
	is "$(store put 1-10 1)" "put CKR_OK" "$TOKEN: ten tickets and a box"
	reads "tickets 1-10 boxes 1 bad 0 newer 0$ON_TOKEN" "$TOKEN: are there, says another process"
	is "$(store put 1-10 1 read)" "put CKR_OK
tickets 1-10 boxes 1 bad 0 newer 0$ON_TOKEN" "$TOKEN: once more, and they are there once"
	is "$(store put 11-12 2 read)" "put CKR_OK
tickets 1-12 boxes 1 2 bad 0 newer 0$ON_TOKEN" "$TOKEN: some more, and the old ones stay"
	is "$(store keep 3-12 2)" "keep CKR_OK" "$TOKEN: all but some are removed"
	reads "tickets 3-12 boxes bad 0 newer 0$ON_TOKEN" "$TOKEN: and a box of other tickets is another box"
	is "$(store put 0 2 keep 0 0 read)" "put CKR_OK
keep CKR_OK
tickets boxes bad 0 newer 0" "$TOKEN: and then all"
	is "$(files)" "" "$TOKEN: no file is left"
}

# The most that there may be: a box of 18,097 bytes.
most() {
	is "$(store put 1-100 9)" "put CKR_OK" "$TOKEN: a hundred tickets"
	reads "tickets 1-100 boxes 9 bad 0 newer 0$ON_TOKEN" "$TOKEN: and their box"
	is "$(store box 1-100 9 | from_hex | wc -c)" 18097 "$TOKEN: of the size that p11-latch(7) has"
	is "$(store keep 1-100 9 read)" "keep CKR_OK
tickets 1-100 boxes 9 bad 0 newer 0$ON_TOKEN" "$TOKEN: to keep them all changes nothing"
}

# Whoever has the token reads them with any program.
objects_are() {
	store put 1-3 4 >"$SCRATCH/out"
	is "$(files)" "box-4 " "$TOKEN: the box is a file, too"
	is "$(stranger -O --type data | sed -n "s/.*label:  *'\(p11-latch .*\)'/\1/p" | sort -V | tr '\n' ',')" \
		"p11-latch box 4,p11-latch ticket 1,p11-latch ticket 2,p11-latch ticket 3," \
		"$TOKEN: the labels tell a person what is what"
	stranger -r --type data --label "p11-latch ticket 2" --output-file "$SCRATCH/ticket" >/dev/null
	is "$(xxd -p "$SCRATCH/ticket" | tr -d '\n')" "$(store bytes 2)" "$TOKEN: the value is the ticket"
	stranger -r --type data --label "p11-latch box 4" --output-file "$SCRATCH/box" >/dev/null
	is "$(xxd -p "$SCRATCH/box" | tr -d '\n')" "$(store box 1-3 4)" "$TOKEN: and the box"
}

strangers_objects() {
	printf 'no ticket' >"$SCRATCH/junk"
	forge "p11-latch ticket 1" "$SCRATCH/junk"
	store bytes 1 | from_hex | head -c 119 >"$SCRATCH/short"
	forge "p11-latch ticket 1" "$SCRATCH/short"
	head -c 100000 /dev/zero >"$SCRATCH/long"
	forge "p11-latch box 4" "$SCRATCH/long"
	printf 'p11t\002 a ticket of tomorrow' >"$SCRATCH/newer"
	forge "p11-latch ticket 77" "$SCRATCH/newer"
	store bytes 2 | sed 's/../01/57' | from_hex >"$SCRATCH/other"
	forge "p11-latch ticket 2" "$SCRATCH/other"
	store bytes 3 | from_hex >"$SCRATCH/same"
	forge "p11-latch ticket 3" "$SCRATCH/same"
	store box 1-2 4 | from_hex >"$SCRATCH/box"
	forge "p11-latch box 4" "$SCRATCH/box"
	reads "tickets 1-2 2-3 boxes 4 4 bad 3 newer 1 token" \
		"$TOKEN: two of one number are both seen, the same bytes once, and what is bad is counted"
	is "$(store keep 1-3 4 read)" "keep CKR_OK
tickets 1-3 boxes 4 bad 0 newer 1 token" "$TOKEN: with the next box all of it goes, but not what is newer"
	stranger --delete-object --type data --label "p11-latch ticket 77" >/dev/null
	stranger --write-object "$SCRATCH/same" --type data --label "p11-latch ticket 3" >/dev/null
	reads "tickets 1-3 boxes 4 bad 0 newer 0 token" "$TOKEN: an object of another application is none of ours"
	for label in "ticket 1" "ticket 2" "ticket 3" "ticket 3" "ticket 3" "box 4"; do
		stranger --delete-object --type data --label "p11-latch $label" >/dev/null
	done
	reads "tickets boxes 4 bad 0 newer 0" "$TOKEN: a stranger removes them all, and the box is there"
}

# More than are looked at: it ends, says so, and removes them all.
flood() {
	is "$(store put 1-150 0 put 200-320 0 | sort -u)" "put CKR_OK" "$TOKEN: 271 tickets"
	like "$(store read)" "tickets* many token" "$TOKEN: not all of them are looked at"
	is "$(store put 321 9 | cut -d ' ' -f 2)" CKR_OK "$TOKEN: one more, and a box"
	is "$(store keep 321 9 read)" "keep CKR_OK
tickets 321 boxes 9 bad 0 newer 0$ON_TOKEN" "$TOKEN: all others are removed"
	store keep 0 0 >/dev/null
}

# The vendor's own lock, or a personalized card without it: objects are made all the same.
while_locked() {
	personalize_direct
	for wrong in 99999998 99999997 99999996 99999995; do
		once "$MODULE" "login user $wrong" >/dev/null
	done
	[ "$TOKEN" = softhsm ] ||
		like "$(once "$MODULE" token-info)" "* USER_PIN_LOCKED*" "$TOKEN: the PIN is locked"
	store keep 0 0 >/dev/null
	is "$(store put 1-2 5 read)" "put CKR_OK
tickets 1-2 boxes 5 bad 0 newer 0$ON_TOKEN" "$TOKEN: tickets are stored while it is"
	is "$(store keep 2 0 read)" "keep CKR_OK
tickets 2 boxes bad 0 newer 0$ON_TOKEN" "$TOKEN: and removed"
}

# A process that was initialised before sees what others stored and removed since.
seen_by_older() {
	drive_start older "$MODULE"
	must older initialize
	must older slot 0
	must older open rw
	must older find
	store keep 0 0 put 1-2 6 >/dev/null
	like "$(drive older find)" "*label=p11-latch%20ticket%201*" "$TOKEN: an older process sees new tickets"
	store keep 0 0 >/dev/null
	unlike "$(drive older find)" "*p11-latch*" "$TOKEN: and that they are gone"
	drive_stop older
}

for kind in $TOKENS; do
	token_start "$kind"
	desk
	ON_TOKEN=" token"
	stores
	most
	store keep 0 0 >/dev/null
	objects_are
	strangers_objects
	store keep 0 0 >/dev/null
	flood
	while_locked
	seen_by_older
	token_stop
done

# --- Where the token takes none ---------------------------------------------------------------------

damaged_files() {
	store put 1-3 7 >/dev/null
	name=$(ls "$STATE"/private/*.box-7)
	base=${name%.box-7}
	head -c 100 "$name" >"$base.box-8"
	head -c 100000 /dev/zero >"$base.box-9"
	mkdir "$base.box-10"
	ln -s "$name" "$base.box-11"
	mkfifo "$base.ticket-4"
	printf 'p11b\003' >"$base.box-12"
	cp "$name" "$base.box-13.new"
	cp "$name" "${base}X.box-7"
	cp "$name" "$base.box-7x"
	reads "tickets 1-3 boxes 7 bad 5 newer 1" "$TOKEN: damaged files are counted, and hurt nobody"
	rmdir "$base.box-10"
	is "$(store keep 1-3 7 read)" "keep CKR_OK
tickets 1-3 boxes 7 bad 0 newer 1" "$TOKEN: and removed, but not what is newer"
	is "$(files)" "box-7 box-7 box-7x box-12 ticket-1 ticket-2 ticket-3 " "$TOKEN: nor what is another's"
	rm -f "$base.box-12" "${base}X.box-7" "$base.box-7x"
	is "$(stat -c %a "$name" "$base.ticket-1" | tr '\n' ' ')" "600 600 " "$TOKEN: nobody else may read them"
}

for kind in tpm2 openpgp; do
	token_start "$kind"
	desk
	ON_TOKEN=
	stores
	most
	is "$(files | wc -w)" 101 "$TOKEN: all of it is in files"
	store keep 0 0 >/dev/null
	damaged_files
	logged "the token takes no public data objects" "$TOKEN: the log says where they are"
	is "$(store forget read)" "forget CKR_OK
tickets boxes bad 0 newer 0" "$TOKEN: forget removes them"
	token_stop
done

# --- A module that lies ----------------------------------------------------------------------------

softhsm_start
OBJECTS_VENDOR=$MODULE
MODULE=$BUILDDIR/tests/card/objects.so
export OBJECTS_VENDOR
desk softhsm

# lie WORD [RV]: what follows is of such a module.
lie() {
	OBJECTS_LIE=$*
	export OBJECTS_LIE
}

refuses_objects() {
	lie "$@"
	is "$(store put 1-3 2 read)" "put CKR_OK
tickets 1-3 boxes 2 bad 0 newer 0" "$*: they are files"
	is "$(store keep 2 0 read)" "keep CKR_OK
tickets 2 boxes bad 0 newer 0" "$*: and removed again"
	store keep 0 0 >/dev/null
	lie honest
	reads "tickets boxes bad 0 newer 0" "$*: nothing of them is left on the token"
}

refuses_objects lose
refuses_objects full
refuses_objects read-only
refuses_objects without
refuses_objects refuse 101
refuses_objects refuse 6
refuses_objects refuse 31

misreads() {
	lie "$1"
	is "$(store read)" "$2" "$1: what is read"
}

lie honest
is "$(store put 1-3 2)" "put CKR_OK" "an honest one again"
lie read-only
is "$(store keep 1-3 2)" "keep CKR_OK" "read-only: nothing to remove, nothing to complain of"
misreads "no-find 101" "tickets boxes 2 bad 0 newer 0"
misreads "no-find 54" "tickets boxes 2 bad 0 newer 0"
misreads "no-find 31" "read CKR_DEVICE_MEMORY"
misreads "no-find 32" "read CKR_DEVICE_REMOVED"
misreads long "tickets boxes 2 bad 4 newer 0"
misreads minus "tickets boxes 2 bad 4 newer 0"
misreads grow "tickets boxes 2 bad 4 newer 0"
misreads shrink "tickets boxes 2 bad 4 newer 0"
misreads "value 11" "tickets boxes 2 bad 4 newer 0"
misreads "value 82" "tickets boxes 2 bad 0 newer 0"
misreads "value 32" "read CKR_DEVICE_REMOVED"
misreads more "tickets 1-3 boxes 2 bad 0 newer 0 token"
like "$(lie endless && store read)" "tickets* boxes 2 bad 0 newer 0 many token" "endless: it ends"
lie hang
latch_conf "spawn:$HELPER" softhsm 2
is "$(store read)" "" "hang: there is an end"
logged "C_GetAttributeValue of the vendor's module has not come back after 2 s" "hang: and the log says why"
latch_conf "spawn:$HELPER" softhsm
lie stuck
is "$(store keep 1 0)" "keep CKR_TOKEN_WRITE_PROTECTED" "stuck: it says so"
logged "old tickets or boxes cannot be removed" "and so does the log"
# Killed at any step, and what was to be done is done by doing it again; nothing else is lost by it.
for when in kill kill-after; do
	for nth in 1 2 3 4; do
		lie honest
		store keep 0 0 put 1-3 2 >/dev/null
		lie "$when" "$nth"
		is "$(store put 4-6 3)" "" "$when $nth: while tickets are stored"
		lie honest
		like "$(store read)" "tickets 1-[3-6] boxes 2* bad 0 newer 0 token" "$when $nth: the old ones are there"
		is "$(store put 4-6 3 read)" "put CKR_OK
tickets 1-6 boxes 2 3 bad 0 newer 0 token" "$when $nth: once more, and the new ones are"
		lie "$when" "$nth"
		is "$(store keep 4-6 3)" "" "$when $nth: while the old ones are removed"
		lie honest
		like "$(store read)" "tickets * boxes* 3 bad 0 newer 0 token" "$when $nth: the new ones are there"
		is "$(store keep 4-6 3 read)" "keep CKR_OK
tickets 4-6 boxes 3 bad 0 newer 0 token" "$when $nth: once more, and they alone"
	done
done

store keep 0 0 >/dev/null
lie refuse 32
is "$(store put 5 9)" "put CKR_DEVICE_REMOVED" "a card that is pulled is no refusal"
is "$(files)" "" "and leaves no box that would cost a try"
lie honest
is "$(store keep 0 0 put 1 3)" "keep CKR_OK
put CKR_OK" "a box is there"
lie refuse 32
is "$(store put 5-6 0 put 1 3)" "put CKR_DEVICE_REMOVED
put CKR_OK" "to store it again is no fault"
is "$(files)" "box-3 " "nor is its file removed"
token_stop

# --- SO secrets --------------------------------------------------------------------------------------

unset OBJECTS_VENDOR OBJECTS_LIE

# draws WHAT LINE...: by a binding with these LINEs.
draws() {
	draws_what=$1
	shift
	latch_setup
	printf '%s\n' PersonalizeOn=command "$@" | policy
	is "$(store draw)" "draw $draws_what" "$TOKEN${1:+, $*}: the SO secret that is drawn: $draws_what"
}

token_start softhsm
draws "32 letters"
draws "32 digits" Profile.PinDigits=true
draws "10 letters" Profile.PinMax=10
draws "6 letters" Profile.PinMax=6
draws none Profile.PinMax=5
draws none Profile.UnblockStyle=set-pin
draws "48 letters key" Profile.SoIsKey=true
is "$(store draw draw draw draw | sort -u)" "draw 48 letters key" "and others each time are of one form"
token_stop
token_start opencryptoki
draws "8 letters"
token_stop

done_testing
