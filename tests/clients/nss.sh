# SPDX-License-Identifier: BSD-3-Clause
# NSS (Firefox, Thunderbird, LibreOffice): modutil -changepw and certutil before, during and after blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"

DB=sql:$SCRATCH/nss
for name in SO PIN PIN_NEW; do
	eval "printf '%s\n' \"\$$name\"" >"$SCRATCH/file.$name"
done
printf '99999999\n' >"$SCRATCH/file.wrong"

# A profile of its own, with the module in it.
profile() {
	rm -rf "$SCRATCH/nss"
	mkdir "$SCRATCH/nss"
	gives "$kind, $way: modutil -create" 0 "*" modutil -force -dbdir "$DB" -create
	gives "$kind, $way: modutil -add" 0 "*added to database*" \
		modutil -force -dbdir "$DB" -add card -libfile "$(module_of "$way")"
	gives "$kind, $way: modutil -list shows the token" 0 "*token: $LABEL
*" modutil -dbdir "$DB" -list
}

certs() {
	certs_text=$1
	certs_status=$2
	certs_pattern=$3
	certs_pin=$4
	shift 4
	gives "$kind, $way: certutil $certs_text" "$certs_status" "$certs_pattern" \
		certutil -d "$DB" -h "$LABEL" -f "$SCRATCH/file.$certs_pin" "$@"
}

changepw() {
	gives "$kind, $way: modutil -changepw, $1" "$2" "$3" modutil -force -dbdir "$DB" \
		-changepw "$LABEL" -pwfile "$SCRATCH/file.$4" -newpwfile "$SCRATCH/file.PIN_NEW"
}

# A key and a certificate on the card, made while its PIN is its user's.
before() {
	personalize_direct
	"$CMD" adopt "pkcs11:token=$LABEL" >"$SCRATCH/adopt.log" 2>&1 || bail_out "adopt"
	gives "$kind, $way: certutil -S makes a key and a certificate" 0 "*" \
		certutil -S -d "$DB" -h "$LABEL" -f "$SCRATCH/file.PIN" -n mine -s CN=me -x -t u,u,u \
		-z "$SRCDIR/COPYING" -k rsa -g 2048
	certs "-K shows the key" 0 "*rsa*" PIN -K
	certs "-L shows the certificate" 0 "*$LABEL:mine*" PIN -L
}

while_another_personalizes() {
	"$CMD" forget "pkcs11:token=$LABEL" >"$SCRATCH/forget.log" 2>&1 || bail_out "forget"
	personalize desk
	certs "-K while another program personalizes" "not 0" "*SEC_ERROR_LOCKED_PASSWORD*" PIN -K
	must desk finalize
	drive_stop desk
}

during() {
	certs "-K on a blocked card, with its right PIN" "not 0" "*SEC_ERROR_LOCKED_PASSWORD*" PIN -K
	certs "-L on a blocked card" "not 0" "*SEC_ERROR_LOCKED_PASSWORD*" PIN -L
	changepw "a wrong PUK" "not 0" "*Incorrect password*" wrong
	is "$(record State)" blocked "$kind, $way: the card is blocked still"
}

after() {
	# The tries of before are forgotten: openCryptoki has three, and UnblockByLogin= spends one.
	block_card
	changepw "the PUK as old password" 0 "*password changed successfully*" SO
	active_is "$PIN_NEW" "$kind, $way: the card is unblocked, the new password its PIN"
	certs "-K with the new PIN" 0 "*rsa*" PIN_NEW -K
	certs "-L with the new PIN" 0 "*$LABEL:mine*" PIN_NEW -L
	certs "-D deletes the certificate" 0 "*" PIN_NEW -D -n "$LABEL:mine"
	is "$(login_rv "$MODULE" user "$SO")" CKR_PIN_INCORRECT "$kind, $way: the PUK never became a PIN"
}

for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk
	p11_kit_setup
	for way in direct proxy; do
		fresh
		profile
		before
		while_another_personalizes
		block_card
		during
		after
	done
	no_secret "$kind: no log and no record holds a PIN or PUK" "$SO" "$PIN" "$PIN_NEW"
	token_stop
done
done_testing
