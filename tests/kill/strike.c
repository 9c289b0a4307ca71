// SPDX-License-Identifier: GPL-2.0
/*
 * strike MICROSECONDS COMMAND ARG...: run the command and kill it that long after its
 * start. Ends with 9 when it was killed, else with the command's own exit code.
 */
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long us = argc > 2 ? atol(argv[1]) : 0;
	struct timespec wait = { us / 1000000, us % 1000000 * 1000 };
	struct pollfd ended = { .events = POLLIN };
	int status;
	pid_t pid;

	if (argc < 3 || posix_spawn(&pid, argv[2], NULL, NULL, argv + 2, environ))
		return 127;
	ended.fd = syscall(SYS_pidfd_open, pid, 0);
	if (ppoll(&ended, 1, &wait, NULL) == 0)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}
