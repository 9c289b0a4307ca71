// SPDX-License-Identifier: GPL-2.0
/* A context of asynchronous I/O is refused by name. */
#include "kind.h"

static unsigned long context;

static void set_up(void)
{
	if (syscall(SYS_io_setup, 8, &context))
		skip("no asynchronous I/O here: %s", strerror(errno));
}

static void check(void)
{
	must(syscall(SYS_io_destroy, context));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "AIO",
	.criu = "knows it",
};
