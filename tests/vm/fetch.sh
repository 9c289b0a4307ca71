#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fetch.sh SERIES...: kernels, their headers and a compiler for them from Debian, into a
# folder outside the tree, nothing installed. apt runs with lists, status and sources of
# its own and checks signatures. What is there is not fetched again; remove the folder
# (it is printed) to have newer ones. Exit 77 with a sentence when it cannot be done here.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/vm/common.bash

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
compiler="gcc-14 make libelf1t64 base-files dash coreutils sed mawk grep findutils diffutils
	bash xz-utils"

apt_configure()
{
	mkdir -p apt/lists/partial apt/archives/partial
	: > apt/status
	for suite in bullseye bookworm trixie trixie-backports; do
		echo "deb [signed-by=$keyring] $mirror $suite main"
	done > apt/sources.list
	for suite in bullseye-security bookworm-security trixie-security; do
		echo "deb [signed-by=$keyring] $security $suite main"
	done >> apt/sources.list
	cat > apt/apt.conf <<-END
		Dir::State "$PWD/apt";
		Dir::State::lists "$PWD/apt/lists";
		Dir::State::status "$PWD/apt/status";
		Dir::Cache "$PWD/apt";
		Dir::Cache::archives "$PWD/apt/archives";
		Dir::Etc::sourcelist "$PWD/apt/sources.list";
		Dir::Etc::sourceparts "-";
		Acquire::Languages "none";
		APT::Architecture "amd64";
		APT::Sandbox::User "$(id -un)";
	END
	export APT_CONFIG=$PWD/apt/apt.conf
}

# The lists, once a run, and only when something is missing.
lists_fetch()
{
	[ -z "${lists_fetched:-}" ] || return 0
	lists_fetched=1
	apt_configure
	say "fetching the lists of packages of Debian 11 to 13 (60 MB)"
	# One of the suites may be gone by now; a kernel that is not found is the end of it.
	apt-get -qq update > apt/log 2>&1 || say "not all lists are there: $(tail -n 1 apt/log)"
}

# fetch FOLDER WHAT PACKAGE...: download just these packages and unpack them there.
packages_unpack()
{
	local into=$1 what=$2
	shift 2
	say "fetching $what"
	rm -rf apt/debs && mkdir -p apt/debs "$into"
	(cd apt/debs && apt-get -qq download "$@") > apt/log 2>&1 || skip "$what: $(tail -n 1 apt/log)"
	debs_unpack "$into" apt/debs/*.deb
	rm -rf apt/debs
}

# Through links that are folders, such as /lib, and not over them.
debs_unpack()
{
	local into=$1 deb
	shift
	for deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$into"
	done
}

release_newest()
{
	apt-cache pkgnames "linux-headers-$1." |
		sed -n 's/^linux-headers-\(.*-cloud-amd64\)$/\1/p' | sort -V | tail -n 1
}

# The packages that a kernel package is split into, itself among them.
parts_of()
{
	apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances "$1" |
		grep -E "^linux-(headers|kbuild|image|base|binary|modules)-[0-9]" | sort -u
}

compiler_fetch()
{
	[ ! -f cc/.ready ] || return 0
	lists_fetch
	say "fetching a compiler for the module, gcc-14 (60 MB)"
	rm -rf cc && mkdir -p cc
	# shellcheck disable=SC2086 # words on purpose
	apt-get -qq -y --no-install-recommends --download-only install $compiler > apt/log 2>&1 ||
		skip "gcc-14: $(tail -n 1 apt/log)"
	# The links to /usr come first.
	debs_unpack cc apt/archives/base-files_*.deb apt/archives/*.deb
	rm -f apt/archives/*.deb
	mkdir -p cc/src cc/proc cc/dev cc/tmp
	# What its package would do when installed.
	ln -sf mawk cc/usr/bin/awk
	touch cc/.ready
}

# Plain modules with an index, which any modprobe can load.
modules_place()
{
	local release=$1 from
	mkdir -p new/lib/modules
	for from in new/root/lib/modules/"$release" new/root/usr/lib/modules/"$release"; do
		[ -d "$from/kernel" ] || continue
		mv "$from" new/lib/modules/
		break
	done
	find new/lib/modules -name '*.ko.xz' -exec xz -d {} +
	depmod -b new "$release"
}

kernel_fetch()
{
	local series=$1 release
	[ ! -f "$series/release" ] || return 0
	lists_fetch
	release=$(release_newest "$series")
	[ -n "$release" ] || skip "no cloud kernel $series in the lists of packages from $mirror"
	rm -rf new && mkdir new
	# shellcheck disable=SC2046 # words on purpose
	packages_unpack new/root "kernel $release (40 MB)" $(parts_of "linux-image-$release")
	# shellcheck disable=SC2046
	packages_unpack cc "headers of $release (15 MB)" $(parts_of "linux-headers-$release")
	cp new/root/boot/vmlinuz-"$release" new/vmlinuz 2>/dev/null ||
		cp new/root/usr/lib/modules/"$release"/vmlinuz new/vmlinuz
	modules_place "$release"
	rm -rf new/root
	echo "$release" > new/release
	rm -rf "$series"
	mv new "$series"
}

[ $# -gt 0 ] || { echo "usage: fetch.sh SERIES...|all ($all_series)" >&2; exit 2; }
[ "$*" != all ] || read -ra all <<< "$all_series"
[ "$*" != all ] || set -- "${all[@]}"
for series; do
	series_known "$series"
done
[ "$(uname -m)" = x86_64 ] || skip "only x86_64 is known here"
for tool in apt-get dpkg-deb flock depmod xz; do
	command -v $tool > /dev/null || skip "$tool is missing; bash tests/setup.sh vm installs it"
done
[ -f $keyring ] || skip "$keyring is missing: install debian-archive-keyring"
mkdir -p "$cache"
cd "$cache"
exec 9> .lock
flock 9
compiler_fetch
for series; do
	kernel_fetch "$series"
done
rm -rf apt
echo "$cache"
