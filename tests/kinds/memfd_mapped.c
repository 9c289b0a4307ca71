// SPDX-License-Identifier: GPL-2.0
/*
 * Memfds that are mapped: shared by two tasks, one of them by its mapping only; private with
 * a page of its own; read-only; sealed for the future with a writable mapping.
 */
#include "kind.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#define LEN (4 * 4096)

static int fd, future;
static char *shared, *private, *readonly, *writable;
static pid_t child;

static void body(void)
{
	close(fd);
	await_mark("write");
	shared[5] = 'c';
	mark("written");
	await_mark("end");
}

static void set_up(void)
{
	int ro;
	char path[64];

	fd = must(memfd_create("mapped", MFD_CLOEXEC));
	must(ftruncate(fd, LEN));
	shared = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fill(shared, LEN, 1);
	private = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	private[4096] = 'p';
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = must(open(path, O_RDONLY));
	readonly = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 8192);
	close(ro);
	future = must(memfd_create("future", MFD_ALLOW_SEALING));
	must(ftruncate(future, LEN));
	writable = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, future, 0);
	if (shared == MAP_FAILED || private == MAP_FAILED || readonly == MAP_FAILED ||
	    writable == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	must(fcntl(future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	child = child_start(body);
}

static void check(void)
{
	struct stat st;
	char c;

	must(fstat(fd, &st));
	same(st.st_size, LEN, "size");
	if (!filled(shared, LEN, 1))
		fail("the shared mapping has other content");
	same(private[4096], 'p', "the page of its own");
	same(private[4097], shared[4097], "the rest of that page");
	mark("write");
	await_mark("written");
	same(shared[5], 'c', "what the child wrote");
	same(private[5], 'c', "what the child wrote, in the private mapping");
	must(pwrite(fd, "w", 1, 8192));
	same(readonly[0], 'w', "what was written, in the read-only mapping");
	same(private[4096], 'p', "the page of its own");
	same(mprotect(readonly, 4096, PROT_READ | PROT_WRITE), -1, "making it writable");
	same(must(fcntl(future, F_GET_SEALS)), F_SEAL_FUTURE_WRITE, "seals");
	writable[3] = 'z';
	same(must(pread(future, &c, 1, 3)), 1, "bytes read");
	same(c, 'z', "what was written through the mapping");
	same(write(future, "x", 1), -1, "writing to the sealed one");
	mark("end");
	child_done(child);
}

const struct kind kind = { .set_up = set_up, .check = check };
