#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# A static program, and its shell: BusyBox.
needs="busybox"

work()
{
	busybox sh -c '
		i=0
		while [ $i -lt 30 ]; do
			busybox seq 1 30000 | busybox awk -v i=$i "{ print \$1 * (i + 3) % 99991 }" |
				busybox sort -n | busybox gzip -c | busybox gunzip -c | busybox sha256sum
			i=$((i + 1))
		done > output'
}
