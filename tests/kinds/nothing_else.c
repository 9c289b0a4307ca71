// SPDX-License-Identifier: GPL-2.0
/* Nothing comes that was not there: mappings, descriptors, children, signals, threads, limits. */
#include "kind.h"

static char before[4][65536], after[4][65536];
static volatile int signals;

static void handler(int sig)
{
	signals++;
}

/* The lines of /proc/self/status that must not change. */
static void status_read(char *text)
{
	static const char *const keys[] = {
		"Umask:",
		"Tgid:",
		"Ngid:",
		"PPid:",
		"TracerPid:",
		"Uid:",
		"Gid:",
		"FDSize:",
		"Groups:",
		"NSpgid:",
		"NSsid:",
		"Kthread:",
		"Threads:",
		"SigPnd:",
		"ShdPnd:",
		"SigBlk:",
		"SigIgn:",
		"SigCgt:",
		"CapInh:",
		"CapPrm:",
		"CapEff:",
		"CapBnd:",
		"CapAmb:",
		"NoNewPrivs:",
		"Seccomp:",
		"VmSize:",
		"VmLck:",
		"VmPin:",
		"VmData:",
		"VmStk:",
		"VmExe:",
		"VmLib:",
		"THP_enabled:",
		"untag_mask:",
		"Cpus_allowed:",
		"Mems_allowed:",
		"Speculation_Store_Bypass:",
		"SpeculationIndirectBranch:",
		"x86_Thread_features:",
	};
	size_t i;

	text[0] = 0;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		/* A larger table of descriptors cannot be noticed. */
		if (!strcmp(keys[i], "FDSize:"))
			continue;
		sprintf(text + strlen(text), "%s %s\n", keys[i],
			proc_line(getpid(), "status", keys[i]));
	}
}

static void descriptors_read(char *text)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char link[PATH_MAX];
	ssize_t len;

	text[0] = 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
			continue;
		len = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = 0;
		sprintf(text + strlen(text), "%s %s\n", entry->d_name, link);
	}
	closedir(dir);
}

static void read_all(char (*texts)[65536])
{
	file_read("/proc/self/maps", texts[0], sizeof(texts[0]));
	status_read(texts[1]);
	descriptors_read(texts[2]);
	file_read("/proc/self/limits", texts[3], sizeof(texts[3]));
}

static void set_up(void)
{
	int sig;

	for (sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, handler);
	/* stdio and opendir take their memory first. */
	read_all(before);
	read_all(before);
}

static void compare(char *was, char *is, const char *what)
{
	char *a, *b;
	size_t len;

	while (*was && *is) {
		len = strcspn(was, "\n");
		if (len != strcspn(is, "\n") || memcmp(was, is, len))
			break;
		was += len + 1;
		is += len + 1;
	}
	if (!*was && !*is)
		return;
	a = strtok(was, "\n");
	b = *is ? is : NULL;
	if (b)
		b[strcspn(b, "\n")] = 0;
	fail("%s: \"%s\", not \"%s\"", what, b ? b : "", a ? a : "");
}

static void check(void)
{
	sleep_ms(10);
	read_all(after);
	compare(before[0], after[0], "/proc/self/maps");
	compare(before[1], after[1], "/proc/self/status");
	compare(before[2], after[2], "/proc/self/fd");
	compare(before[3], after[3], "/proc/self/limits");
	same(signals, 0, "signals that came");
	same(waitpid(-1, NULL, WNOHANG | __WALL), -1, "child to wait for");
	same(errno, ECHILD, "errno of that wait");
}

const struct kind kind = { .set_up = set_up, .check = check };
