# SPDX-License-Identifier: BSD-3-Clause
# A daemon that has its PIN stored: wpa_supplicant opens a network port by EAP-TLS with the card's key, before, during
# and after blocking. hostapd is the switch and the authentication server, at the other end of a pair of interfaces.
# wpa_supplicant loads modules from /usr/lib and /lib only: p11-kit-proxy.so, which has p11-latch's tokens.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

for program in hostapd wpa_supplicant wpa_cli; do
	command -v "$program" >/dev/null || bail_out "$program is not installed"
done
ENGINE=$(multiarch_file engines-3/pkcs11.so) || bail_out "libengine-pkcs11-openssl is not installed"
W=$SCRATCH/wpa
mkdir -p "$W"

switch_start() {
	printf '* TLS\n' >"$W/users"
	cat >"$W/hostapd.conf" <<-EOF
		interface=switch
		driver=wired
		ieee8021x=1
		eap_server=1
		eap_user_file=$W/users
		ca_cert=$TLS/ca.pem
		server_cert=$TLS/server.pem
		private_key=$TLS/server.key
	EOF
	ip link set switch up
	ip link set port up
	: >"$W/switch.log"
	hostapd "$W/hostapd.conf" >"$W/switch.log" 2>&1 </dev/null &
	switch=$!
	wait_for 10 grep -q AP-ENABLED "$W/switch.log" || bail_out "hostapd: $(cat "$W/switch.log")"
}

switch_stop() {
	kill "$switch"
	wait_for 5 gone "$switch" || bail_out "hostapd does not end"
}

# supplicant_start PIN: as it stands in the configuration. The switch has forgotten whom it refused before, and for
# how long.
supplicant_start() {
	switch_start
	cat >"$W/wpa.conf" <<-EOF
		ctrl_interface=$W/control
		ap_scan=0
		pkcs11_engine_path=$ENGINE
		pkcs11_module_path=$PROXY
		network={
			key_mgmt=IEEE8021X
			eap=TLS
			identity="alice"
			ca_cert="$TLS/ca.pem"
			client_cert="$TLS/client.pem"
			engine=1
			engine_id="pkcs11"
			key_id="pkcs11:token=$LABEL;object=key;type=private"
			pin="$1"
		}
	EOF
	: >"$W/log"
	foreign exec wpa_supplicant -Dwired -iport -c"$W/wpa.conf" >"$W/log" 2>&1 </dev/null &
	supplicant=$!
}

supplicant_stop() {
	kill "$supplicant" 2>/dev/null
	wait_for 10 gone "$supplicant" || bail_out "wpa_supplicant does not end"
	# Where SoftHSM and the engine crash at the end it leaves this behind.
	rm -rf "$W/control"
	switch_stop
}

control() {
	wpa_cli -p "$W/control" -i port "$@"
}

# says TEXT PATTERN: a test that it does so within 15 s.
says() {
	if wait_for 15 grep -q -e "$2" "$W/log"; then
		ok "$kind: wpa_supplicant $1"
	else
		not_ok "$kind: wpa_supplicant $1" "does not say: $2" "$(cat "$W/log")" "the log:" "$(log_text | tail -n 5)"
	fi
}

port_is() {
	like "$(control status)" "*suppPortStatus=$1*" "$kind: $2: the port is $1"
}

opens() {
	says "$1" CTRL-EVENT-EAP-SUCCESS
	port_is Authorized "$1"
}

# It tries the stored PIN once, forgets it, and asks for another over its control interface.
refused() {
	supplicant_start "$PIN"
	says "$1: says that the PIN is locked" "PIN locked"
	says "$1: and asks for another" "CTRL-REQ-PIN"
	port_is Unauthorized "$1"
}

before() {
	supplicant_start "$PIN"
	opens before
	supplicant_stop
}

# On a token that counts, more often than its PUK has tries; each start is a boot of the machine.
during() {
	[ "$TOKEN" = softhsm ] || for boot in 1 2 3; do
		refused "blocked, start $boot"
		supplicant_stop
	done
	refused "blocked, and left running"
	untouched wpa_supplicant
}

# The one that runs takes the new PIN; on SoftHSM it keeps what it read at its start, as each program does.
after() {
	unblock_card
	control pin 0 "$PIN_NEW" >"$W/control.log" 2>&1
	is "$(tail -n 1 "$W/control.log")" OK "$kind: wpa_cli pin 0"
	case $TOKEN in
	softhsm) logged "wpa_supplicant.*another process changed the PIN" "$kind: it is to be restarted" ;;
	*) opens "with the new PIN" ;;
	esac
	supplicant_stop
	supplicant_start "$PIN_NEW"
	opens "with the new PIN in its configuration"
	supplicant_stop
}

# Where the binding says that a login may unblock, a stored PIN is taken for a PUK: one try, and no second one.
by_login() {
	[ "$TOKEN" != softhsm ] || return 0
	client_desk UnblockByLogin=yes
	block_card
	for boot in 1 2; do
		refused "UnblockByLogin=yes, start $boot"
		supplicant_stop
	done
	is "$(record State)" blocked "$kind: UnblockByLogin=yes: the card is blocked still"
	like "$(flags "$MODULE")" "* SO_PIN_COUNT_LOW *" "$kind: UnblockByLogin=yes: it has cost a try"
	unlike "$(flags "$MODULE")" "* SO_PIN_FINAL_TRY *" "$kind: UnblockByLogin=yes: and not two"
}

if ! ip link add switch type veth peer name port 2>"$W/link.log"; then
	skip "wpa_supplicant" "this kernel has no veth: $(cat "$W/link.log")"
	done_testing
fi
tls_setup
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	client_desk UnblockByLogin=auto
	p11_kit_setup
	tls_card
	before
	block_card
	during
	after
	by_login
	token_stop
done
done_testing
