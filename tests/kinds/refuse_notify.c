// SPDX-License-Identifier: GPL-2.0
/* A seccomp filter whose answers come from a listener outside of the tree is refused by name. */
#include "filter.h"

static void set_up(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_uname, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int fd;

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	fd = must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
	close(fd);
}

static void check(void)
{
	char name[512];

	if (!syscall(SYS_uname, name) || errno != ENOSYS)
		fail("the filter let a call through that its listener was to judge");
}

const struct kind kind = { .set_up = set_up, .check = check, .refuse = "SECCOMP_RET_USER_NOTIF" };
