// SPDX-License-Identifier: GPL-2.0
/* A pipe end opened again through /proc: another open file with flags of its own, and read-write.
 */
#include "kind.h"

static int fds[2], again, both;

static void set_up(void)
{
	char path[64];

	must(pipe(fds));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	again = must(open(path, O_RDONLY | O_NONBLOCK));
	both = must(open(path, O_RDWR));
	must(write(both, "ab", 2));
}

static void check(void)
{
	char c;

	same(must(fcntl(fds[0], F_GETFL)) & O_NONBLOCK, 0, "O_NONBLOCK of the first reader");
	same(must(fcntl(again, F_GETFL)) & O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK of the second");
	same(must(fcntl(both, F_GETFL)) & O_ACCMODE, O_RDWR, "access mode of the third");
	same(must(read(again, &c, 1)), 1, "bytes read");
	same(c, 'a', "first byte");
	close(fds[1]);
	must(write(both, "c", 1));
	same(must(read(fds[0], &c, 1)), 1, "bytes read");
	same(c, 'b', "second byte");
}

const struct kind kind = { .set_up = set_up, .check = check };
