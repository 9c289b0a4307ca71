// SPDX-License-Identifier: GPL-2.0
/* To be told of a message: nothing shows the value that comes with it, so refused by name. */
#include "kind.h"

#include <mqueue.h>

static mqd_t queue;

static void set_up(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };

	must(unshare(CLONE_NEWIPC));
	signal(SIGUSR1, SIG_IGN);
	queue = must(mq_open("/notify", O_CREAT | O_RDWR, 0600, NULL));
	must(mq_notify(queue, &event));
}

static void check(void)
{
	must(mq_send(queue, "x", 1, 0));
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.refuse = "mq_notify",
	.criu = "knows no POSIX message queues",
};
