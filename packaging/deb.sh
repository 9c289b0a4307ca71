#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes the packages crctl and crctl-dkms, in build/deb, from a copy of the tree: Debian's
# tools want their folder at the top and leave much behind. The version is crctl's own.
# lintian, where it is there, must have nothing to say.
set -euo pipefail
cd "$(dirname "$0")/.."

deb=$PWD/${B:-build}/deb
version=$(sed -n 's/^#define CRCTL_VERSION[[:space:]]*"\(.*\)"/\1/p' user/cmd/cmd.h)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
tree=$deb/crctl-$version

rm -rf "$deb"
mkdir -p "$tree"
# What a build of the module has left there stays.
tar -c --exclude='*.o' --exclude='.*.cmd' --exclude='*.ko' Kbuild LICENSE Makefile README.md \
	dkms.conf kmod man uapi user | tar -x -C "$tree"
cp -r packaging/debian "$tree/debian"
cat > "$tree/debian/changelog" <<END
crctl ($version) unstable; urgency=medium

  * The packages of version $version.

 -- $(sed -n 's/^Maintainer: //p' packaging/debian/control)  $(date -R -u -d "@$epoch")
END
if ! (cd "$tree" && SOURCE_DATE_EPOCH=$epoch dpkg-buildpackage -us -uc -b) > "$deb/log" 2>&1; then
	tail -n 30 "$deb/log" >&2
	exit 1
fi
rm -rf "$tree"
if command -v lintian > /dev/null; then
	lintian --allow-root --fail-on error,warning "$deb"/*.changes
fi
ls "$deb"/*.deb
