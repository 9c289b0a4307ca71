// SPDX-License-Identifier: GPL-2.0
/* One open file behind several descriptors: dup shares position and flags, a second open does not.
 */
#include "kind.h"

static int first, second, third, other;

static void set_up(void)
{
	file_write("file", "0123456789");
	first = must(open("file", O_RDWR));
	second = must(dup(first));
	third = must(fcntl(first, F_DUPFD_CLOEXEC, 300));
	other = must(open("file", O_RDWR));
	must(lseek(first, 3, SEEK_SET));
}

static void check(void)
{
	char c;

	same(must(read(second, &c, 1)), 1, "bytes read");
	same(c, '3', "byte read through the second descriptor");
	same(lseek(third, 0, SEEK_CUR), 4, "position of the third descriptor");
	same(lseek(other, 0, SEEK_CUR), 0, "position of another open file");
	must(fcntl(first, F_SETFL, O_APPEND));
	same(must(fcntl(third, F_GETFL)) & O_APPEND, O_APPEND, "flag set through the first");
	same(must(fcntl(other, F_GETFL)) & O_APPEND, 0, "flag of the other open file");
	same(must(fcntl(third, F_GETFD)), FD_CLOEXEC, "close-on-exec of the third");
	same(must(fcntl(first, F_GETFD)), 0, "close-on-exec of the first");
}

const struct kind kind = { .set_up = set_up, .check = check };
