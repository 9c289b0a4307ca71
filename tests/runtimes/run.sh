#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Container runtimes with crctl in the place of criu. Environment: RUNTIMES (runc, or
# all), CYCLES, CRCTL.
set -u
cd "$(dirname "$0")/../.." || exit 1

B=${B:-build}
crctl=$(realpath "${CRCTL:-$B/crctl}") || exit 1
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
command -v runc >/dev/null || { echo "runc is not installed"; exit 77; }
bash tests/box.sh bash "$PWD/tests/runtimes/runc.sh" "$crctl" /run/crctl-runtimes < /dev/null
status=$?
bash tests/box.sh bash "$PWD/tests/runtimes/runc_options.sh" "$crctl" /run/crctl-options < /dev/null || status=1
bash tests/box.sh bash "$PWD/tests/runtimes/mounts.sh" "$crctl" /run/crctl-mounts < /dev/null || status=1
runtimes=
[ "${RUNTIMES:-runc}" = runc ] || runtimes="podman docker containerd outside container"
for name in $runtimes; do
	case $name in
	docker|outside|container) program=dockerd ;;
	*)	program=$name ;;
	esac
	if ! command -v $program >/dev/null; then
		echo "skip  $name: $program is not installed"
		continue
	fi
	timeout 600 bash tests/box.sh bash "$PWD/tests/runtimes/$name.sh" "$crctl" \
		"/run/crctl-$name" < /dev/null || status=1
done
if [ "${RUNTIMES:-runc}" != runc ]; then
	bash tests/box.sh bash "$PWD/tests/runtimes/kill.sh" "$crctl" /run/crctl-kill < /dev/null || status=1
fi
exit $status
