// SPDX-License-Identifier: GPL-2.0
/* The flag of a seccomp filter that logs what it answers. */
#include "filter.h"

static pid_t child;

static void body(void)
{
	filter_add(SYS_getuid, 111, SECCOMP_FILTER_FLAG_LOG);
	mark("child");
	await_go();
	mark("checking");
	await_mark("checked");
	filter_check(SYS_getuid, 111, "child");
}

struct metadata {
	uint64_t offset, flags;
};

static void set_up(void)
{
	child = child_start(body);
	await_mark("child");
}

/* Only a tracer sees the flag. */
static void check(void)
{
	struct metadata data = {};
	int status;

	await_mark("checking");
	must(syscall(SYS_ptrace, 0x4206 /* SEIZE */, child, 0, 0));
	must(syscall(SYS_ptrace, 0x4207 /* INTERRUPT */, child, 0, 0));
	same(must(waitpid(child, &status, __WALL)), child, "stopped child");
	must(syscall(SYS_ptrace, 0x420d /* SECCOMP_GET_METADATA */, child, sizeof(data), &data));
	same(data.flags, SECCOMP_FILTER_FLAG_LOG, "flags of the filter");
	must(syscall(SYS_ptrace, 17 /* DETACH */, child, 0, 0));
	mark("checked");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
