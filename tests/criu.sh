#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fetch CRIU from Debian sid to compare with, without installing anything: apt
# runs with lists, status and sources of its own, and the packages are only
# unpacked. Prints the folder that holds the programs `criu` and `crit`.
# Exit 77 with a sentence when that cannot be done here.
set -euo pipefail

cache=${CRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/crctl}
dir=$cache/criu
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

skip() { echo "criu.sh: $*" >&2; exit 77; }

apt_configure()
{
	mkdir -p apt/lists/partial apt/cache/archives/partial
	: > apt/status
	echo "deb [signed-by=$keyring] $mirror sid main" > apt/sources.list
	cat > apt/apt.conf <<-END
		Dir::State "$PWD/apt";
		Dir::State::lists "$PWD/apt/lists";
		Dir::State::status "$PWD/apt/status";
		Dir::Cache "$PWD/apt/cache";
		Dir::Etc::sourcelist "$PWD/apt/sources.list";
		Dir::Etc::sourceparts "-";
		Acquire::Languages "none";
		APT::Sandbox::User "$(id -un)";
	END
	export APT_CONFIG=$PWD/apt/apt.conf
}

packages_unpack()
{
	apt-get -qq update || skip "the package lists of Debian sid cannot be fetched from $mirror"
	# The Python of sid is not wanted: crit runs with the host's.
	apt-get -qq -y --no-install-recommends --download-only install criu > apt/log 2>&1 ||
		skip "criu cannot be fetched from Debian sid: $(tail -1 apt/log)"
	(cd apt/cache/archives && apt-get -qq download python3-pycriu python3-protobuf) ||
		skip "crit cannot be fetched from Debian sid"
	mkdir -p root
	for deb in apt/cache/archives/*.deb; do
		dpkg-deb -x "$deb" root
	done
}

wrapper_write() # name, line...
{
	printf '%s\n' '#!/bin/sh' "${@:2}" > "$1"
	chmod 755 "$1"
}

wrappers_write()
{
	local lib=$dir/root/usr/lib/x86_64-linux-gnu bin

	bin=$(cd root/usr && ls -d sbin/criu bin/criu 2>/dev/null | head -1) || true
	[ -n "$bin" ] || skip "Debian's criu package has no program criu any more"
	wrapper_write criu "exec '$lib/ld-linux-x86-64.so.2' --library-path '$lib' '$dir/root/usr/$bin' \"\$@\""
	wrapper_write crit \
		"export PYTHONPATH='$dir/root/usr/lib/python3/dist-packages'" \
		"export PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python PYTHONDONTWRITEBYTECODE=1" \
		"exec python3 -W ignore -c 'from crit.__main__ import main; main()' \"\$@\""
}

ready() { [ -f "$dir/.ready" ] && "$dir/criu" --version > /dev/null 2>&1; }

[ "$(uname -m)" = x86_64 ] || skip "only x86_64 is known here"
if ! ready; then
	for tool in apt-get dpkg-deb flock; do
		command -v $tool > /dev/null || skip "$tool is missing: not a Debian system"
	done
	[ -f $keyring ] || skip "$keyring is missing: install debian-archive-keyring"
	mkdir -p "$dir"
	exec 9> "$dir/.lock"
	flock 9
	if ! ready; then
		cd "$dir"
		apt_configure
		packages_unpack
		wrappers_write
		rm -rf apt
		./criu --version > /dev/null || skip "the unpacked criu does not run"
		touch .ready
	fi
fi
echo "$dir"
