# SPDX-License-Identifier: BSD-3-Clause
# What a hostile client sends: the helper answers or drops it, and neither card nor record is touched.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/sockets.sh"
. "$SRCDIR/tests/lib/office.sh"

# hurts_nothing TEXT WORD...: as anyone; the answer or the end comes, and all is as it was.
hurts_nothing() {
	hurts_text=$1
	shift
	out=$(raw helper "$@" 2>&1)
	hurts_status=$?
	seen=$(what_is_seen)
	case $hurts_status:$out in
	0:*"still open"* | 0:*silent* | 0:*"$SO"*) not_ok "$kind: $hurts_text" "$out" ;;
	0:*)
		if [ "$seen" = "$before" ]; then
			ok "$kind: $hurts_text"
		else
			not_ok "$kind: $hurts_text" "was: $before" "is: $seen" "$out"
		fi
		;;
	*) not_ok "$kind: $hurts_text" "exit status $hurts_status: $out" ;;
	esac
	before=$seen
}

# Identity fields of 32, 32, 16 and 16 bytes, blank-padded.
identity() {
	printf '%-32s%-32s%-16s%-16s' "$@" | od -An -v -tx1 | tr -d ' \n'
}

frames() {
	hurts_nothing "nothing at all" shut end
	hurts_nothing "half a header" raw:0101 shut end
	hurts_nothing "another version" raw:0901000000000000 end
	hurts_nothing "two bytes that should be zero" raw:0101ffff00000000 end
	hurts_nothing "a length of four gigabytes" raw:01010000ffffffff zeros:1000 end
	hurts_nothing "a length beyond what is taken" raw:0101000000020001 zeros:140000 end
	hurts_nothing "a frame of zeroes, of the largest size" raw:0101000000020000 zeros:131072 end
	hurts_nothing "a field longer than its frame" raw:010100000000000501ffffffff end
	hurts_nothing "a field cut off in its header" raw:0101000000000003010000 end
	hurts_nothing "a tag twice" raw:010100000000000a01000000000100000000 end
	hurts_nothing "seventeen fields" raw:0101000000000055"$(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
		printf '%02x00000000' $((i + 100))
	done)" end
	hurts_nothing "nothing but zeroes" zeros:5000 end
	hurts_nothing "a frame cut in two by the end" login "id=hex:$ID" pin=1234 half shut end
	for type in 0 9 15 22 64 128 255; do
		hurts_nothing "type $type" "type:$type" "id=hex:$ID" "pin=$SO" send shut end
	done
	hurts_nothing "requests without a token" login ask set-pin ask so-login ask init-pin ask shut end
	hurts_nothing "an identity too short" login id=hex:00 ask shut end
	hurts_nothing "an identity too long" login id=zeros:4000 ask shut end
	hurts_nothing "a PIN of 120 KB" login "id=hex:$ID" pin=zeros:120000 ask shut end
	hurts_nothing "numbers of wrong sizes" login "id=hex:$ID" flags=hex:01 token-flags=hex:0011223344 \
		pin=99999999 ask shut end
	hurts_nothing "many descriptors" fds:253 login "id=hex:$ID" pin=99999999 ask fds:200 send shut end
	hurts_nothing "descriptors with each frame" fds:3 login "id=hex:$ID" pin=99999999 ask fds:9 result ask \
		fds:1 logout ask shut end
}

order_of_things() {
	hurts_nothing "a result that nobody waits for" result rv=u32:0 ask ask shut end
	hurts_nothing "the word that a C_InitPIN succeeded, without any" init-pin "id=hex:$ID" \
		token-flags=u32:0x40d ask result rv=u32:0 ask shut end
	hurts_nothing "and after the word of an SO login" so-login "id=hex:$ID" pin=11112222 ask init-pin \
		"id=hex:$ID" token-flags=u32:0x40d ask result rv=u32:0 ask shut end
	hurts_nothing "logout and release before anything" logout ask shut end
	hurts_nothing "release of a card that nobody holds" release "id=hex:$ID" ask shut end
	hurts_nothing "the word that a PIN was set after a watcher's end" release "id=hex:$ID" rv=u32:0 \
		flags=u32:128 token-flags=u32:0x40d ask shut end
	hurts_nothing "a result, with a card" so-login "id=hex:$ID" "pin=$SO" ask result rv=u32:0 ask shut end
	hurts_nothing "SO logins again and again" so-login "id=hex:$ID" "pin=$SO" ask ask ask ask shut end
	hurts_nothing "a user's login in an SO's conversation" so-login "id=hex:$ID" ask login "id=hex:$ID" ask \
		shut end
	hurts_nothing "another token in one conversation" so-login "id=hex:$ID" ask init-pin \
		"id=hex:$(identity other Forgery Paper 1)" ask shut end
	hurts_nothing "an order in an SO's conversation" so-login "id=hex:$ID" ask order op=u8:5 text=pkcs11: \
		ask shut end
	hurts_nothing "a hold" hold ask shut end
	hurts_nothing "a card that is handed over" hand-over "id=hex:$ID" "pin=$SO" cookie=x fds:1 send shut end
	hurts_nothing "a made-up hold" init-pin "id=hex:$ID" \
		cookie=0123456789abcdef:0123456789abcdef0123456789abcdef ask result rv=u32:160 ask shut end
	hurts_nothing "a hold with a path" init-pin "id=hex:$ID" \
		"cookie=../../../../etc/:0123456789abcdef0123456789abcdef" ask result rv=u32:160 ask shut end
	hurts_nothing "the word that the card is new, to void its record" init-pin "id=hex:$ID" \
		token-flags=u32:0x405 ask result rv=u32:160 ask shut end
}

tokens_that_are_not() {
	for label in ../../../etc/passwd /etc/passwd .. . '%00' "$(printf 'a\nb')"; do
		id=$(identity "$label" "$label" "$label" "$label")
		hurts_nothing "a token named $(printf '%s' "$label" | tr '\n' '?')" \
			login "id=hex:$id" pin=1234 ask set-pin "id=hex:$id" pin=1 new=2 ask shut end
		hurts_nothing "and its SO" so-login "id=hex:$id" pin=1 ask init-pin "id=hex:$id" ask \
			result rv=u32:0 ask shut end
	done
	hurts_nothing "a token of zeroes" login id=zeros:96 pin=1234 ask shut end
	hurts_nothing "a token of bytes beyond ASCII" login \
		"id=hex:$(printf 'ff%.0s' $(seq 96))" pin=1234 ask shut end
	is "$(find "$STATE" -type f ! -name "$NAME*" ! -name 'sequence*')" "" \
		"$kind: tokens that somebody makes up leave no files"
}

orders() {
	for op in 0 1 2 3 4 5 6 8 9 255; do
		hurts_nothing "order $op" order "op=u8:$op" text=pkcs11: "pin=$SO" "new=$PIN_NEW" file=/etc/passwd \
			"description=[Description]" given=hex:00ff ask shut end
	done
	hurts_nothing "an order without a URI" order op=u8:3 ask shut end
	hurts_nothing "recover with what is no URI" order op=u8:7 text=/etc/passwd ask shut end
	hurts_nothing "recover with a URI of 100 KB" order op=u8:7 text=zeros:100000 ask shut end
	hurts_nothing "recover with fields of the client's own" order op=u8:7 text=pkcs11: \
		given=hex:50554b000000000431323334 ask shut end
	hurts_nothing "a field given that ends in its name" order op=u8:7 text=pkcs11: given=hex:505554 ask shut end
	hurts_nothing "a field given that is longer than all" order op=u8:7 text=pkcs11: \
		given=hex:50554b00ffffffff31 ask shut end
}

# Random frames: the same at each run.
noise() {
	i=0
	while [ $i -lt 40 ]; do
		i=$((i + 1))
		bytes=$(printf '%s %s' "$kind" $i | sha512sum | cut -c 1-128)
		len=$(printf '%08x' $((i % 64)))
		raw helper "raw:01$(printf '%02x' $((i % 10)))0000$len$bytes" shut end >>"$SCRATCH/noise"
	done
	is "$(grep -c '^closed after' "$SCRATCH/noise")" 40 "$kind: noise is answered or dropped"
	is "$(what_is_seen)" "$before" "$kind: and changes nothing"
	: >"$SCRATCH/noise"
}

users_make
for kind in $TOKENS; do
	office_start "$kind"
	who anyone
	# What C_Login leaves behind once: files of locks.
	raw helper login "id=hex:$ID" pin=99999999 ask shut end >/dev/null
	before=$(what_is_seen)
	frames
	order_of_things
	tokens_that_are_not
	orders
	noise
	who root
	passes "$kind: wrong PIN letters stay counted" grep -qx LetterWrong=3 "$STATE/private/$NAME.state"
	office_ends
done
done_testing
