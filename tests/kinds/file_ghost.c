// SPDX-License-Identifier: GPL-2.0
/* A deleted file that is still open in two tasks: content, owner, mode, times, and one file for
 * both. */
#include "kind.h"

static int fd, other;
static pid_t child;

static void body(void)
{
	close(fd);
	mark("child");
	await_mark("written");
	same(lseek(other, 0, SEEK_CUR), 40, "position of the child's descriptor");
	must(lseek(other, 10000, SEEK_SET));
}

static void set_up(void)
{
	struct timespec times[2] = { { 1111111111, 5 }, { 1222222222, 7 } };
	static char data[10000];

	fill(data, sizeof(data), 2);
	fd = must(open("file", O_RDWR | O_CREAT, 0640));
	must(write(fd, data, sizeof(data)));
	must(fchown(fd, 12, 34));
	must(fchmod(fd, 0751));
	other = must(open("file", O_RDWR));
	must(lseek(other, 40, SEEK_SET));
	must(futimens(fd, times));
	must(unlink("file"));
	child = child_start(body);
	await_mark("child");
}

static void check(void)
{
	static char data[10000];
	struct stat st;

	must(fstat(fd, &st));
	same(st.st_nlink, 0, "links");
	same(st.st_size, 10000, "size");
	same(st.st_uid, 12, "owner");
	same(st.st_gid, 34, "group");
	same(st.st_mode & 07777, 0751, "mode");
	same(st.st_mtim.tv_sec, 1222222222, "time of the last change");
	same(must(pread(fd, data, sizeof(data), 0)), sizeof(data), "bytes read");
	if (!filled(data, sizeof(data), 2))
		fail("the content changed");
	same(lseek(fd, 0, SEEK_CUR), 10000, "position");
	must(pwrite(fd, "new", 3, 0));
	same(must(pread(other, data, 3, 0)), 3, "bytes read");
	if (memcmp(data, "new", 3))
		fail("the two descriptors are not of one file any more");
	same(access("file", F_OK), -1, "the deleted file has its name again");
	mark("written");
	child_done(child);
	same(lseek(other, 0, SEEK_CUR), 10000, "position set by the child");
}

const struct kind kind = { .set_up = set_up, .check = check };
