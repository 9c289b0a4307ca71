// SPDX-License-Identifier: GPL-2.0
/*
 * timed FILE COMMAND ARG...: run the command, append the microseconds from its start
 * to its end to FILE, and end with its exit code. vfork, so that nothing of this
 * program's own weight is measured.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec start, end;
	int status, ret;
	FILE *out;
	pid_t pid;

	if (argc < 3)
		return 2;
	out = fopen(argv[1], "ae");
	if (!out)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &start);
	ret = posix_spawn(&pid, argv[2], NULL, NULL, argv + 2, environ);
	if (ret || waitpid(pid, &status, 0) != pid)
		return 127;
	clock_gettime(CLOCK_MONOTONIC, &end);
	fprintf(out, "%lld\n",
		(end.tv_sec - start.tv_sec) * 1000000LL + (end.tv_nsec - start.tv_nsec) / 1000);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
