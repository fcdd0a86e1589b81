# SPDX-License-Identifier: BSD-3-Clause
# Firefox with p11-latch from a policy of its administrator, on a web page that requires the card's certificate, and
# the dialogs of its device manager; before, during and after blocking.
set -u
. "$SRCDIR/tests/lib/all.sh"
. "$SRCDIR/tests/lib/desk.sh"
. "$SRCDIR/tests/lib/clients.sh"
. "$SRCDIR/tests/lib/tls.sh"

command -v firefox-esr >/dev/null || bail_out "firefox-esr is not installed"
if is_sanitized && ! foreign firefox-esr --version >/dev/null 2>&1; then
	skip "Firefox" "it has an allocator of its own, and does not start with this sanitizer's runtime in it"
	done_testing
fi
PYTHON=/usr/bin/python3
URL=https://localhost:$TLS_PORT/
MARIONETTE=2828
MOZ_CRASHREPORTER_DISABLE=1
export MOZ_CRASHREPORTER_DISABLE

# As an administrator does it: for every profile of the machine.
administrator() {
	install -d -m 755 /etc/firefox/policies
	cat >/etc/firefox/policies/policies.json <<-EOF
		{"policies": {
			"SecurityDevices": {"Add": {"card": "$LATCH"}},
			"Certificates": {"Install": ["$TLS/ca.pem"]},
			"DisableAppUpdate": true
		}}
	EOF
}

marionette_listens() {
	[ -n "$(ss -H -l -t -n "sport = :$MARIONETTE")" ]
}

# A profile of its own, which asks nobody for the certificate to be used, and which makes one connection for a page,
# not one more where the first is slow: each asks for the PIN.
firefox_start() {
	rm -rf "$SCRATCH/profile"
	mkdir "$SCRATCH/profile"
	mkdir -p "$SCRATCH/person"
	cat >"$SCRATCH/profile/user.js" <<-'EOF'
		user_pref("security.default_personal_cert", "Select Automatically");
		user_pref("network.http.connection-retry-timeout", 0);
		user_pref("network.http.speculative-parallel-limit", 0);
		user_pref("network.dns.disableIPv6", true);
		user_pref("browser.chrome.site_icons", false);
	EOF
	foreign exec firefox-esr --headless --marionette --remote-allow-system-access --no-remote \
		--profile "$SCRATCH/profile" >"$SCRATCH/firefox.log" 2>&1 </dev/null &
	firefox=$!
	wait_for 60 marionette_listens || bail_out "firefox: $(cat "$SCRATCH/firefox.log")"
	shows "finds the token" "token: card, 0 " token
}

# person STEP ARG...
person() {
	timeout 90 "$PYTHON" "$SRCDIR/tests/clients/firefox.py" "$MARIONETTE" "$SCRATCH/person" "$LABEL" "$@" 2>&1
}

firefox_stop() {
	person quit >"$SCRATCH/quit.log" || kill "$firefox" 2>/dev/null
	wait_for 20 gone "$firefox" || bail_out "firefox does not end: $(cat "$SCRATCH/quit.log")"
}

# shows TEXT PATTERN STEP ARG...: a test of one step of firefox.py.
shows() {
	shows_text=$1
	shows_pattern=$2
	shift 2
	like "$(person "$@")" "$shows_pattern" "$kind: Firefox $shows_text"
}

ASKED="Please authenticate to the security device ($LABEL)."

before() {
	firefox_start
	shows "shows the page to who types the PIN" "visit: alice's page, 1 $ASKED" visit "$URL" "$PIN"
	shows "is logged out" "logout: not logged in, 0 " logout
	shows "asks again after a wrong PIN" "visit: alice's page, 2 $ASKED" visit "$URL" 999999 "$PIN"
	firefox_stop
}

# It asks once, and says nothing of a PIN afterwards.
during() {
	firefox_start
	shows "has an error page for a blocked card's right PIN" \
		"visit: SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT, 1 $ASKED" visit "$URL" "$PIN"
	shows "asks once at its button Log In" "login: not logged in, 1 $ASKED" login "$PIN"
	untouched Firefox
}

# Its dialog logs in with the old password first: a PUK unblocks where the binding, or the profile, says that a login
# may.
after() {
	if [ "$TOKEN" != softhsm ]; then
		shows "cannot unblock by its dialog, UnblockByLogin=auto" \
			"change: answered, 1 Unable to change password." change "$SO" "$PIN_NEW"
		untouched "Firefox's dialog"
		client_desk UnblockByLogin=yes
	fi
	shows "unblocks: Change Password, the PUK as current password" \
		"change: answered, 1 Password successfully changed." change "$SO" "$PIN_NEW"
	is "$(record State)" active "$kind: Firefox: the card is unblocked"
	shows "is logged out" "logout: not logged in, 0 " logout
	shows "shows the page to who types the new PIN" "visit: alice's page, 1 $ASKED" visit "$URL" "$PIN_NEW"
	firefox_stop
	active_is "$PIN_NEW" "$kind: Firefox has ended: the new PIN is right"
}

tls_setup
openssl_server
for kind in $TOKENS; do
	token_start "$kind"
	latch_setup
	administrator
	client_desk UnblockByLogin=auto
	tls_card
	before
	block_card
	during
	after
	token_stop
done
serves_no_more
done_testing
