#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# A pipeline of bash, tar, xz (with threads), gzip, sort, awk.
needs="tar xz gzip sort awk"

prepare()
{
	tar -C /usr/include -cf ../input.tar linux asm-generic 2> /dev/null ||
		tar -C /etc -cf ../input.tar . 2> /dev/null || true
}

work()
{
	local i

	for i in 1 2 3 4; do
		xz -T2 -4 --block-size=1MiB < ../input.tar | xz -d | gzip -n -9 | gzip -d |
			tar -xO -f - | tr -cs a-zA-Z '\n' | sort | uniq -c | sort -k1,1nr -k2 |
			awk -v i=$i '{ sum += $1 * NR % 65521 } NR % 97 == i { print } END { print sum }'
	done > words
	gzip -n -9 < words | cksum > output
	md5sum < words >> output
}
