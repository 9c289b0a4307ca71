// SPDX-License-Identifier: GPL-2.0
/* CRCTL_FILES against /proc/PID/fd, fdinfo, stat(2) and kcmp(2). */
#include <limits.h>
#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>

#include "uapi.h"

enum { FD_REG = 100, FD_DUP, FD_AGAIN, FD_PIPE, FD_EVENT = 110, FD_EPOLL, FD_TIMER, FD_SIGNAL,
       FD_INOTIFY, FD_SOCKET, FD_MEMFD, FD_DIR, FD_NS, FD_PIDFD, FD_NULL, FD_MANY = 200 };
#define NR_MANY 700

static void put(int from, int at)
{
	check(from >= 0);
	check(dup3(from, at, O_CLOEXEC) == at);
	close(from);
}

static void files_set_up(void *arg)
{
	sigset_t set;
	int p[2];

	put(open("/tmp/crctl-files", O_RDWR | O_CREAT | O_APPEND, 0640), FD_REG);
	check(write(FD_REG, "12345", 5) == 5);
	check(dup(FD_REG) >= 0 && dup2(FD_REG, FD_DUP) == FD_DUP);
	put(open("/tmp/crctl-files", O_RDONLY), FD_AGAIN);
	check(!flock(FD_REG, LOCK_SH));
	check(!pipe(p));
	put(p[1], FD_PIPE + 1);
	put(p[0], FD_PIPE);
	check(!fcntl(FD_PIPE, F_SETOWN, getpid()) && !fcntl(FD_PIPE, F_SETSIG, SIGUSR2));
	put(eventfd(1, 0), FD_EVENT);
	put(epoll_create1(0), FD_EPOLL);
	put(timerfd_create(CLOCK_MONOTONIC, 0), FD_TIMER);
	sigemptyset(&set);
	put(signalfd(-1, &set, 0), FD_SIGNAL);
	put(inotify_init(), FD_INOTIFY);
	put(socket(AF_UNIX, SOCK_STREAM, 0), FD_SOCKET);
	put(memfd_create("m", 0), FD_MEMFD);
	put(open("/tmp", O_RDONLY | O_DIRECTORY), FD_DIR);
	put(open("/proc/self/ns/uts", O_RDONLY), FD_NS);
	put((int)syscall(SYS_pidfd_open, getpid(), 0), FD_PIDFD);
	put(open("/dev/null", O_RDONLY), FD_NULL);
	for (int i = 0; i < NR_MANY; i++)
		check(dup2(FD_NULL, FD_MANY + i) >= 0);
}

struct seen {
	pid_t pid;
	uint64_t id[1024];
	uint32_t kind[1024];
	uint32_t nr, links;
};

static void fdinfo_compare(pid_t pid, const struct crctl_file *f)
{
	char path[64], line[256];
	unsigned long long pos = 0, ino = f->inode_ino;
	unsigned int flags = 0;
	int mnt_id = -1;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, f->fd);
	in = fopen(path, "r");
	check(in);
	while (fgets(line, sizeof(line), in)) {
		sscanf(line, "pos: %llu", &pos);
		sscanf(line, "flags: %o", &flags);
		sscanf(line, "mnt_id: %d", &mnt_id);
		if (!strncmp(line, "ino:", 4))
			sscanf(line, "ino: %llu", &ino);
	}
	fclose(in);
	check(f->pos == pos && f->f_flags == flags && f->inode_ino == ino);
	check(f->mnt_id == mnt_id, "%d %d", f->mnt_id, mnt_id);
}

static void file_compare(const void *record, uint32_t size, void *arg)
{
	const struct crctl_file *f = record;
	struct seen *s = arg;
	char path[64], text[PATH_MAX];
	const char *mine = f->path_at ? (const char *)record + f->path_at : "";
	struct stat st;
	ssize_t n;

	s->nr++;
	if (f->fd >= 0)
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->pid, f->fd);
	else
		snprintf(path, sizeof(path), "/proc/%d/%s", s->pid,
			 f->fd == CRCTL_FD_EXE ? "exe" : f->fd == CRCTL_FD_CWD ? "cwd" : "root");
	n = readlink(path, text, sizeof(text) - 1);
	check(n >= 0);
	text[n] = 0;
	check(!strcmp(text, mine) && f->path_len == strlen(mine), "%s %s", text, mine);
	check(!stat(path, &st));
	check(f->has & CRCTL_FILE_HAS_STAT && f->ino == st.st_ino && f->mode == st.st_mode &&
	      major(st.st_dev) == f->dev_major && minor(st.st_dev) == f->dev_minor &&
	      major(st.st_rdev) == f->rdev_major && minor(st.st_rdev) == f->rdev_minor &&
	      f->nlink == st.st_nlink && f->file_len == (uint64_t)st.st_size &&
	      f->uid == st.st_uid && f->gid == st.st_gid, "%s", text);
	if (f->fd < 0) {
		s->links++;
		return;
	}
	check(f->id);
	fdinfo_compare(s->pid, f);
	if (f->fd < 1024) {
		s->id[f->fd] = f->id;
		s->kind[f->fd] = f->kind;
	}
	if (f->fd == FD_PIPE)
		check(f->owner_pid == s->pid && f->owner_type == 1 && f->owner_signo == SIGUSR2);
	if (f->fd == FD_REG)
		check(f->nr_locks == 1);
}

static void kinds_check(const struct seen *s)
{
	static const uint32_t want[][2] = {
		{ FD_REG, CRCTL_FILE_IS_REG }, { FD_PIPE, CRCTL_FILE_IS_PIPE },
		{ FD_EVENT, CRCTL_FILE_IS_EVENTFD }, { FD_EPOLL, CRCTL_FILE_IS_EPOLL },
		{ FD_TIMER, CRCTL_FILE_IS_TIMERFD }, { FD_SIGNAL, CRCTL_FILE_IS_SIGNALFD },
		{ FD_INOTIFY, CRCTL_FILE_IS_INOTIFY }, { FD_SOCKET, CRCTL_FILE_IS_SOCK },
		{ FD_MEMFD, CRCTL_FILE_IS_MEMFD }, { FD_DIR, CRCTL_FILE_IS_DIR },
		{ FD_NS, CRCTL_FILE_IS_NS }, { FD_PIDFD, CRCTL_FILE_IS_PIDFD },
		{ FD_NULL, CRCTL_FILE_IS_CHR },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		check(s->kind[want[i][0]] == want[i][1], "fd %u: %u", want[i][0],
		      s->kind[want[i][0]]);
	check(s->id[FD_REG] == s->id[FD_DUP] && s->id[FD_REG] != s->id[FD_AGAIN]);
	check(s->id[FD_PIPE] != s->id[FD_PIPE + 1]);
	for (int i = 0; i < NR_MANY; i++)
		check(s->id[FD_MANY + i] == s->id[FD_NULL]);
}

int main(void)
{
	static const uint32_t pieces[] = { 4600, 65536, 1 << 20 };
	int fd = dev_open(), other = dev_open();
	struct crctl_list list = { .flags = CRCTL_FILES_LINKS | CRCTL_FILES_STAT };
	static struct seen first, second;

	list.pid = first.pid = second.pid = child_start(files_set_up, NULL);
	for (int i = 0; i < 3; i++) {
		first.nr = first.links = 0;
		list_all(fd, CRCTL_FILES, list, pieces[i], file_compare, &first);
		check(first.links == 3);
		kinds_check(&first);
	}
	/* another device has other identities, which say the same */
	list_all(other, CRCTL_FILES, list, 65536, file_compare, &second);
	kinds_check(&second);
	check(first.id[FD_REG] != second.id[FD_REG]);
	child_end(first.pid);
	list.pid = getpid();
	list_wrong(fd, CRCTL_FILES, list, false);
	unlink("/tmp/crctl-files");
	return 0;
}
