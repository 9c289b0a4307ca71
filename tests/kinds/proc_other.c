// SPDX-License-Identifier: GPL-2.0
/* Files in /proc of a child and of the parent, and devices without state. */
#include "kind.h"

static int status, memory, kmsg;
static char secret[] = "in the child";
static pid_t child;

static void body(void)
{
	int parent, pid = getppid();
	char path[64], buf[4096];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	parent = must(open(path, O_RDONLY));
	strcpy(secret, "IN THE CHILD");
	mark("child");
	await_mark("look");
	same(must(read(parent, buf, sizeof(buf))) > 0 && atoi(buf) == pid, 1,
	     "the parent's stat");
}

static void set_up(void)
{
	char path[64];

	child = child_start(body);
	await_mark("child");
	snprintf(path, sizeof(path), "/proc/%d/status", child);
	status = must(open(path, O_RDONLY));
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	memory = must(open(path, O_RDONLY));
	kmsg = open("/dev/kmsg", O_WRONLY);	/* not in every container */
}

static void check(void)
{
	char buf[4096], pid[32];

	same(must(pread(memory, buf, sizeof(secret), (off_t)(uintptr_t)secret)), sizeof(secret),
	     "bytes of the child's memory");
	same(strcmp(buf, "IN THE CHILD"), 0, "the child's memory");
	buf[must(read(status, buf, sizeof(buf) - 1))] = 0;
	snprintf(pid, sizeof(pid), "Pid:\t%d\n", child);
	if (!strstr(buf, pid))
		fail("the status is not the child's: %s", buf);
	if (kmsg >= 0)
		same(fcntl(kmsg, F_GETFL) & O_ACCMODE, O_WRONLY, "flags of /dev/kmsg");
	mark("look");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
