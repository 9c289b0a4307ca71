// SPDX-License-Identifier: GPL-2.0
/* Looks through every /proc/PID/fd: slow, and for the words of a refusal only. */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kapi/holder.h"
#include "lib/cleanup.h"

static bool task_holds(pid_t pid, const char *want)
{
	char path[64], link[64];
	auto_closedir DIR *dir = NULL;
	struct dirent *e;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);

		if (len <= 0)
			continue;
		link[len] = '\0';
		if (!strcmp(link, want))
			return true;
	}
	return false;
}

static void comm_read(pid_t pid, char *comm, size_t size)
{
	char path[64], *end;
	auto_fclose FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(comm, (int)size, f))
		return;
	end = strchr(comm, '\n');
	if (end)
		*end = '\0';
}

pid_t holder_of_socket(uint32_t ino, char *comm, size_t comm_size)
{
	auto_closedir DIR *proc = opendir("/proc");
	struct dirent *e;
	char want[64];

	snprintf(want, sizeof(want), "socket:[%u]", ino);
	while (proc && (e = readdir(proc))) {
		pid_t pid = atoi(e->d_name);

		/* crctl itself has looked at them: it is not meant */
		if (pid <= 0 || pid == getpid() || !task_holds(pid, want))
			continue;
		comm_read(pid, comm, comm_size);
		return pid;
	}
	return 0;
}

pid_t holder_pidfd_pid(int pidfd)
{
	char path[64], line[128];
	auto_fclose FILE *f = NULL;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			return pid > 0 ? pid : 0;
	return 0;
}
