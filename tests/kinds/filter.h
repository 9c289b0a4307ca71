/* SPDX-License-Identifier: GPL-2.0 */
/* A seccomp filter for the test programs: one system call answers with an errno. */
#ifndef CRCTL_TESTS_FILTER_H
#define CRCTL_TESTS_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "kind.h"

static inline void filter_add(unsigned int nr, int error, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

/* @nr must answer with @error, 0: it is not filtered. */
static inline void filter_check(long nr, int error, const char *who)
{
	long ret = syscall(nr, 0, 0, 0, 0, 0, 0);

	if (error && (ret != -1 || errno != error))
		fail("system call %ld of the %s is not filtered with errno %d", nr, who, error);
	if (!error && ret == -1)
		fail("system call %ld of the %s is filtered with errno %d", nr, who, errno);
}

#endif
