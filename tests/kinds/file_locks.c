// SPDX-License-Identifier: GPL-2.0
/*
 * Locks on files: of the process, of an open file description, of flock(2), held
 * through a shared description, and while another descriptor of the file is closed.
 */
#include <sys/file.h>

#include "kind.h"

static int owned, described, flocked;

static struct flock range(short type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len
	};
}

static void set_up(void)
{
	struct flock first = range(F_WRLCK, 5, 10), rest = range(F_RDLCK, 100, 0);
	struct flock bit = range(F_WRLCK, 1, 2);

	owned = must(open("owned", O_RDWR | O_CREAT, 0600));
	described = must(open("described", O_RDWR | O_CREAT, 0600));
	flocked = must(open("flocked", O_RDWR | O_CREAT, 0600));
	if (!must(fork())) { /* shares all three descriptions, holds no lock of its own */
		await_go();
		_exit(0);
	}
	must(fcntl(owned, F_SETLK, &first));
	must(fcntl(owned, F_SETLK, &rest));
	must(fcntl(described, F_OFD_SETLK, &bit));
	must(flock(flocked, LOCK_EX));
}

/* What another process meets at @at: the type, and who holds it (-1: a description). */
static int other_meets(const char *name, off_t at, pid_t holder)
{
	struct flock lock = range(F_WRLCK, at, 1);
	int fd = must(open(name, O_RDWR)), status;
	pid_t child = must(fork());

	if (!child) {
		must(fcntl(fd, F_GETLK, &lock));
		if (lock.l_type != F_UNLCK && lock.l_pid != holder)
			_exit(99);
		_exit(lock.l_type);
	}
	must(waitpid(child, &status, 0));
	return WEXITSTATUS(status);
}

static void check(void)
{
	int fd = must(open("flocked", O_RDWR));
	int fd2 = must(open("described", O_RDWR));
	struct flock bit = range(F_WRLCK, 2, 1);
	int status;

	same(flock(fd, LOCK_SH | LOCK_NB), -1, "flock through another description");
	same(fcntl(fd2, F_OFD_SETLK, &bit), -1, "a lock of another description");
	same(flock(flocked, LOCK_EX | LOCK_NB), 0, "flock through the same description");
	must(wait(&status));
	same(other_meets("described", 1, -1), F_WRLCK, "lock at 1 of the description");
	same(other_meets("described", 3, -1), F_UNLCK, "lock at 3 of the description");
	/* the descriptors that it opens are never closed here: that would drop the locks */
	same(other_meets("owned", 5, getpid()), F_WRLCK, "lock at 5");
	same(other_meets("owned", 1000, getpid()), F_RDLCK, "lock at 1000");
	same(other_meets("owned", 4, getpid()), F_UNLCK, "lock at 4");
}

const struct kind kind = { .set_up = set_up, .check = check, .options = "--file-locks" };
