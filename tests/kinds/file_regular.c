// SPDX-License-Identifier: GPL-2.0
/* Regular files: position, access mode and status flags of several descriptors. */
#include "kind.h"

static const struct {
	int fd, flags;
	off_t pos;
} files[] = {
	{ 20, O_RDONLY, 0 },
	{ 21, O_WRONLY, 100 },
	{ 22, O_RDWR, 5000000000 },
	{ 23, O_RDWR | O_APPEND, 7 },
	{ 24, O_RDWR | O_NONBLOCK, 8 },
	{ 25, O_RDONLY | O_NOATIME, 9 },
	{ 26, O_RDWR | O_DSYNC, 10 },
	{ 27, O_RDWR | O_SYNC, 11 },
	{ 900, O_RDONLY, 12 },
};

#define NR   (sizeof(files) / sizeof(files[0]))
#define SEEN (O_ACCMODE | O_APPEND | O_NONBLOCK | O_NOATIME | O_SYNC | O_DSYNC)

static void set_up(void)
{
	unsigned int i;
	int fd;

	file_write("file", "some text that is long enough");
	for (i = 0; i < NR; i++) {
		fd = must(open("file", files[i].flags));
		must(dup2(fd, files[i].fd));
		close(fd);
		must(lseek(files[i].fd, files[i].pos, SEEK_SET));
	}
}

static void check(void)
{
	unsigned int i;
	struct stat a, b;
	char c;

	for (i = 0; i < NR; i++) {
		same(must(fcntl(files[i].fd, F_GETFL)) & SEEN, files[i].flags, "flags of %d",
		     files[i].fd);
		same(lseek(files[i].fd, 0, SEEK_CUR), files[i].pos, "position of %d", files[i].fd);
		must(fstat(files[i].fd, &a));
		must(stat("file", &b));
		same(a.st_ino, b.st_ino, "inode of %d", files[i].fd);
	}
	same(read(21, &c, 1), -1, "read from a descriptor open for writing");
	same(write(20, "x", 1), -1, "write to a descriptor open for reading");
	same(must(read(900, &c, 1)), 1, "bytes read");
	same(c, 'a', "byte read");
	must(write(23, "end", 3));
	must(stat("file", &b));
	same(b.st_size, 32, "size after appending");
}

const struct kind kind = { .set_up = set_up, .check = check };
