// SPDX-License-Identifier: GPL-2.0
/*
 * readers FIRST NR [DIR]: the image readers over damaged images, in one process. For
 * each seed every image of DIR is damaged once and read to its end, message by message,
 * to JSON and back to bytes. Without DIR the images are made up, one of each kind with
 * all fields. Fails when a reader does not say what is wrong; best built with SAN=1.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image.h"
#include "image/json.h"
#include "mutate.h"
#include "unit/image/fill.h"

struct file {
	char name[64];
	struct bytes bytes;
};

static struct file files[256];
static size_t nr_files, nr_read, nr_refused;
static char scratch[64] = "/tmp/crctl-fuzz-XXXXXX";

static int item_use(void *arg, const struct image_item *item)
{
	size_t len = protobuf_c_message_get_packed_size(item->msg);
	uint8_t *packed = malloc(len + 1), sum = 0;
	json_t *json = image_json(item->msg);
	char *text = json ? json_dumps(json, 0) : NULL;

	protobuf_c_message_pack(item->msg, packed);
	for (size_t i = 0; i < item->extra_len; i++)
		sum ^= ((const uint8_t *)item->extra)[i];
	*(uint8_t *)arg ^= sum;
	free(packed);
	json_decref(json);
	free(text);
	if (text)
		return 0;
	fprintf(stderr, "%s has no JSON\n", item->msg->descriptor->name);
	exit(1);
}

static int image_use(int dir_fd, const char *name)
{
	struct image_reader *r;
	enum image_type type;
	uint8_t sum = 0;
	int ret = image_read_open_path(dir_fd, name, &type, &r);

	if (ret)
		return ret;
	ret = image_walk(r, type, item_use, &sum);
	image_read_close(r);
	return ret;
}

static void file_try(int dir_fd, const struct file *file, uint64_t seed)
{
	struct bytes b = { malloc(file->bytes.len + MUTATE_GROW), file->bytes.len };
	int fd = openat(dir_fd, file->name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), ret;
	char did[128];

	memcpy(b.data, file->bytes.data, b.len);
	mutate_bytes(&b, &seed, did, sizeof(did));
	if (fd < 0 || write(fd, b.data, b.len) != (ssize_t)b.len) {
		perror(file->name);
		exit(1);
	}
	close(fd);
	ret = image_use(dir_fd, file->name);
	nr_read++;
	nr_refused += ret < 0;
	if (ret < 0 && strncmp(image_error(), file->name, strlen(file->name))) {
		fprintf(stderr, "%s (%s): the sentence does not name the file: %s\n", file->name,
			did, image_error());
		exit(1);
	}
	free(b.data);
}

static void file_add(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct file *file = &files[nr_files];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > 4 << 20 ||
	    nr_files == 256 || strlen(name) >= sizeof(file->name) || image_use(dir_fd, name)) {
		close(fd);
		return;
	}
	strcpy(file->name, name);
	file->bytes.data = malloc(st.st_size + 1);
	file->bytes.len = read(fd, file->bytes.data, st.st_size);
	nr_files++;
	close(fd);
}

static void files_load(const char *dir)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries;
	int nr = scandir(dir, &entries, NULL, alphasort);

	for (int i = 0; i < nr; i++) {
		file_add(dir_fd, entries[i]->d_name);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
	close(dir_fd);
}

static void images_make(int dir_fd)
{
	for (int type = 0; type < IMG_NR_TYPES; type++) {
		const struct image_kind *kind = &image_kinds[type];
		unsigned int fill_seed = type;
		struct image_writer *w;

		if (!kind->magic || image_write_open(dir_fd, type, 1, &w))
			continue;
		for (int i = 0; i < 12; i++) {
			ProtobufCMessage *msg = fill_message(
				!i && kind->first ? kind->first : kind->entry, &fill_seed, 0, 4);

			(void)image_write(w, msg);
			protobuf_c_message_free_unpacked(msg, NULL);
		}
		(void)image_write_close(w);
	}
}

int main(int argc, char **argv)
{
	uint64_t first, nr;
	int dir_fd;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: readers FIRST NR [DIR]\n");
		return 2;
	}
	first = strtoull(argv[1], NULL, 10);
	nr = strtoull(argv[2], NULL, 10);
	if (!mkdtemp(scratch)) {
		perror(scratch);
		return 1;
	}
	dir_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (argc == 3)
		images_make(dir_fd);
	files_load(argc == 4 ? argv[3] : scratch);
	for (uint64_t seed = first; seed < first + nr; seed++)
		for (size_t i = 0; i < nr_files; i++)
			file_try(dir_fd, &files[i], mutate_seed(seed * 1000 + i));
	printf("%zu images, %zu damaged ones read, %zu refused\n", nr_files, nr_read, nr_refused);
	for (size_t i = 0; i < nr_files; i++)
		free(files[i].bytes.data);
	for (size_t i = 0; i < nr_files; i++)
		unlinkat(dir_fd, files[i].name, 0);
	for (int type = 0; type < IMG_NR_TYPES; type++) {
		char name[64];

		unlinkat(dir_fd, image_name(type, 1, name, sizeof(name)), 0);
	}
	close(dir_fd);
	rmdir(scratch);
	return nr_files ? 0 : 1;
}
