// SPDX-License-Identifier: GPL-2.0
/*
 * Every command, answered and refused, about targets that then end: what the module took
 * a reference to must be gone with them. calls [TARGETS]: each is asked twice a command.
 * Prints nothing when all is well; who counts objects before and after is tests/vm.
 */
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "uapi.h"

static const unsigned long lists[] = {
	CRCTL_MAP_FILES, CRCTL_FILES, CRCTL_THREADS, CRCTL_TIMERS, CRCTL_AIO, CRCTL_WATCHES,
};

static int notify_fd, out_fd;

static void target_setup(void *arg)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	unsigned long context = 0;
	timer_t timer;
	int fd = open("/proc/self/exe", O_RDONLY);

	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	timer_create(CLOCK_MONOTONIC, &none, &timer);
	syscall(SYS_io_setup, 8, &context);
	if (notify_fd >= 0)
		inotify_add_watch(notify_fd, "/tmp", IN_CREATE);
}

static struct crctl_list list_make(unsigned long cmd, pid_t pid, char *buf, uint32_t len)
{
	struct crctl_list l = { .size = sizeof(l), .pid = pid, .buf = (uintptr_t)buf,
				.buf_len = len };

	if (cmd == CRCTL_FILES)
		l.flags = CRCTL_FILES_LINKS | CRCTL_FILES_STAT;
	if (cmd == CRCTL_WATCHES)
		l.fd = notify_fd;
	return l;
}

static bool answered(int ret)
{
	return !ret || errno == EOPNOTSUPP || errno == EBADF;
}

/* Code, which is of a file, and a stack; then with nowhere to tell, and nowhere to write. */
static void memory_ask(int fd, pid_t pid)
{
	uintptr_t code = (uintptr_t)memory_ask & ~4095ul, stack = (uintptr_t)&code & ~4095ul;
	struct crctl_range ranges[] = { { code, code + 4096 }, { stack, stack + 4096 } };
	struct crctl_memory_run runs[4];
	struct crctl_memory m = { .size = sizeof(m), .pid = pid, .out_fd = out_fd,
				  .ranges = (uintptr_t)ranges, .nr_ranges = 2,
				  .runs = (uintptr_t)runs, .max_runs = 4 }, bad = m;

	check(answered(ioctl(fd, CRCTL_MEMORY, &m)));
	bad.runs = 8;
	check(ioctl(fd, CRCTL_MEMORY, &bad) == -1);
	bad = m, bad.next = 0, bad.out_fd = fd;
	check(ioctl(fd, CRCTL_MEMORY, &bad) == -1);
}

/* Whole, and with each way in which the middle of a call fails. */
static void target_ask(int fd, pid_t pid)
{
	static char buf[65536];
	struct crctl_task t = { .size = sizeof(t), .pid = pid };
	struct crctl_overlay o = { .size = sizeof(o), .pid = pid, .fd = 0, .buf = (uintptr_t)buf,
				   .buf_len = sizeof(buf) };
	struct crctl_uring u = { .size = sizeof(u), .pid = pid, .fd = 0 };

	memory_ask(fd, pid);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct crctl_list l = list_make(lists[i], pid, buf, sizeof(buf));

		while (l.cursor != CRCTL_CURSOR_END && !ioctl(fd, lists[i], &l))
			;
		check(answered(l.cursor == CRCTL_CURSOR_END ? 0 : -1), "list %zu", i);
		l = list_make(lists[i], pid, (char *)8, sizeof(buf));
		check(ioctl(fd, lists[i], &l) == -1 || !l.nr, "list %zu to nowhere", i);
		l = list_make(lists[i], pid, buf, 8);
		check(ioctl(fd, lists[i], &l) == -1 || !l.nr, "list %zu in 8 bytes", i);
	}
	check(!ioctl(fd, CRCTL_TASK, &t));
	ioctl(fd, CRCTL_OVERLAY, &o);	/* of no overlayfs */
	ioctl(fd, CRCTL_URING, &u);	/* no io_uring */
}

int main(int argc, char **argv)
{
	long nr = argc > 1 ? atol(argv[1]) : 20;
	int fd = dev_open();

	notify_fd = inotify_init1(IN_CLOEXEC);
	out_fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	while (nr--) {
		pid_t pid = child_start(target_setup, NULL);

		target_ask(fd, pid);
		target_ask(fd, pid);
		child_end(pid);
	}
	return 0;
}
