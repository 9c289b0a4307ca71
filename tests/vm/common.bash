# SPDX-License-Identifier: GPL-2.0
# What the scripts of tests/vm share. Sourced from the top of the tree.

all_series="5.10 6.1 6.12 7.2 7.3"
cache=${CRCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/crctl}/vm
cc_root=$cache/cc
out=$PWD/${B:-build}/vm

say() { echo "vm: $*" >&2; }
skip() { say "$*"; exit 77; }
die() { say "$*"; exit 1; }

series_known() { [[ " $all_series " = *" $1 "* ]] || die "$1: no such series; known are $all_series"; }

# The full version of a kernel that fetch.sh has got, such as 6.1.0-40-cloud-amd64.
release_of() { cat "$cache/$1/release" 2>/dev/null || die "$1: not fetched; run tests/vm/fetch.sh $1"; }
