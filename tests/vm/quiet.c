// SPDX-License-Identifier: GPL-2.0
/*
 * quiet COMMAND...: runs the command and looks at each system call that it and what it
 * starts make. Exits with 1 when one of them ran or changed another process: let a
 * tracee run, stepped it, wrote its registers, signal mask or memory. Prints how
 * often each sort of call was made. A dump that uses the module makes none of them, but
 * for one: a call that the stop itself ended with EINTR is set to be made again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	long request;
	const char *name;
	bool touches;	/* runs or changes the tracee */
	unsigned int nr;
} requests[] = {
	{ PTRACE_CONT, "PTRACE_CONT", true, 0 },
	{ PTRACE_SYSCALL, "PTRACE_SYSCALL", true, 0 },
	{ PTRACE_SINGLESTEP, "PTRACE_SINGLESTEP", true, 0 },
	{ 33, "PTRACE_SINGLEBLOCK", true, 0 },
	{ 31, "PTRACE_SYSEMU", true, 0 },
	{ 32, "PTRACE_SYSEMU_SINGLESTEP", true, 0 },
	{ PTRACE_POKETEXT, "PTRACE_POKETEXT", true, 0 },
	{ PTRACE_POKEDATA, "PTRACE_POKEDATA", true, 0 },
	{ PTRACE_POKEUSER, "PTRACE_POKEUSER", true, 0 },
	{ PTRACE_SETREGS, "PTRACE_SETREGS", true, 0 },
	{ PTRACE_SETFPREGS, "PTRACE_SETFPREGS", true, 0 },
	{ PTRACE_SETREGSET, "PTRACE_SETREGSET", true, 0 },
	{ PTRACE_SETSIGINFO, "PTRACE_SETSIGINFO", true, 0 },
	{ PTRACE_SETSIGMASK, "PTRACE_SETSIGMASK", true, 0 },
	{ 26, "PTRACE_SET_THREAD_AREA", true, 0 },
	{ 30, "PTRACE_ARCH_PRCTL", true, 0 },
	{ PTRACE_KILL, "PTRACE_KILL", true, 0 },
	{ PTRACE_SETOPTIONS, "PTRACE_SETOPTIONS", false, 0 },
	{ PTRACE_SEIZE, "PTRACE_SEIZE", false, 0 },
	{ PTRACE_INTERRUPT, "PTRACE_INTERRUPT", false, 0 },
	{ PTRACE_GETREGSET, "PTRACE_GETREGSET", false, 0 },
	{ PTRACE_DETACH, "PTRACE_DETACH", false, 0 },
};

static unsigned int nr_writes, nr_calls, nr_ptraces;

static void ptrace_seen(long request)
{
	nr_ptraces++;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].request == request)
			requests[i].nr++;
}

static void path_read(pid_t pid, unsigned long addr, char *buf, size_t size)
{
	struct iovec local = { buf, size - 1 }, remote = { (void *)addr, size - 1 };
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	buf[n > 0 ? n : 0] = 0;
}

/* /proc/PID/mem, or "mem" below a descriptor of /proc/PID, open for writing. */
static void open_seen(pid_t pid, unsigned long path, unsigned long flags)
{
	char text[64];
	size_t len;

	if ((flags & O_ACCMODE) == O_RDONLY)
		return;
	path_read(pid, path, text, sizeof(text));
	len = strlen(text);
	if (!strcmp(text, "mem") || (len > 4 && !strcmp(text + len - 4, "/mem")))
		nr_writes++;
}

static void call_seen(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return;
	nr_calls++;
	switch (regs.orig_rax) {
	case SYS_ptrace:
		ptrace_seen((long)regs.rdi);
		break;
	case SYS_process_vm_writev:
		nr_writes++;
		break;
	case SYS_open:
		open_seen(pid, regs.rdi, regs.rsi);
		break;
	case SYS_openat:
		open_seen(pid, regs.rsi, regs.rdx);
		break;
	}
}

static void options_set(pid_t pid)
{
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
	       PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
}

/* Stops come at the beginning and the end of a call; PTRACE_GET_SYSCALL_INFO tells which. */
static bool is_entry(pid_t pid)
{
	unsigned char info[88];

	return ptrace(0x420e, pid, sizeof(info), info) > 0 && info[0] == 1;
}

static int watch(pid_t first)
{
	int status, signo, code = 1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid == first)
				code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
			continue;
		}
		signo = WSTOPSIG(status);
		if (signo == (SIGTRAP | 0x80)) {
			if (is_entry(pid))
				call_seen(pid);
			signo = 0;
		} else if (signo == SIGTRAP || signo == SIGSTOP) {
			signo = 0;	/* an event, or the start of a child */
		}
		ptrace(PTRACE_SYSCALL, pid, 0, signo);
	}
	return code;
}

static int report(void)
{
	unsigned int nr_touching = nr_writes;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].nr)
			printf("%s %u%s\n", requests[i].name, requests[i].nr,
			       requests[i].touches ? "  (runs or changes a process)" : "");
		nr_touching += requests[i].touches ? requests[i].nr : 0;
	}
	if (nr_writes)
		printf("writes to another's memory %u\n", nr_writes);
	printf("%u system calls, %u of them ptrace(2); %u ran or changed another process\n",
	       nr_calls, nr_ptraces, nr_touching);
	return nr_touching ? 1 : 0;
}

int main(int argc, char **argv)
{
	int status, code;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: quiet COMMAND...\n");
		return 2;
	}
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	options_set(pid);
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	code = watch(pid);
	if (code) {
		fprintf(stderr, "%s exited with %d\n", argv[1], code);
		return code == 1 ? 3 : code;
	}
	return report();
}
