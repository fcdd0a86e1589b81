# SPDX-License-Identifier: BSD-3-Clause
# Passing through changes nothing: the same programs on the same token give the same answers, byte by byte,
# directly and through the module; on a token that no policy governs, and on a governed one that is in use.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"

# One token, put back as it was before each run: the same serial number, slots and handles.
save_token() {
	token_stop
	rm -rf "$SCRATCH/saved"
	case $TOKEN in
	softhsm) cp -a "$SCRATCH/softhsm" "$SCRATCH/saved" ;;
	opencryptoki)
		cp -a /var/lib/opencryptoki "$SCRATCH/saved"
		opencryptoki_daemon
		;;
	esac
}

restore_token() {
	token_stop
	case $TOKEN in
	softhsm)
		rm -rf "$SCRATCH/softhsm"
		cp -a "$SCRATCH/saved" "$SCRATCH/softhsm"
		;;
	opencryptoki)
		rm -rf /var/lib/opencryptoki/* /dev/shm/var.lib.opencryptoki.*
		cp -a "$SCRATCH/saved"/* /var/lib/opencryptoki/
		opencryptoki_daemon
		;;
	esac
}

# What is random: public points; SoftHSM numbers objects, and lists them, in the order of random names.
mask() {
	sed -e "s|$LATCH|MODULE|g" -e "s|$MODULE|MODULE|g" -e 's/EC_POINT: .*/EC_POINT: RANDOM/' \
		-e 's/^Data object [0-9]*$/Data object NUMBER/'
}

sort_objects() {
	mask | awk '
		/^[A-Z].*[Oo]bject/ || /^(pkcs11-tool|exit status)/ { n++ }
		{ block[n] = block[n] $0 "|" }
		END { for (i = 0; i <= n; i++) print block[i] | "sort" }' | tr '|' '\n'
}

# tool LINE: one run of pkcs11-tool on the token, its output and exit status.
tool() {
	echo "pkcs11-tool $*"
	foreign pkcs11-tool --module "$LIB" "$@" </dev/null 2>&1
	echo "exit status $?"
}

user() {
	tool --token-label "$LABEL" --login --pin "$PIN" "$@"
}

lists() {
	user --list-objects | sort_objects
}

shows() {
	tool --show-info
	tool --list-slots
	tool --list-token-slots
	tool --list-mechanisms --token-label "$LABEL"
	tool --list-interfaces
	tool --list-objects --token-label "$LABEL"
	lists
}

keys() {
	user --keypairgen --key-type rsa:2048 --label rsa --id 01
	user --test
	user --keypairgen --key-type EC:prime256v1 --label ec --id 02
	lists
	user --generate-random 32 --output-file "$WORK/random"
	wc -c <"$WORK/random"
	user --sign --mechanism RSA-PKCS --id 01 --input-file "$WORK/data" --output-file "$WORK/rsa.sig"
	user --verify --mechanism RSA-PKCS --id 01 --input-file "$WORK/data" \
		--signature-file "$WORK/rsa.sig"
	user --read-object --type pubkey --id 01 --output-file "$WORK/rsa.der"
	openssl pkeyutl -verifyrecover -pubin -keyform DER -inkey "$WORK/rsa.der" -in "$WORK/rsa.sig"
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$WORK/rsa.der" -in "$WORK/data" \
		-out "$WORK/rsa.enc"
	user --decrypt --mechanism RSA-PKCS --id 01 --input-file "$WORK/rsa.enc" \
		--output-file "$WORK/decrypted"
	cmp "$WORK/decrypted" "$WORK/data"
	# openCryptoki's software token knows no curves, and says so.
	openssl dgst -sha256 -binary -out "$WORK/hash" "$WORK/data"
	user --sign --mechanism ECDSA --id 02 --input-file "$WORK/hash" --output-file "$WORK/ec.sig" \
		--signature-format openssl
	user --read-object --type pubkey --id 02 --output-file "$WORK/ec.der"
	[ ! -s "$WORK/ec.sig" ] || openssl pkeyutl -verify -pubin -keyform DER -inkey "$WORK/ec.der" \
		-sigfile "$WORK/ec.sig" -in "$WORK/hash"
}

objects() {
	user --write-object "$SCRATCH/cert.der" --type cert --label cert --id 01
	user --read-object --type cert --id 01 --output-file "$WORK/cert.der"
	cmp "$WORK/cert.der" "$SCRATCH/cert.der"
	user --write-object "$WORK/data" --type data --label private --private
	user --write-object "$WORK/data" --type data --label public
	tool --token-label "$LABEL" --list-objects --type data
	user --read-object --type data --label private --output-file "$WORK/private"
	cmp "$WORK/private" "$WORK/data"
	tool --token-label "$LABEL" --read-object --type data --label private
	lists
	for type in cert privkey pubkey; do
		user --delete-object --type "$type" --id 01
	done
	user --delete-object --type data --label private
	lists
}

# Errors, and PINs: the PIN is changed to another and back, and the SO PIN too.
pins() {
	tool --token-label "$LABEL" --login --pin 999999 --list-objects
	lists
	user --change-pin --new-pin "$PIN_NEW"
	lists
	tool --token-label "$LABEL" --login --pin "$PIN_NEW" --change-pin --new-pin "$PIN"
	tool --token-label "$LABEL" --login --login-type so --so-pin "$SO" --change-pin --new-pin "$SO_NEW"
	tool --token-label "$LABEL" --login --login-type so --so-pin "$SO_NEW" --change-pin --new-pin "$SO"
	tool --token-label "$LABEL" --list-token-slots
	tool --token-label nobody --list-objects
}

# Call by call, also out of order.
calls() {
	"$P11DRIVE" "$LIB" "login user $PIN" slots "open rw" initialize initialize "slot-label $LABEL" \
		token-info "close-all" "open ro a" session-info "open rw b" session-info \
		"login user $PIN" "login user $PIN" "login so $SO" session-info "init-pin $PIN" \
		"login context $PIN" "gen-key k" "sign k" "create-data d hex:00ff private" "find d" \
		"read-data d" "destroy d" "set-pin 999999 111111" "set-pin $PIN 1" logout logout \
		"login so $SO" "close a" "login so $SO" session-info "init-pin 1" logout \
		"set-pin 999999 111111" "login user 999999" "login user $PIN" "login user empty" \
		"login user null" "login so 99999999" token-info close close "open rw c" session-info \
		close-all session-info finalize finalize token-info initialize "slot-label $LABEL" \
		token-info finalize
}

# run LIB NAME: everything, from the same beginning.
run() {
	LIB=$1
	WORK=$SCRATCH/work
	rm -rf "$WORK"
	mkdir "$WORK"
	echo "what is signed" >"$WORK/data"
	restore_token
	for part in shows keys objects pins calls; do
		"$part" 2>&1 | mask >"$SCRATCH/$2.$part"
	done
	unlike "$(cat "$SCRATCH/$2.keys")" "*:error:*" "$kind, $3: keys and signatures are right"
	passes "$kind, $3: no helper is left" wait_for 10 no_helpers
}

same() {
	for part in shows keys objects pins calls; do
		if cmp -s "$SCRATCH/direct.$part" "$SCRATCH/latch.$part"; then
			ok "$kind, $1: $part are the same ($(wc -l <"$SCRATCH/latch.$part") lines)"
		else
			not_ok "$kind, $1: $part are the same" \
				"$(diff -u "$SCRATCH/direct.$part" "$SCRATCH/latch.$part")"
		fi
	done
}

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$SCRATCH/key.pem" -subj /CN=me -days 1 \
	-outform DER -out "$SCRATCH/cert.der" 2>/dev/null || bail_out "openssl req"
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	personalize_direct
	save_token
	run "$MODULE" direct direct
	run "$MODULE" latch "direct once more"
	same "direct against direct"

	run "$LATCH" latch "no binding"
	same "no binding"
	is "$(record State)" none "$kind, no binding: nothing is remembered of it"

	client_desk
	restore_token
	"$CMD" adopt "pkcs11:token=$LABEL" >"$SCRATCH/adopt.log" 2>&1 || bail_out "adopt"
	run "$LATCH" latch "governed and active"
	same "governed and active"
	is "$(record State)" active "$kind, governed and active: it is that still"
	token_stop
done
done_testing
