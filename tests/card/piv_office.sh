# SPDX-License-Identifier: BSD-3-Clause
# An office of YubiKeys, as p11-latch(7) has it in its examples, from the factory to the holder's first login.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/piv.sh"

kind=piv-ykcs11

# example FILE: the example of that name, as a person pastes it.
example() {
	sed -n "\\|^\\.Pa /etc/p11-latch/$1|,/^\\.Ed/p" "$SRCDIR/man/p11-latch.7" |
		sed -n '/^\.Bd/,/^\.Ed/p' | sed -e '/^\.[BE]d/d' -e "s|/etc/p11-latch|$CONF_DIR|"
}

yubikeys() {
	for name in personalize-yubikey unblock-yubikey new-yubikey; do
		example "descriptions/$name.dsc" | description "$name"
	done
	sed -n '/^\.Sh EXAMPLES/,$p' "$SRCDIR/man/p11-latch.7" | sed -n '/^\[pkcs11:manufacturer=Yubico/,/^\.Ed/p' |
		sed -e '/^\.Ed/d' -e "s|/etc/p11-latch|$CONF_DIR|" >"$POLICY"
	install -d -m 700 "$CONF_DIR/puks" "$CONF_DIR/letters"
	(umask 077 && echo 90817263 >"$CONF_DIR/puks/$SERIAL" && echo 445566 >"$CONF_DIR/letters/$SERIAL")
}

tool() {
	foreign pkcs11-tool --module "$LATCH" "$@" >"$SCRATCH/tool" 2>&1
}

piv_start
PUK=12345678
fresh
yubikeys
like "$("$CMD" check 2>&1)" "*no errors*" "check finds no error in the examples"
passes "a new one's PUK is changed" "$CMD" apply "$CONF_DIR/descriptions/new-yubikey.dsc" "$CARD"
is "$(card_pin card puk), $(record State)" "3 90817263, none" "it is the office's, and the card as new as before"
passes "pkcs11-tool sets the PIN" tool --login --pin "$CARD_PIN" --change-pin --new-pin "$PIN"
becomes blocked "the card is blocked when it is done"
wait_for 10 no_helpers
is_blocked "by its lock, with all tries of its PUK"
fails "its PIN is of no use" tool --login --pin "$PIN" --sign --mechanism SHA256-RSA-PKCS --id 01 --input-file "$0"
is "$(counters), $(record State)" "0 3, blocked" "and the card keeps all tries of its PUK"
passes "the PIN of the letter is, at the first login" tool --login --pin 445566 --sign --mechanism SHA256-RSA-PKCS \
	--id 01 --input-file "$0" --output-file "$SCRATCH/signature"
is "$(record State), $(card_pin card pin), $(counters)" "active, 3 445566, 3 3" "and the card is its holder's"
no_secret "no secret stands in log or state" 90817263 445566 "$PIN"
token_stop
done_testing
