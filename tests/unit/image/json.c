// SPDX-License-Identifier: GPL-2.0
/* Messages as JSON: every kind converts, and the special cases come out as promised. */
#include "check.h"
#include "fill.h"
#include "image/core.pb-c.h"
#include "image/json.h"
#include "image/mm.pb-c.h"
#include "image/sk_unix.pb-c.h"
#include "image/utsns.pb-c.h"

static void check_text(json_t *json, const char *expected)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	if (!text || strcmp(text, expected)) {
		fprintf(stderr, "expected %s\n but got %s\n", expected, text);
		check_failed = 1;
	}
	free(text);
	json_decref(json);
}

static void every_kind(void)
{
	for (int type = 0; type < IMG_NR_TYPES; type++) {
		const struct image_kind *kind = &image_kinds[type];
		unsigned int seed = type;

		for (int i = 0; kind->entry && i < 20; i++) {
			ProtobufCMessage *msg = fill_message(kind->entry, &seed, 3, 3);
			json_t *json = image_json(msg);

			CHECK(json && json_is_object(json));
			json_decref(json);
			protobuf_c_message_free_unpacked(msg, NULL);
		}
	}
}

static void special_values(void)
{
	VmaEntry vma = VMA_ENTRY__INIT;
	UtsnsEntry uts = UTSNS_ENTRY__INIT;
	TaskKobjIdsEntry ids = TASK_KOBJ_IDS_ENTRY__INIT;
	CoreEntry core = CORE_ENTRY__INIT;

	vma.start = 0xffffffffff600000;
	vma.pgoff = UINT64_MAX;
	vma.fd = -1;
	check_text(image_json(&vma.base),
		   "{\"start\":\"0xffffffffff600000\",\"end\":\"0x0\",\"pgoff\":"
		   "\"0xffffffffffffffff\",\"shmid\":0,\"prot\":\"0x0\",\"flags\":\"0x0\","
		   "\"status\":\"0x0\",\"fd\":-1}");
	uts.nodename = "a\xff\"b";
	uts.domainname = "\xc3\xa9";
	check_text(image_json(&uts.base),
		   "{\"nodename\":\"a\\\\xff\\\"b\",\"domainname\":\"\xc3\xa9\"}");
	core.mtype = CORE_ENTRY__MARCH__X86_64;
	core.ids = &ids;
	check_text(image_json(&core.base),
		   "{\"mtype\":\"X86_64\",\"ids\":{\"vm_id\":0,\"files_id\":0,\"fs_id\":0,"
		   "\"sighand_id\":0}}");
	core.ids = NULL;
	core.mtype = 99;
	check_text(image_json(&core.base), "{\"mtype\":99}");
	check_text(image_json_bytes("", 0), "\"\"");
	check_text(image_json_bytes("a", 1), "\"YQ==\"");
	check_text(image_json_bytes("ab", 2), "\"YWI=\"");
	check_text(image_json_bytes("\0\xff~", 3), "\"AP9+\"");
	check_text(image_json_text(NULL), "null");
}

int main(void)
{
	every_kind();
	special_values();
	return check_failed;
}
