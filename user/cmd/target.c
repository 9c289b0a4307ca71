// SPDX-License-Identifier: GPL-2.0
/* The process that -t names, looked at in /proc before anything is touched. */
#include <limits.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "lib/cleanup.h"
#include "lib/number.h"

struct target_status {
	pid_t tgid, ppid;
	bool kernel_thread;
};

static int status_read(pid_t pid, struct target_status *ret_status)
{
	struct target_status status = { 0 };
	auto_fclose FILE *file = NULL;
	char path[64], line[256];
	int kthread = -1;
	bool mm = false;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		(void)!sscanf(line, "Tgid: %d", &status.tgid);
		(void)!sscanf(line, "PPid: %d", &status.ppid);
		(void)!sscanf(line, "Kthread: %d", &kthread);
		if (!strncmp(line, "VmSize:", 7))
			mm = true;
	}
	if (!status.tgid)
		return -ESRCH;
	/* Kthread: came with 6.8. Before that: the children of kthreadd, which is 2. */
	status.kernel_thread = kthread >= 0 ? kthread :
			       !mm && (pid == 2 || status.ppid == 2);
	*ret_status = status;
	return 0;
}

/* Is @pid above this process in the tree? */
static bool above_self(pid_t pid)
{
	struct target_status status;

	for (pid_t at = getpid(); at > 1; at = status.ppid) {
		if (status_read(at, &status) < 0)
			return false;
		if (status.ppid == pid)
			return true;
	}
	return false;
}

int target_parse(const char *text, struct err *err, pid_t *ret_pid)
{
	struct target_status status;
	uint64_t value;
	pid_t pid;

	if (number_parse(text, INT_MAX, &value) < 0 || !value)
		return fail_usage(err, "\"%s\" is no process ID; give the number of the root "
				  "process of the tree", text);
	pid = (pid_t)value;
	if (status_read(pid, &status) < 0)
		return fail(err, -ESRCH, "there is no process %d", pid);
	if (status.tgid != pid)
		return fail_usage(err, "%d is a thread of process %d; give the process", pid,
				  status.tgid);
	if (pid == getpid())
		return fail_usage(err, "%d is crctl itself; give another process", pid);
	if (status.kernel_thread)
		return fail_refuse(err, "%d is a kernel thread; only user processes can be dumped",
				   pid);
	if (above_self(pid))
		return fail_usage(err, "crctl itself runs below process %d; start it "
				  "from outside of that tree", pid);
	*ret_pid = pid;
	return 0;
}
