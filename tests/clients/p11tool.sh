# SPDX-License-Identifier: BSD-3-Clause
# GnuTLS's p11tool, and p11-kit: before, during and after blocking, by the module itself and by p11-kit. (As its
# provider p11tool does not take p11-kit-proxy.so, whatever is behind it.)
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"

# By p11-kit's configuration, or with one library named.
p11() {
	p11_text=$1
	p11_status=$2
	p11_pattern=$3
	shift 3
	[ "$way" = kit ] || set -- --provider "$(module_of "$way")" "$@"
	gives "$kind, $way: $p11_text" "$p11_status" "$p11_pattern" p11tool --batch "$@" "pkcs11:token=$LABEL"
}

# p11tool itself does not say of a token that it is locked.
shows_flags() {
	like "$(foreign p11-kit list-modules | sed -n "/ token: $LABEL\$/,/ token: /p" | tr -s ' \n' ' ')" \
		"$1" "$kind, p11-kit list-modules: $2"
}

before() {
	fresh
	shows_flags "*token-initialized *" "a factory card"
	p11 "--initialize-pin personalizes" 0 "*" --set-so-pin="$SO" --set-pin="$PIN" --initialize-pin
	is_blocked "$kind, $way: p11tool has ended"

	fresh
	personalize desk
	p11 "nobody logs in while another program personalizes" "not 0" "*PIN locked*" \
		--login --set-pin="$PIN" --list-all
	must desk finalize
	drive_stop desk
}

during() {
	shows_flags "*user-pin-locked*" "a blocked card's PIN is locked"
	p11 "the right PIN is refused" "not 0" "*PIN locked*" --login --set-pin="$PIN" --list-all
	is "$(record State)" blocked "$kind, $way: the card stays blocked"
}

# With the PUK as PIN one may look, on a token where a try costs nothing; the card stays blocked.
looks_with_puk() {
	[ "$kind" = softhsm ] || return 0
	p11 "the PUK as PIN opens the card, not unblocks it" "not 0" "*No matching objects*" \
		--login --set-pin="$SO" --list-all
	is "$(record State)" blocked "$kind, $way: it is blocked still"
}

after() {
	p11 "--initialize-pin unblocks it" 0 "*" \
		--set-so-pin="$SO" --set-pin="$PIN_NEW" --initialize-pin
	active_is "$PIN_NEW" "$kind, $way: the new PIN is right"
	passes "$kind, $way: nobody waits for anything" wait_for 10 no_helpers
	passes "$kind, $way: nor is it blocked again" state_is active
	p11 "the new PIN works here" "not 0" "*No matching objects*" \
		--login --set-pin="$PIN_NEW" --list-all
	foreign pkcs11-tool --module "$MODULE" --token-label "$LABEL" --login --pin "$PIN_NEW" \
		--keypairgen --key-type rsa:1024 --label key --id 01 >/dev/null 2>&1 || bail_out "keypairgen"
	p11 "and shows what is on the card" 0 "*object=key;type=private*" \
		--login --set-pin="$PIN_NEW" --list-all
	unlike "$(flags "$MODULE")" "*LOCKED*" "$kind, $way: nothing is locked"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk
	p11_kit_setup
	like "$(foreign p11-kit list-modules)" "p11-latch: $LATCH*token: $LABEL*" \
		"$kind: p11-kit list-modules shows the module and its token"
	for way in kit direct; do
		before
		block_card
		during
		looks_with_puk
		after
	done
	no_secret "$kind: no log and no record holds a PIN or PUK" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
