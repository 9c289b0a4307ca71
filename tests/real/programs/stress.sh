#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# stress-ng: memory and processor stressors that verify their own work.
needs="stress-ng"

work()
{
	stress-ng --no-rand-seed --verify --temp-path . \
		--vm 2 --vm-bytes 48M --vm-ops 6000 --cpu 2 --cpu-method crc16 --cpu-ops 2000 \
		--qsort 1 --qsort-ops 12 --malloc 1 --malloc-bytes 16M --malloc-ops 6000 \
		--mmap 1 --mmap-bytes 16M --mmap-ops 20 --pthread 1 --pthread-ops 600 > stress.log 2>&1
	echo "stress-ng exits $?" > output
	grep -oE '(skipped|passed|failed): [0-9]+' stress.log >> output
}
