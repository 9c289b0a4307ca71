// SPDX-License-Identifier: GPL-2.0
/* Broken images: each is refused with a sentence that says what and where. */
#include "check.h"
#include "image/core.pb-c.h"
#include "image/cgroup.pb-c.h"
#include "image/mm.pb-c.h"
#include "image/pipe_data.pb-c.h"
#include "image/pstree.pb-c.h"
#include "image/utsns.pb-c.h"

#define COMMON	"\x19\x43\x56\x54"
#define SERVICE "\x40\x59\x10\x55"
#define UTSNS	COMMON "\x03\x32\x47\x54"
/* A whole utsns_entry of 7 bytes. */
#define ENTRY                                                                                      \
	"\x07\0\0\0\x0a\x02hi\x12\x01"                                                             \
	"d"
#define PUT(dir_fd, name, text) check_put(dir_fd, name, text, sizeof(text) - 1)

static int utsns_read(int dir_fd, unsigned long id)
{
	ProtobufCMessage *msg = NULL;
	int ret = image_read_one(dir_fd, IMG_UTSNS, id, &utsns_entry__descriptor, &msg);

	if (!ret)
		CHECK(!strcmp(((UtsnsEntry *)msg)->nodename, "hi"));
	protobuf_c_message_free_unpacked(msg, NULL);
	return ret;
}

static void headers(int dir_fd)
{
	CHECK(utsns_read(dir_fd, 1) == -ENOENT);
	CHECK_SENTENCE("utsns-1.img: no such file; the checkpoint is incomplete.");
	PUT(dir_fd, "utsns-1.img", UTSNS ENTRY);
	CHECK(!utsns_read(dir_fd, 1));
	/* Version 1.0 has no common magic. */
	PUT(dir_fd, "utsns-1.img", "\x03\x32\x47\x54" ENTRY);
	CHECK(!utsns_read(dir_fd, 1));
	PUT(dir_fd, "utsns-1.img", "");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: holds 0 bytes, less than the header of an image; it is "
		       "truncated.");
	PUT(dir_fd, "utsns-1.img", COMMON "\x03");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: ends at offset 5, inside its header; it is truncated.");
	PUT(dir_fd, "utsns-1.img", COMMON "\x03\x32\x47\x55" ENTRY);
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: the header should have the magic 0x54473203 but has "
		       "0x55473203; it is no image of this kind or damaged.");
	PUT(dir_fd, "utsns-1.img", "\x18\x43\x56\x54\x03\x32\x47\x54" ENTRY);
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: the header should have the magic 0x54473203 but has "
		       "0x54564318; it is no image of this kind or damaged.");
	PUT(dir_fd, "utsns-1.img", SERVICE "\x03\x32\x47\x54" ENTRY);
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: the header should have the magic 0x54473203 but has "
		       "0x55105940; it is no image of this kind or damaged.");
	PUT(dir_fd, "utsns-1.img", COMMON "\x47\x38\x05\x55" ENTRY);
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: holds an image of another kind (CORE, by its magic at offset "
		       "4); the file was renamed or damaged.");
}

static void entries(int dir_fd)
{
	PUT(dir_fd, "utsns-1.img", UTSNS);
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: ends at offset 8 where a utsns_entry should be; the image is "
		       "truncated.");
	PUT(dir_fd, "utsns-1.img", UTSNS "\x07\0\0");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: 3 bytes are left at offset 8, too few for an entry; the image "
		       "is truncated or damaged.");
	PUT(dir_fd, "utsns-1.img", UTSNS "\x07\0\0\0\x0a\x02hi\x12\x01");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: entry at offset 8 says 7 bytes but only 6 are left; the image "
		       "is truncated or damaged.");
	PUT(dir_fd, "utsns-1.img", UTSNS "\xff\xff\xff\xff\x0a\x02hi\x12\x01");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: entry at offset 8 says 4294967295 bytes but only 6 are left; "
		       "the image is truncated or damaged.");
	/* A required field is missing, a string reaches past the end. */
	PUT(dir_fd, "utsns-1.img", UTSNS "\x04\0\0\0\x0a\x02hi");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: entry at offset 8 (4 bytes) is no valid utsns_entry; the "
		       "image is damaged.");
	PUT(dir_fd, "utsns-1.img",
	    UTSNS "\x07\0\0\0\x0a\x62hi\x12\x01"
		  "d");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	PUT(dir_fd, "utsns-1.img", UTSNS ENTRY "tail");
	CHECK(utsns_read(dir_fd, 1) == -EINVAL);
	CHECK_SENTENCE("utsns-1.img: 4 bytes follow at offset 19 where the file should end; the "
		       "image is damaged.");
}

static int item_count(void *arg, const struct image_item *item)
{
	(*(int *)arg)++;
	return 0;
}

static int path_walk(int dir_fd, const char *path, int *ret_nr)
{
	struct image_reader *r;
	enum image_type type;
	int ret = image_read_open_path(dir_fd, path, &type, &r);

	*ret_nr = 0;
	if (ret)
		return ret;
	ret = image_walk(r, type, item_count, ret_nr);
	image_read_close(r);
	return ret;
}

/* Bytes that follow a message are counted too. */
static void extras(int dir_fd)
{
	PipeDataEntry entry = PIPE_DATA_ENTRY__INIT;
	struct image_writer *w;
	int nr;

	entry.bytes = 10;
	CHECK(!image_write_open(dir_fd, IMG_PIPES_DATA, 0, &w));
	CHECK(!image_write(w, &entry.base) && !image_write_raw(w, "0123456789", 10));
	CHECK(!image_write(w, &entry.base) && !image_write_raw(w, "01234", 5));
	CHECK(!image_write_close(w));
	CHECK(path_walk(dir_fd, "pipes-data.img", &nr) == -EINVAL && nr == 1);
	CHECK_SENTENCE("pipes-data.img: 10 bytes of data belong at offset 34 but only 5 are left; "
		       "the image is truncated or damaged.");
	PUT(dir_fd, "pagemap-1.img", COMMON "\x25\x40\x08\x56");
	CHECK(path_walk(dir_fd, "pagemap-1.img", &nr) == -EINVAL);
	CHECK_SENTENCE("pagemap-1.img: ends at offset 8 where a pagemap_head should be; the image "
		       "is truncated.");
}

static void not_images(int dir_fd)
{
	int nr;

	PUT(dir_fd, "notes.txt", "hello, world");
	CHECK(path_walk(dir_fd, "notes.txt", &nr) == -EINVAL);
	CHECK_SENTENCE("notes.txt: no kind of image has the magic 0x6c6c6568 at offset 0; it is no "
		       "image or damaged.");
	PUT(dir_fd, "zeros", "\0\0\0\0\0\0\0\0");
	CHECK(path_walk(dir_fd, "zeros", &nr) == -EINVAL);
	CHECK(path_walk(dir_fd, "nothing", &nr) == -ENOENT);
	CHECK(path_walk(dir_fd, ".", &nr) == -EINVAL);
	CHECK_SENTENCE(".: is not a regular file, so no image.");
	CHECK(!mkfifoat(dir_fd, "utsns-2.img", 0600));
	CHECK(utsns_read(dir_fd, 2) == -EINVAL);
	CHECK_SENTENCE("utsns-2.img: is not a regular file, so no image.");
	PUT(dir_fd, "utsns-1.img", UTSNS ENTRY);
	CHECK(!symlinkat("utsns-1.img", dir_fd, "utsns-3.img"));
	CHECK(utsns_read(dir_fd, 3) == -ELOOP);
	CHECK_SENTENCE("utsns-3.img: is a symbolic link; images are not read through links.");
	/* Any name will do where the caller gave the path. */
	CHECK(!renameat(dir_fd, "utsns-1.img", dir_fd, "other-name"));
	CHECK(!path_walk(dir_fd, "other-name", &nr) && nr == 1);
}

/* Fields of newer writers are kept, unknown enum values are numbers. */
static void unknown_fields(int dir_fd)
{
	ProtobufCMessage *msg;

	PUT(dir_fd, "utsns-1.img",
	    UTSNS "\x0c\0\0\0\x0a\x02hi\x12\x01"
		  "d\xc2\x3e\x02xy");
	CHECK(!image_read_one(dir_fd, IMG_UTSNS, 1, &utsns_entry__descriptor, &msg));
	CHECK(msg->n_unknown_fields == 1 && msg->unknown_fields[0].tag == 1000);
	protobuf_c_message_free_unpacked(msg, NULL);
	PUT(dir_fd, "core-1.img", COMMON "\x47\x38\x05\x55\x02\0\0\0\x08\x63");
	CHECK(!image_read_one(dir_fd, IMG_CORE, 1, &core_entry__descriptor, &msg));
	CHECK((int)((CoreEntry *)msg)->mtype == 99);
	protobuf_c_message_free_unpacked(msg, NULL);
}

/* A cgroup_dir_entry in itself, so often that unpacking it would use up the stack. */
static void nested(int dir_fd, int depth, int expected)
{
	CgroupDirEntry *dirs = calloc(depth, sizeof(*dirs));
	CgroupDirEntry **children = calloc(depth, sizeof(*children));
	CgControllerEntry controller = CG_CONTROLLER_ENTRY__INIT, *controllers = &controller;
	CgroupEntry cgroup = CGROUP_ENTRY__INIT;
	ProtobufCMessage *msg = NULL;

	for (int i = 0; i < depth; i++) {
		cgroup_dir_entry__init(&dirs[i]);
		dirs[i].dir_name = "d";
		children[i] = &dirs[i + 1];
		dirs[i].children = &children[i];
		dirs[i].n_children = i + 1 < depth;
	}
	controller.n_dirs = 1;
	controller.dirs = &(CgroupDirEntry *){ dirs };
	cgroup.n_controllers = 1;
	cgroup.controllers = &controllers;
	CHECK(!image_write_one(dir_fd, IMG_CGROUP, 0, &cgroup.base));
	CHECK(image_read_one(dir_fd, IMG_CGROUP, 0, &cgroup_entry__descriptor, &msg) == expected);
	protobuf_c_message_free_unpacked(msg, NULL);
	free(dirs);
	free(children);
}

int main(void)
{
	int dir_fd = check_dir_open();

	headers(dir_fd);
	entries(dir_fd);
	extras(dir_fd);
	not_images(dir_fd);
	unknown_fields(dir_fd);
	nested(dir_fd, 50, 0);
	nested(dir_fd, 2000, -EINVAL);
	return check_end(dir_fd);
}
