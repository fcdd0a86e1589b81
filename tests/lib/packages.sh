# SPDX-License-Identifier: BSD-3-Clause
# The Debian packages that building and testing need, and the installing of those that are missing. Sourced.

BUILD_PACKAGES="autoconf automake libtool make gcc libc6-dev pkg-config xz-utils
	libp11-kit-dev libssl-dev libseccomp-dev uthash-dev check"
DEMO_PACKAGES="softhsm2 opensc gnutls-bin p11-kit"
# shellcheck disable=SC2034
TEST_PACKAGES="$DEMO_PACKAGES clang clang-format-14 clang-tidy-14 cppcheck libclang-rt-14-dev opencryptoki libnss3-tools p11-kit-modules
	pcscd vsmartcard-vpcd opensc-pkcs11 ykcs11 swtpm libtpm2-pkcs11-1 tpm2-tools libnss3 openssh-client
	openssl libengine-pkcs11-openssl openssh-server python3-pycurl openjdk-17-jdk-headless
	wpasupplicant hostapd firefox-esr python3 python3-cryptography
	systemd iproute2 procps bsdutils bash bash-completion valgrind xxd mandoc jq"

# packages_missing NAME...: prints those that are not installed.
packages_missing() {
	for package; do
		case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
		*" installed") ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# packages_install NAME...: installs what is missing, and nothing else. False, with a word why, if it cannot.
packages_install() {
	if ! command -v apt-get >/dev/null; then
		echo "no apt-get here: this script knows Debian 12 only; needed are: $*" >&2
		return 1
	fi
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	echo "installing what is missing: $missing"
	# The unquoted list is one word a package. Without an update there may be no lists at all.
	# shellcheck disable=SC2086
	if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
		! as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
			--no-install-recommends install $missing >/dev/null; then
		echo "apt-get could not install them; see what it said above" >&2
		return 1
	fi
	missing=$(packages_missing "$@")
	[ -z "$missing" ] || echo "still missing: $missing" >&2
	[ -z "$missing" ]
}

# copy_tree FROM TO: the sources without .git and without what a build in there left.
copy_tree() {
	(cd "$1" && tar -cf - --exclude=./.git --exclude='*.o' --exclude='*.lo' --exclude='*.la' \
		--exclude='*.so' --exclude=.libs --exclude=.deps --exclude=.dirstamp \
		--exclude=./configure --exclude='./configure~' --exclude=./config.status --exclude=./config.log \
		--exclude=./libtool --exclude=./Makefile --exclude=./Makefile.in \
		--exclude=./aclocal.m4 --exclude=./autom4te.cache --exclude=./build-aux \
		--exclude=./p11-latch --exclude=./p11-latch-helper --exclude='./p11-latch-*' \
		--exclude=./sanitized .) |
		(cd "$2" && tar -xf -) || return 1
	find "$2/tests" -type f -perm -u=x ! -name '*.*' -exec rm -f {} +
	for built in "$2"/conf/*.in; do
		rm -f "${built%.in}"
	done
}
