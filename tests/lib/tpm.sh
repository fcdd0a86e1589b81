# SPDX-License-Identifier: BSD-3-Clause
# A TPM 2.0: swtpm on loopback, and tpm2-pkcs11 as its vendor module. Sourced by tokens.sh.
#
#	tpm2_start                a factory token of tpm2-pkcs11 in a TPM of this test's own
#	tpm2_wrong                how many wrong values the TPM has counted, of all its keys and tokens
#	tpm2_forgive              ends the TPM's lockout, and begins its count anew
#	tpm2_sessions             how many sessions it has room for but are taken
#	tpm2_flush                ends them; whoever is logged in is not any more
#
# A process that ends logged in leaves a session in the TPM, which has room for three and, other than
# behind the kernel's /dev/tpmrm0, frees none by itself.

TPM_PORT=2321

tpm2_start() {
	TOKEN=tpm2
	ONCE_END=finalize
	MODULE=$(multiarch_file pkcs11/libtpm2_pkcs11.so) || bail_out "libtpm2-pkcs11-1 is not installed"
	TPM2_PKCS11_STORE=$SCRATCH/tpm-store
	TPM2_PKCS11_TCTI=swtpm:host=127.0.0.1,port=$TPM_PORT
	TPM2TOOLS_TCTI=$TPM2_PKCS11_TCTI
	# What libtss2 and the module say of a wrong PIN on standard error, in every program.
	TSS2_LOG=all+NONE
	TPM2_PKCS11_LOG_LEVEL=0
	export TPM2_PKCS11_STORE TPM2_PKCS11_TCTI TPM2TOOLS_TCTI TSS2_LOG TPM2_PKCS11_LOG_LEVEL
	rm -rf "$SCRATCH/tpm"
	install -d -m 700 "$SCRATCH/tpm"
	swtpm socket --tpm2 --tpmstate "dir=$SCRATCH/tpm" --flags not-need-init,startup-clear \
		--server "type=tcp,bindaddr=127.0.0.1,port=$TPM_PORT" \
		--ctrl "type=tcp,bindaddr=127.0.0.1,port=$((TPM_PORT + 1))" \
		>"$SCRATCH/swtpm.log" 2>&1 &
	tpm2_pid=$!
	wait_for 10 tpm2_wrong || bail_out "swtpm does not start: $(cat "$SCRATCH/swtpm.log")"
	token_new
}

tpm2_new() {
	tpm2_flush
	tpm2_clear -c p || bail_out "tpm2_clear fails"
	rm -rf "$TPM2_PKCS11_STORE"
	install -d -m 700 "$TPM2_PKCS11_STORE"
	token_lines "slot 0" "init-token $SO \"$LABEL\"" finalize
}

tpm2_stop() {
	kill "$tpm2_pid" 2>/dev/null
	wait_for 5 gone "$tpm2_pid" || kill -9 "$tpm2_pid"
	unset ONCE_END TPM2_PKCS11_STORE TPM2_PKCS11_TCTI
}

tpm2_wrong() {
	tpm2_caps=$(tpm2_getcap properties-variable) || return 1
	printf '%d' "$(printf '%s\n' "$tpm2_caps" | sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: *//p')"
}

tpm2_forgive() {
	tpm2_dictionarylockout -c || bail_out "tpm2_dictionarylockout fails"
}

tpm2_sessions() {
	tpm2_getcap handles-loaded-session | grep -c 0x
}

tpm2_flush() {
	tpm2_flushcontext -l || bail_out "tpm2_flushcontext fails"
}
