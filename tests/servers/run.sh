#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Servers nobody here wrote are dumped and restored at random moments while they work for a
# client in another network namespace, which may notice nothing but a pause; what it gets must
# equal what an undisturbed server gives. Prints a line a server with medians in milliseconds,
# at the end the table, which is in build/tests/servers/table.tsv too. Environment: CYCLES=n
# dumps and restores in a row, ALL=1 not only the quick ones, ONLY=redis,nginx some,
# BESIDE_CRIU=n also n cycles (at least 5) of CRIU, CRCTL the tool.
set -u
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build}
quick="redis nginx memcached sshd"
out=$PWD/$B/tests/servers
cycles=${CYCLES:-3}
[ -z "${ALL:-}" ] || cycles=${CYCLES:-10}
crctl=$(realpath "${CRCTL:-$B/crctl}") || exit 1

[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v ip > /dev/null && command -v python3 > /dev/null ||
	{ echo "ip or python3 is not installed"; exit 77; }
mkdir -p "$out"
${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$out/timed" tests/bench/timed.c || exit 1

tools=("crctl=$crctl")
if [ -n "${BESIDE_CRIU:-}" ]; then
	dir=$(bash tests/criu.sh) || exit $?
	# Without the shell of the wrapper, which would be measured too.
	tools+=("criu=$(sed -n "s/'//g; s/^exec \(.*\) \"\$@\"$/\1/p" "$dir/criu")")
fi

wanted()
{
	[ -z "${ONLY:-}" ] || { [[ ,$ONLY, == *,$1,* ]]; return; }
	[ -n "${ALL:-}" ] || [[ " $quick " == *" $1 "* ]]
}

# CRIU's failure is no failure of ours, but told.
beside() # name, exit code, output
{
	[ "$2" = 0 ] && return
	mkdir -p "$out/$1"
	sed -n 's/^FAIL *[^ ]* *criu: //p' <<< "$3" | head -n 1 > "$out/$1/refused"
}

passed=0 failed=0 skipped=0
for server in tests/servers/*.sh; do
	name=$(basename "$server" .sh)
	[[ $name != run && $name != cycle ]] && wanted "$name" || continue
	rm -f "$out/$name"/{raw.tsv,reference,refused}
	for tool in "${tools[@]}"; do
		nr=$cycles
		[ "${tool%%=*}" = crctl ] || nr=$((BESIDE_CRIU > 5 ? BESIDE_CRIU : 5))
		text=$(timeout -k 5 600 unshare --net bash tests/box.sh bash "$PWD/tests/servers/cycle.sh" \
			"$PWD/$server" "$out/$name" "$tool" "$nr" < /dev/null 2>&1)
		status=$?
		echo "$text"
		[ "${tool%%=*}" = crctl ] || { beside "$name" $status "$text"; continue; }
		case $status in
		0)	passed=$((passed + 1)) ;;
		77)	skipped=$((skipped + 1)); break ;;
		*)	failed=$((failed + 1)) ;;
		esac
	done
done
[ -z "${ALL:-}${BESIDE_CRIU:-}" ] || python3 tests/servers/report.py "$out"
echo "servers: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
