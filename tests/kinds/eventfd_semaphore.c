// SPDX-License-Identifier: GPL-2.0
/* An eventfd that counts as a semaphore: each read takes one. */
#include "kind.h"

#include <sys/eventfd.h>

static int fd;

static void set_up(void)
{
	char path[64], text[512] = "";
	int info;

	fd = must(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = must(open(path, O_RDONLY));
	must(read(info, text, sizeof(text) - 1));
	close(info);
	if (!strstr(text, "eventfd-semaphore:"))
		skip("before Linux 6.5 nothing tells that it is one");
}

static void check(void)
{
	uint64_t value;

	for (int i = 0; i < 3; i++) {
		must(read(fd, &value, 8));
		same(value, 1, "what read %d took", i);
	}
	same(read(fd, &value, 8), -1, "the read after the last");
	same(errno, EAGAIN, "errno of that");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "forgets that it is a semaphore",
};
