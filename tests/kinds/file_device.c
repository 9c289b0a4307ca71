// SPDX-License-Identifier: GPL-2.0
/* /dev/null, zero, full, random and urandom. */
#include "kind.h"

static int null, zero, full, rnd, urnd;

static void set_up(void)
{
	null = must(open("/dev/null", O_RDWR));
	zero = must(open("/dev/zero", O_RDONLY));
	full = must(open("/dev/full", O_WRONLY));
	rnd = must(open("/dev/random", O_RDONLY | O_NONBLOCK));
	urnd = must(open("/dev/urandom", O_RDONLY));
}

static void check(void)
{
	char buf[64], other[64];

	same(must(write(null, "x", 1)), 1, "bytes written to /dev/null");
	same(read(null, buf, 1), 0, "bytes read from /dev/null");
	memset(buf, 1, sizeof(buf));
	memset(other, 0, sizeof(other));
	same(must(read(zero, buf, 64)), 64, "bytes read from /dev/zero");
	same(memcmp(buf, other, 64), 0, "bytes of /dev/zero");
	same(write(full, "x", 1), -1, "bytes written to /dev/full");
	same(errno, ENOSPC, "errno of /dev/full");
	same(must(read(urnd, buf, 64)), 64, "bytes read from /dev/urandom");
	if (!memcmp(buf, other, 64))
		fail("/dev/urandom gives zeros");
	same(must(read(rnd, buf, 8)), 8, "bytes read from /dev/random");
	same(must(fcntl(rnd, F_GETFL)) & O_NONBLOCK, O_NONBLOCK, "flag of /dev/random");
	same(write(zero, "x", 1), -1, "write to /dev/zero open for reading");
}

const struct kind kind = { .set_up = set_up, .check = check };
