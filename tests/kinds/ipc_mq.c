// SPDX-License-Identifier: GPL-2.0
/* POSIX message queues: with messages by priority, without a name, and not open at all. */
#include "kind.h"

#include <mqueue.h>

static mqd_t queue, nameless, reader;
static pid_t child;

/* Blocks in a receive for a message that comes after the restore. */
static void body(void)
{
	char buf[100];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	same(must(mq_receive(nameless, buf, sizeof(buf), NULL)), 4,
	     "length that the child received");
	same(memcmp(buf, "late", 4), 0, "what the child received");
}

static mqd_t make(const char *name, int flags)
{
	struct mq_attr a = { .mq_maxmsg = 7, .mq_msgsize = 100 };

	return must(mq_open(name, O_CREAT | O_EXCL | flags, 0620, &a));
}

static void set_up(void)
{
	must(unshare(CLONE_NEWIPC));
	file_write("/proc/sys/fs/mqueue/msg_max", "20");
	queue = make("/kept", O_WRONLY | O_NONBLOCK);
	must(mq_send(queue, "low", 3, 1));
	must(mq_send(queue, "high", 4, 9));
	must(mq_send(queue, "", 0, 9));
	must(fchmod(queue, 0620));
	must(fchown(queue, 65534, 65533));
	reader = must(mq_open("/kept", O_RDONLY));
	nameless = make("/nameless", O_RDWR);
	must(mq_unlink("/nameless"));
	/* another has the name now */
	must(close(make("/nameless", O_RDWR)));
	child = child_start(body);
	await_syscall(child, SYS_mq_timedreceive);
}

static void check(void)
{
	struct mq_attr a;
	unsigned int priority;
	struct stat st;
	char buf[100];

	must(mq_getattr(queue, &a));
	same(a.mq_maxmsg, 7, "room of the queue");
	same(a.mq_msgsize, 100, "length of its messages");
	same(a.mq_curmsgs, 3, "messages in it");
	same(a.mq_flags, O_NONBLOCK, "flags of its descriptor");
	same(mq_receive(queue, buf, sizeof(buf), NULL), -1, "a receive through a writer");
	same(must(mq_receive(reader, buf, sizeof(buf), &priority)), 4, "first length");
	same(priority, 9, "first priority");
	same(must(mq_receive(reader, buf, sizeof(buf), &priority)), 0, "second length");
	same(must(mq_receive(reader, buf, sizeof(buf), &priority)), 3, "third length");
	same(priority, 1, "third priority");
	must(fstat(queue, &st));
	same(st.st_uid, 65534, "owner");
	same(st.st_gid, 65533, "group");
	same(st.st_mode & 0777, 0620, "permissions");
	must(mq_send(nameless, "late", 4, 0));
	child_done(child);
	must(mq_getattr(must(mq_open("/nameless", O_RDONLY)), &a));
	same(a.mq_curmsgs, 0, "messages in another queue of the name");
	file_read("/proc/sys/fs/mqueue/msg_max", buf, sizeof(buf));
	same(atoi(buf), 20, "limit of the namespace");
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.criu = "knows no POSIX message queues",
};
