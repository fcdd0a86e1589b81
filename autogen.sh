#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Makes configure and Makefile.in from their sources; run once after a fresh clone.
set -eu
cd "$(dirname "$0")"
for program in autoreconf automake libtoolize pkg-config; do
	if ! command -v "$program" >/dev/null; then
		echo "autogen.sh: $program is missing; on Debian: apt-get install" \
			"autoconf automake libtool pkg-config" >&2
		exit 1
	fi
done
mkdir -p m4
autoreconf --install --force
echo "autogen.sh: done; next: ./configure && make"
