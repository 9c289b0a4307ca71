// SPDX-License-Identifier: GPL-2.0
/* Tasks that open, write, read and delete files all the time. */
#include "storm.h"

static unsigned int seed;

static void turn(void)
{
	unsigned char data[2000];
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "f%d-%u", getpid(), ++seed);
	fd = must(open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
	fill(data, sizeof(data), seed);
	same(must(write(fd, data, sizeof(data))), sizeof(data), "bytes written");
	must(unlink(name));
	same(must(pread(fd, data, sizeof(data), 0)), sizeof(data), "bytes read");
	if (!filled(data, sizeof(data), seed))
		fail("the file just written changed");
	close(fd);
}
