// SPDX-License-Identifier: GPL-2.0
/*
 * corrupt SRC_DIR DST_DIR SEED: copy a directory of images with one random damage to
 * one random file, and print "FILE: what was done". The same seed does the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mutate.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int file_keep(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && !strstr(entry->d_name, ".log");
}

static struct bytes bytes_read(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct bytes b = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(name);
	b.data = malloc(st.st_size + MUTATE_GROW);
	while (b.data && b.len < (size_t)st.st_size) {
		ssize_t nr = read(fd, b.data + b.len, st.st_size - b.len);

		if (nr <= 0)
			die(name);
		b.len += nr;
	}
	close(fd);
	return b;
}

static void bytes_write(int dir_fd, const char *name, const struct bytes *b)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, b->data, b->len) != (ssize_t)b->len || close(fd))
		die(name);
}

/* As it is: another name for the same file, or a copy. */
static void file_copy(int src_fd, int dst_fd, const char *name)
{
	struct bytes b;

	if (!linkat(src_fd, name, dst_fd, name, 0))
		return;
	b = bytes_read(src_fd, name);
	bytes_write(dst_fd, name, &b);
	free(b.data);
}

static void file_damage(int src_fd, int dst_fd, const char *name, uint64_t *seed)
{
	char did[128];
	struct bytes b;

	if (!mutate_below(seed, 20)) {
		printf("%s: removed\n", name);
		return;
	}
	b = bytes_read(src_fd, name);
	mutate_bytes(&b, seed, did, sizeof(did));
	bytes_write(dst_fd, name, &b);
	printf("%s: %s\n", name, did);
	free(b.data);
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int src_fd, dst_fd, nr, pick;
	uint64_t seed;

	if (argc != 4) {
		fprintf(stderr, "usage: corrupt SRC_DIR DST_DIR SEED\n");
		return 2;
	}
	seed = mutate_seed(strtoull(argv[3], NULL, 10));
	src_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nr = scandir(argv[1], &entries, file_keep, alphasort);
	if (src_fd < 0 || nr <= 0)
		die(argv[1]);
	if (mkdir(argv[2], 0700) && errno != EEXIST)
		die(argv[2]);
	dst_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dst_fd < 0)
		die(argv[2]);
	pick = mutate_below(&seed, nr);
	for (int i = 0; i < nr; i++) {
		if (i == pick)
			file_damage(src_fd, dst_fd, entries[i]->d_name, &seed);
		else
			file_copy(src_fd, dst_fd, entries[i]->d_name);
	}
	return 0;
}
