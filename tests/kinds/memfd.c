// SPDX-License-Identifier: GPL-2.0
/* Memfds: content with holes, size, seals, name, mode, several descriptions, position. */
#include "kind.h"

#define SIZE (1 << 20)

static int fd, other, sealed, empty, noseal;
static char data[5000];

static void set_up(void)
{
	char path[64];

	fill(data, sizeof(data), 3);
	fd = must(memfd_create("some name", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	must(ftruncate(fd, SIZE));
	same(pwrite(fd, data, sizeof(data), SIZE / 2), sizeof(data), "bytes written");
	must(lseek(fd, 77, SEEK_SET));
	must(fchmod(fd, 0640));
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = must(open(path, O_RDONLY | O_APPEND));
	must(lseek(other, 99, SEEK_SET));
	sealed = must(memfd_create("sealed", MFD_ALLOW_SEALING));
	same(write(sealed, data, 100), 100, "bytes written");
	must(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
	empty = must(memfd_create("", 0));
	noseal = must(memfd_create("noseal", 0));
	same(write(noseal, data, 10), 10, "bytes written");
}

static void check(void)
{
	char buf[5000];
	struct stat st;

	same(must(fcntl(fd, F_GETFD)), FD_CLOEXEC, "close-on-exec");
	same(must(lseek(fd, 0, SEEK_CUR)), 77, "position");
	same(must(lseek(other, 0, SEEK_CUR)), 99, "position of the other description");
	same(must(fcntl(other, F_GETFL)) & (O_ACCMODE | O_APPEND), O_APPEND, "its flags");
	must(fstat(fd, &st));
	same(st.st_size, SIZE, "size");
	same(st.st_mode, S_IFREG | 0640, "mode");
	if (st.st_blocks > 32)
		fail("the holes are filled: %d blocks", (int)st.st_blocks);
	same(pread(other, buf, sizeof(buf), SIZE / 2), sizeof(buf), "bytes read");
	if (memcmp(buf, data, sizeof(buf)))
		fail("the content changed");
	same(must(fcntl(fd, F_GET_SEALS)), F_SEAL_SHRINK, "seals");
	same(ftruncate(fd, 1), -1, "making it shorter");
	must(ftruncate(fd, SIZE * 2));
	must(fstat(other, &st));
	same(st.st_size, SIZE * 2, "size by the other description");
	same(must(fcntl(sealed, F_GET_SEALS)), F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
	     F_SEAL_SEAL, "all seals");
	same(write(sealed, "x", 1), -1, "writing to the sealed one");
	same(must(pread(sealed, buf, 200, 0)), 100, "its size");
	same(must(fcntl(empty, F_GET_SEALS)), F_SEAL_SEAL, "seals of one that cannot be sealed");
	must(fstat(empty, &st));
	same(st.st_size, 0, "size of the empty one");
	same(must(pread(noseal, buf, 200, 0)), 10, "size of the one without seals");
	must(readlink("/proc/self/fd/3", buf, sizeof(buf)));
	if (strncmp(buf, "/memfd:some name (deleted)", 26))
		fail("its name is %.40s", buf);
}

const struct kind kind = { .set_up = set_up, .check = check };
