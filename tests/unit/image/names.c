// SPDX-License-Identifier: GPL-2.0
/* Names of images: each kind's name is parsed back to it, and nothing else is. */
#include "check.h"

static void each_name_is_its_own(void)
{
	static const unsigned long ids[] = { 0, 1, 17, 4294967295ul, 18446744073709551615ul };
	unsigned long id;
	enum image_type type;
	char name[64];

	for (int t = 0; t < IMG_NR_TYPES; t++) {
		CHECK(image_kinds[t].name && image_kinds[t].label);
		for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
			bool numbered = strchr(image_kinds[t].name, '%');

			image_name(t, ids[i], name, sizeof(name));
			CHECK(!image_parse_name(name, &type, &id));
			CHECK(type == (enum image_type)t);
			CHECK(id == (numbered ? ids[i] : 0));
		}
	}
}

static void known_names(void)
{
	char name[64];

	CHECK(!strcmp(image_name(IMG_CORE, 12, name, sizeof(name)), "core-12.img"));
	CHECK(!strcmp(image_name(IMG_GHOST_FILE, 255, name, sizeof(name)), "ghost-file-ff.img"));
	CHECK(!strcmp(image_name(IMG_INVENTORY, 9, name, sizeof(name)), "inventory.img"));
	CHECK(!strcmp(image_name(IMG_STATS_DUMP, 0, name, sizeof(name)), "stats-dump"));
	CHECK(!strcmp(image_name(IMG_SHMEM_PAGEMAP, 5, name, sizeof(name)), "pagemap-shmem-5.img"));
	CHECK(!strcmp(image_name(IMG_CRCTL_TASK, 5, name, sizeof(name)), "crctl-5"));
}

static void other_names_are_refused(void)
{
	static const char *const names[] = {
		"",
		".",
		"core-",
		"core-.img",
		"core-1",
		"core-1.imgx",
		"core--1.img",
		"core-+1.img",
		"core- 1.img",
		"core-01.img",
		"core-1x.img",
		"core-0x1.img",
		"Core-1.img",
		"xcore-1.img",
		"core-18446744073709551616.img",
		"core-99999999999999999999999.img",
		"ghost-file-FF.img",
		"ghost-file-g.img",
		"pagemap-shmem-.img",
		"inventory.img.bak",
		"stats-dump.img",
		"a/core-1.img",
	};
	enum image_type type = IMG_CORE;
	unsigned long id = 77;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (image_parse_name(names[i], &type, &id) == -ENOENT)
			continue;
		fprintf(stderr, "\"%s\" was taken for a name\n", names[i]);
		check_failed = 1;
	}
	CHECK(id == 77);
}

int main(void)
{
	each_name_is_its_own();
	known_names();
	other_names_are_refused();
	return check_failed;
}
