#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# crctl module: its words, and what it says where the module cannot be loaded.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"
need_root

expect 2 'module needs load, unload or status' module
expect 2 'the words are load, unload and status' module reload
expect 2 'given "b" too many' module load a b
expect 2 'given "a" too many' module unload a
expect 0 'the module is not asked \(--no-module\)' check --no-module
check "then user space answers" grep -qE '^  memory areas +user ' "$out"

if [ ! -e /dev/crctl ]; then
	expect 1 'The module is not loaded' module status
fi
if [ ! -e /proc/modules ]; then
	expect 1 'was built without loadable modules' module load
	expect 1 'the module is not loaded' module unload
fi

# The helper is looked for beside crctl and in ../lib/crctl.
mkdir -p "$work/sbin" "$work/lib/crctl"
cp "$crctl" "$work/sbin/crctl"
helper=$(dirname "$(readlink -f "$crctl")")/crctl-module
crctl=$work/sbin/crctl
expect 1 'crctl-module is neither beside crctl' module load
cp "$helper" "$work/lib/crctl/"
expect 1 'Error: ' module load /nonexistent.ko
check "the helper was run" bash -c "! grep -q 'neither beside' '$out'"
finish
