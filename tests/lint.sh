#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The rules of the house that a machine can look after: which room may include what, names,
# words that must not stand, the format, scripts and the manual page.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

sources() { git ls-files -co --exclude-standard -- "$@"; }

long_lines() { expand -t 8 "$1" | awk 'length > 100 { print FNR }'; }

# lint.sh fix: have clang-format break the lines that are too long, and no other.
if [ "${1:-}" = fix ]; then
	for file in $(sources 'user/*.c' 'tests/*.c'); do
		mapfile -t lines < <(long_lines "$file")
		[ ${#lines[@]} = 0 ] || clang-format -i "${lines[@]/*/--lines=&:&}" "$file"
	done
fi

# complain WHAT: each line of standard input is a place where WHAT is not so.
complain() {
	local line
	while IFS= read -r line; do
		echo "$line: $1"
		bad=1
	done
}
# The loop above must run in this shell, or `bad` is lost.
shopt -s lastpipe

# Rooms: what a local include may begin with.
rooms() {
	local room=$1 allowed=$2
	sources "user/$room/*.c" "user/$room/*.h" "user/$room.c" | xargs -r grep -nE '^#include "' |
		grep -vE "#include \"($allowed)" | complain "$room may not include this"
}
kind='engine/ctx\.h|image/|kapi/|lib/'
rooms lib 'lib/'
rooms image 'image/|lib/'
rooms kapi 'kapi/|lib/|stub/|crctl\.h'
rooms stub 'stub/|crctl\.h'
rooms engine 'engine/|(task|mm|files|net|ns)/|image/|kapi/|lib/|stub/'
for room in task mm files net ns; do
	rooms $room "$room/|$kind|stub/$([ $room = net ] && echo '|files/files\.h')"
done
rooms main 'cmd/|engine/|lib/'
rooms module 'kapi/module\.h|lib/'
sources 'user/cmd/*.[ch]' | grep -vE '/(show|rpc)' | xargs -r grep -nE '^#include "' |
	grep -vE '#include "(cmd|engine|lib)/' | complain "cmd may not include this"

# Words and constructs.
sources user 'tests/*.[ch]' '*.sh' Makefile | grep -v '^tests/lint.sh$' |
	xargs grep -nwE 'TODO|FIXME|XXX' | complain "finish it or say it in words"
sources 'user/*.[ch]' | xargs grep -nE '^\s*goto ' | complain "no goto in user/; see lib/cleanup.h"
sources 'user/*.[ch]' | xargs grep -nE '^typedef struct' | complain "no typedef for structs"
sources 'user/*.c' | xargs grep -nE 'return -1;' | complain "return -errno, never a bare -1"
sources 'user/*.[ch]' 'tests/*.[ch]' | xargs grep -nE ' +$|	+$' | complain "space at the end of a line"
for file in $(sources 'user/*.[ch]' 'tests/*.[ch]' '*.sh' .ci/run 'uapi/*.h'); do
	head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0' ||
		echo "$file" | complain "no SPDX line at the top"
done
# shellcheck disable=SC2046 # words on purpose
awk 'FNR == 1 { opened = 0 } /^\/\*/ && FNR < 4 { opened = FNR }
	opened && /\*\// { if (FNR - opened > 15) print FILENAME ":" opened; opened = 0 }' \
	$(sources 'user/*.[ch]') | complain "the opening comment has more than 15 lines"
for file in $(sources 'user/*.[ch]' 'tests/*.[ch]'); do
	long_lines "$file" | sed "s|^|$file:|"
done | complain "longer than 100 columns; tests/lint.sh fix breaks such lines"

# Scripts and the manual page, where the tools are there.
if command -v shellcheck >/dev/null; then
	sources '*.sh' .ci/run | xargs shellcheck -x -S warning || bad=1
fi
if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning man/crctl.8 || bad=1
fi

[ $bad = 0 ] && echo "lint: nothing to say"
exit $bad
