#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dkms.sh: the packages of make deb on a clean Debian 12 with the headers of its cloud kernel:
# apt installs them, DKMS builds the module, a guest boots that kernel, loads it with
# modprobe, dumps and restores; after removal nothing of it is left. The first run fetches
# Debian 12 (200 MB) into the folder of fetch.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/vm/common.bash

[ "$(id -u)" = 0 ] || skip "needs root"
series=6.1
bash tests/vm/fetch.sh $series > /dev/null
release=$(release_of $series)
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
deb=$(echo "${B:-build}"/deb/crctl-dkms_*.deb)
[ -f "$deb" ] || die "there is no $deb; make deb comes first"
root=$out/debian12

# A clean root and, in it, the packages that the installation will want.
debian_fetch()
{
	local kept=$cache/debian12
	[ ! -f "$kept/.ready" ] || return 0
	command -v debootstrap > /dev/null || skip "debootstrap is missing"
	say "fetching Debian 12 (200 MB)"
	rm -rf "$kept"
	mkdir -p "$kept"
	debootstrap --variant=minbase bookworm "$kept/root" "$mirror" > "$cache/debian12.log" 2>&1 ||
		skip "Debian 12 cannot be fetched: $(tail -n 1 "$cache/debian12.log")"
	echo "deb $security bookworm-security main" >> "$kept/root/etc/apt/sources.list"
	in_root "$kept/root" "apt-get -q update && apt-get -qy --download-only \
		--no-install-recommends install dkms kmod linux-headers-$release" > "$cache/debian12.log" 2>&1 ||
		skip "packages of Debian 12 cannot be fetched: $(tail -n 1 "$cache/debian12.log")"
	touch "$kept/.ready"
}

# in_root ROOT COMMAND: in a mount namespace of its own.
in_root()
{
	unshare --mount --pid --fork --kill-child --propagation private sh -c '
		mount -t proc proc "$1/proc" && mount -t sysfs -o ro sysfs "$1/sys" &&
		mount -t tmpfs tmpfs "$1/run" &&
		exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -c "$2"' in_root "$1" "$2" < /dev/null
}

step()
{
	local what=$1
	shift
	if ! "$@" > "$out/dkms.log" 2>&1; then
		tail -n 40 "$out/dkms.log" >&2
		die "FAIL $what"
	fi
	say "ok   $what"
}

# Everything that a file of the package or its build could be called.
traces() { find "$1" -xdev -path "$1/proc" -prune -o -name '*crctl*' -print | grep -v '/var/log/' | sort; }

test_in_guest='set -e
modprobe crctl
test -c /dev/crctl
crctl check | head -n 1
sleep 1000 >/dev/null 2>&1 </dev/null &
pid=$!
mkdir /tmp/img
crctl dump -j -t $pid -D /tmp/img
! kill -0 $pid 2>/dev/null
crctl restore -j -d -D /tmp/img
test "$(tr "\0" " " </proc/$pid/cmdline)" = "sleep 1000 "
kill $pid
modprobe -r crctl
test ! -e /dev/crctl'

debian_fetch
rm -rf "$root"
mkdir -p "$out"
cp -a "$cache/debian12/root" "$root"
cp "${B:-build}"/deb/crctl_*.deb "$deb" "$root/root/"
before=$(traces "$root")
step "apt install linux-headers-$release" in_root "$root" \
	"apt-get -qy --no-install-recommends install linux-headers-$release"
step "apt install ./crctl-dkms.deb ./crctl.deb" in_root "$root" \
	"apt-get -qy install --no-install-recommends /root/crctl-dkms_*.deb /root/crctl_*.deb"
step "the module is built" in_root "$root" "ls /lib/modules/$release/updates/dkms/crctl.ko*"
step "modprobe, dump and restore in a guest" bash tests/vm/guest.sh -r "$root" -t 300 $series \
	"$test_in_guest"
rm -rf "$root/vm"
step "apt purge" in_root "$root" "apt-get -qy purge crctl-dkms crctl"
rm -f "$root"/root/crctl*.deb
left=$(comm -13 <(echo "$before") <(traces "$root"))
[ -z "$left" ] || die "FAIL left after removal: $left"
say "ok   nothing is left"
rm -rf "$root"
echo "dkms: 6 passed, 0 failed, 0 skipped"
