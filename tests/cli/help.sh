#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Help and version: there, on one screen, and parsed by runtimes.
# shellcheck source=tests/cli/common.bash
. "$(dirname "$0")/common.bash"

# shellcheck disable=SC2317 # called by check
fits() { [ "$(wc -l <"$out")" -le 24 ] && [ "$(wc -L <"$out")" -le 80 ]; }

for args in --help -h 'dump --help' 'restore --help' 'check --help' 'show --help' \
	'module --help' 'container --help' '-h dump'; do
	# shellcheck disable=SC2086 # words on purpose
	expect 0 '^Usage: crctl' $args
	check "crctl $args fits 80x24" fits
done
expect 2 '^Usage: crctl COMMAND'
check "crctl alone fits 80x24" fits

expect 0 '^Version: [0-9]+\.[0-9]+$' --version
check "the version is on the first line" grep -qE '^Version: 4\.2$' <(head -n 1 "$out")
expect 0 '^crctl [0-9]+\.[0-9]+$' -V
expect 0 '^Version: ' dump --version

# Every option that a help page shows is one.
for page in '' dump restore check show module container; do
	# shellcheck disable=SC2086
	"$crctl" $page --help >"$out"
	# shellcheck disable=SC2013 # words on purpose
	for option in $(grep -oE -- '--[a-z][a-z-]+' "$out" | sort -u); do
		check "$option of the help page of '$page' is known" \
			bash -c "! '$crctl' '$option' 2>&1 </dev/null | grep -q 'unknown option'"
	done
done

# It works under the name criu too.
ln -s "$crctl" "$work/criu"
crctl=$work/criu
expect 0 '^Version: ' --version
finish
