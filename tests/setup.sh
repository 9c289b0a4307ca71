#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs what Debian 12 lacks for: setup.sh build|demo|check|real|servers|runtimes|quake|vm|deb|lint|bench. Says what it installs.
set -u

packages="gcc libc6-dev make binutils protobuf-c-compiler libprotobuf-c-dev libjansson-dev libarchive-dev libacl1-dev zlib1g-dev libkmod-dev"
case ${1:-} in
build)	;;
demo)	packages="$packages util-linux procps" ;;
check)	packages="$packages util-linux procps iproute2 python3 git xz-utils perl sqlite3 busybox-static vim tmux runc"
	packages="$packages redis-server nginx memcached openssh-server openssh-client" ;;
real)	packages="$packages util-linux procps python3 xz-utils perl sqlite3 busybox-static stress-ng"
	packages="$packages openjdk-17-jdk-headless" ;;
servers) packages="$packages util-linux procps iproute2 python3 redis-server nginx memcached openssh-server"
	packages="$packages openssh-client postgresql-15 nodejs haproxy mariadb-server dnsmasq-base"
	packages="$packages openjdk-17-jdk-headless tmux vim rsync git sox" ;;
runtimes) packages="$packages util-linux procps python3 busybox-static runc crun podman docker.io containerd" ;;
quake)	packages="$packages util-linux procps iproute2 python3 runc openarena-server qstat" ;;
vm)	packages="$packages sparse perl qemu-system-x86 busybox-static kmod e2fsprogs xz-utils util-linux debootstrap" ;;
deb)	packages="$packages dpkg-dev debhelper dh-dkms fakeroot lintian" ;;
lint)	packages="$packages clang-format mandoc shellcheck git" ;;
bench)	packages="$packages util-linux procps python3" ;;
*)	echo "usage: setup.sh build|demo|check|real|servers|runtimes|quake|vm|deb|lint|bench" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "This is no Debian; going on with what is here (Debian's names: $packages)."
	exit 0
fi

missing=
for package in $packages; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "Missing packages; as root: apt-get install$missing" >&2
		exit 1
	fi
	as_root="sudo"
fi

# The services that come along are for tests of their own: they are not to run here.
policy=/usr/sbin/policy-rc.d
policy_set() {
	[ ! -e $policy ] || return 0
	printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null && $as_root chmod 755 $policy &&
		made_policy=yes
}
policy_unset() { [ -z "${made_policy:-}" ] || $as_root rm -f $policy; }

install() {
	# shellcheck disable=SC2086 # words on purpose
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
		--no-install-recommends $missing </dev/null
}

log=$(mktemp) || exit 1
trap 'rm -f "$log"; policy_unset' EXIT
policy_set
echo "Installing with apt-get:$missing"
if ! install >"$log" 2>&1; then
	# Perhaps the lists of packages are missing or old.
	if ! { $as_root apt-get update -q </dev/null && install; } >"$log" 2>&1; then
		cat "$log" >&2
		echo "apt-get cannot install:$missing" >&2
		exit 1
	fi
fi
