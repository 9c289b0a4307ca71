// SPDX-License-Identifier: GPL-2.0
/* Thin wrappers; see sys.h. */
#include "kapi/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int sys_ret(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

int sys_kcmp(pid_t a, pid_t b, int type, unsigned long ia, unsigned long ib)
{
	return sys_ret(syscall(SYS_kcmp, a, b, type, ia, ib));
}

pid_t sys_fork(bool beside)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD | (beside ? CLONE_PARENT : 0), 0, NULL, NULL, 0);
}

int sys_pidfd_open(pid_t tid)
{
	int fd = sys_ret(syscall(SYS_pidfd_open, tid, 0));

	if (fd == -EINVAL || fd == -ENOENT)
		fd = sys_ret(syscall(SYS_pidfd_open, tid, O_EXCL /* PIDFD_THREAD */));
	return fd;
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	return sys_ret(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

int sys_sched_getattr(pid_t tid, struct sys_sched_attr *ret)
{
	return sys_ret(syscall(SYS_sched_getattr, tid, ret, sizeof(*ret), 0));
}

int sys_ioprio_get(pid_t tid)
{
	return sys_ret(syscall(SYS_ioprio_get, 1, tid));
}

int sys_robust_list(pid_t tid, uint64_t *ret_head, uint64_t *ret_len)
{
	return sys_ret(syscall(SYS_get_robust_list, tid, ret_head, ret_len));
}

int sys_sched_getaffinity(pid_t tid, void *mask, size_t size)
{
	return sys_ret(syscall(SYS_sched_getaffinity, tid, size, mask));
}

int sys_tgkill(pid_t pid, pid_t tid, int signo)
{
	return sys_ret(syscall(SYS_tgkill, pid, tid, signo));
}

static int mem_ret(ssize_t n, size_t len)
{
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EFAULT;
}

int sys_mem_read(pid_t pid, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = { buf, len }, remote = { (void *)addr, len };

	return mem_ret(process_vm_readv(pid, &local, 1, &remote, 1, 0), len);
}

int sys_mem_write(pid_t pid, uint64_t addr, const void *buf, size_t len)
{
	struct iovec local = { (void *)buf, len }, remote = { (void *)addr, len };

	return mem_ret(process_vm_writev(pid, &local, 1, &remote, 1, 0), len);
}

int sys_send_fd(int sock, const void *buf, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (size_t)n == len ? 0 : -EMSGSIZE;
}

int sys_recv_fd(int sock, void *buf, size_t len, int *ret_fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : -ECONNRESET;
	*ret_fd = -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	return (size_t)n == len ? 0 : -EMSGSIZE;
}
