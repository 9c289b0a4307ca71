#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# style.sh [SERIES...]: the module built for each fetched kernel (all) with W=1 and sparse, and its
# sources looked through by checkpatch.pl, which comes from Debian's source of Linux 6.1
# (140 MB, once, into the folder of fetch.sh). A line a check; 1 when one has a word to say.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/vm/common.bash

[ "$(id -u)" = 0 ] || skip "needs root"
command -v sparse > /dev/null || skip "sparse is missing; bash tests/setup.sh vm installs it"
series=${*:-$all_series}
# shellcheck disable=SC2086 # words on purpose
bash tests/vm/fetch.sh $series > /dev/null || exit $?
source=linux-source-6.1
bad=0

# The compat headers are what tells versions apart, and the kernel has none of its kind; its
# linked lists and loops are macros that cannot be in parentheses.
ignored=LINUX_VERSION_CODE,CONSTANT_COMPARISON,COMPLEX_MACRO

checkpatch_fetch()
{
	[ ! -x "$cache/checkpatch/scripts/checkpatch.pl" ] || return 0
	say "fetching checkpatch.pl, in $source (140 MB)"
	rm -rf "$cache/checkpatch" && mkdir -p "$cache/checkpatch"
	(
		cd "$cache/checkpatch" || exit 1
		apt-get -qq download $source > log 2>&1 || skip "$source: $(tail -n 1 log)"
		dpkg-deb --fsys-tarfile $source*.deb | tar -xO ./usr/src/$source.tar.xz | tar -xJ \
			--strip-components=1 $source/scripts/checkpatch.pl $source/scripts/spelling.txt \
			$source/scripts/const_structs.checkpatch 2> log
		rm -f ./*.deb
	)
	[ -x "$cache/checkpatch/scripts/checkpatch.pl" ] || skip "no checkpatch.pl in $source"
}

# verdict WHAT: what there is to say comes on standard input.
verdict()
{
	local text
	text=$(cat)
	if [ -z "$text" ]; then
		echo "ok   $1"
	else
		echo "FAIL $1"
		printf '%s\n' "$text" | tail -n 60
		bad=1
	fi
}

# Newer headers than sparse 0.6.4 knows: a keyword, and an assertion about the length of the
# module's description and license.
newer=CF=-D__typeof_unqual__=__typeof__
known='pahole|The kernel was built with|You are using|kmod/main.c:.*: error: bad constant expression'
for one in $series; do
	bash tests/vm/build.sh "$one" W=1 C=2 $newer 2>&1 | grep -vE "$known" |
		verdict "$(release_of "$one"): gcc W=1 and sparse"
done
checkpatch_fetch
for file in kmod/*.[ch] kmod/compat/*.[ch] uapi/crctl.h; do
	perl "$cache/checkpatch/scripts/checkpatch.pl" --no-tree --no-summary --terse \
		--max-line-length=100 --ignore $ignored -f "$file" 2>&1
done | verdict checkpatch.pl
exit $bad
