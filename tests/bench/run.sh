#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make bench: crctl and CRIU dump and restore the same programs in turns; prints the
# medians and their ratios, and writes them to build/bench/. Environment: ONLY=tiny,files
# runs some cases, REPEAT=n runs each so often (5), TOOLS="criu crctl" which tools,
# SCALE=n divides all sizes.
set -u
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build}
repeat=${REPEAT:-5} scale=${SCALE:-1} only=${ONLY:-}
out=$PWD/$B/bench
cases="tiny:1 memory:1024 vmas:10000 files:5000 processes:200 threads:500 pipes:1000 epoll:2000 unix:5000"
cases="$cases tcp:1000"

[ "$(id -u)" = 0 ] || { echo "bench: needs root" >&2; exit 77; }
mkdir -p "$out/bin"
for program in load timed; do
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$out/bin/$program" \
		"tests/bench/$program.c" -lpthread || exit 1
done

tools=()
for tool in ${TOOLS:-criu crctl}; do
	case $tool in
	criu)	dir=$(bash tests/criu.sh) || exit $?
		# Without the shell of the wrapper, which would be measured too.
		tools+=("criu=$(sed -n "s/'//g; s/^exec \(.*\) \"\$@\"$/\1/p" "$dir/criu")") ;;
	crctl)	[ -x "$B/crctl" ] || { echo "bench: $B/crctl is not built: CRIU alone" >&2; continue; }
		tools+=("crctl=$PWD/$B/crctl") ;;
	*)	echo "bench: TOOLS names criu and crctl, not $tool" >&2; exit 2 ;;
	esac
done

declare -A net=([tcp]="unshare --net")

wanted() { [ -z "$only" ] || [[ ,$only, == *,$1,* ]]; }

status=0
rm -rf "$out/work" "$out/raw.tsv"
for pair in $cases; do
	case=${pair%:*} size=${pair#*:}
	wanted "$case" || continue
	size=$((size / scale > 0 ? size / scale : 1))
	for count in $((size / 4)) $size; do
		[ "$count" -gt 0 ] || continue
		[ -t 2 ] && printf '\r%-30s' "$case $count" >&2
		# shellcheck disable=SC2086 # words on purpose
		${net[$case]:-} bash tests/box.sh bash "$PWD/tests/bench/case.sh" "$out/bin" "$out/work" \
			"$case" "$count" "$repeat" "${tools[@]}" >> "$out/raw.tsv" || status=1
	done
done
[ -t 2 ] && printf '\r%-30s\r' '' >&2
python3 tests/bench/report.py "$out" || status=1
exit $status
