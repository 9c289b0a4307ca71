// SPDX-License-Identifier: GPL-2.0
/*
 * From messages to JSON by their descriptors. The numbers of JSON reach only to
 * 2^63-1 in our library (and to 2^53 in others), so that addresses and masks,
 * which people want in hexadecimal anyway, are strings.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/json.h"
#include "lib/cleanup.h"

#define PAGE_LEN 4096

/* "message.field", "message.*" or "*.field". */
/* clang-format off */
static const char *const hex_fields[] = {
	"user_x86_regs_entry.*", "user_aarch64_regs_entry.*", "user_x86_cet_entry.*",
	"user_x86_xsave_entry.*", "user_x86_fpregs_entry.*", "user_aarch64_fpsimd_context_entry.*",
	"pac_address_keys.*", "pac_generic_keys.*", "sa_entry.*", "rseq_entry.*",
	"user_desc_t.base_addr", "user_desc_t.limit",
	"vma_entry.start", "vma_entry.end", "vma_entry.prot", "vma_entry.status", "vma_entry.madv",
	"mm_entry.mm_start_code", "mm_entry.mm_end_code", "mm_entry.mm_start_data",
	"mm_entry.mm_end_data", "mm_entry.mm_start_stack", "mm_entry.mm_start_brk",
	"mm_entry.mm_brk", "mm_entry.mm_arg_start", "mm_entry.mm_arg_end",
	"mm_entry.mm_env_start", "mm_entry.mm_env_end", "mm_entry.mm_saved_auxv",
	"aio_ring_entry.id", "pagemap_entry.vaddr", "crctl_vma_name.start", "crctl_vma_name.end",
	"crctl_range.start", "crctl_range.end",
	"creds_entry.cap_inh", "creds_entry.cap_prm", "creds_entry.cap_eff", "creds_entry.cap_bnd",
	"creds_entry.cap_amb", "creds_entry.secbits",
	"thread_sas_entry.ss_sp", "thread_core_entry.futex_rla", "posix_timer_entry.sival_ptr",
	"signalfd_entry.sigmask", "eventpoll_tfd_entry.events", "eventpoll_tfd_entry.data",
	"fanotify_file_entry.faflags", "fanotify_file_entry.evflags", "memfd_inode_entry.seals",
	"ns_file_entry.ns_cflag", "fh_entry.handle", "cpuinfo_x86_entry.xfeatures_mask",
	"reg_file_entry.build_id", "termios_entry.c_cc", "termios_entry.c_iflag",
	"termios_entry.c_oflag", "termios_entry.c_cflag", "termios_entry.c_lflag",
	"*.blk_sigset", "*.blk_sigset_extended", "*.clear_tid_addr", "*.tls", "*.flags", "*.mask",
	"*.personality", "*.ignored_mask", "*.mflags", "*.so_filter", "*.mode", "*.uflags",
};
/* clang-format on */

static bool field_is_hex(const char *message, const char *field)
{
	size_t len = strlen(message);

	for (size_t i = 0; i < sizeof(hex_fields) / sizeof(hex_fields[0]); i++) {
		const char *dot = strchr(hex_fields[i], '.');
		size_t message_len = dot - hex_fields[i];

		if (hex_fields[i][0] != '*' &&
		    (message_len != len || memcmp(hex_fields[i], message, len)))
			continue;
		if (dot[1] == '*' || !strcmp(dot + 1, field))
			return true;
	}
	return false;
}

json_t *image_json_hex(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

json_t *image_json_bytes(const void *buf, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	auto_free char *text = malloc((len + 2) / 3 * 4 + 1);
	const uint8_t *p = buf;
	char *out = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = p[i] << 16 | (i + 1 < len ? p[i + 1] << 8 : 0) |
				 (i + 2 < len ? p[i + 2] : 0);

		*out++ = digits[group >> 18];
		*out++ = digits[group >> 12 & 63];
		*out++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[group & 63] : '=';
	}
	return json_stringn_nocheck(text, out - text);
}

json_t *image_json_text_len(const char *text, size_t len)
{
	json_t *json = json_stringn(text, len);
	auto_free char *escaped = NULL;
	char *out;

	if (json)
		return json;
	escaped = malloc(len * 4 + 1);
	if (!escaped)
		return NULL;
	out = escaped;
	for (size_t i = 0; i < len; i++)
		out += sprintf(out, (uint8_t)text[i] < 0x80 ? "%c" : "\\x%02x", (uint8_t)text[i]);
	return json_stringn_nocheck(escaped, out - escaped);
}

json_t *image_json_text(const char *text)
{
	return text ? image_json_text_len(text, strlen(text)) : json_null();
}

static json_t *u64_json(uint64_t value, bool hex)
{
	return hex || value > INT64_MAX ? image_json_hex(value) : json_integer(value);
}

static json_t *enum_json(const ProtobufCEnumDescriptor *desc, int value)
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(desc, value);

	return known ? json_string(known->name) : json_integer(value);
}

static size_t field_len(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	default:
		return 4;
	}
}

static json_t *value_json(const ProtobufCFieldDescriptor *field, const void *p, bool hex)
{
	const ProtobufCBinaryData *bytes = p;

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return json_integer(*(const int32_t *)p);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return json_integer(*(const int64_t *)p);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return u64_json(*(const uint32_t *)p, hex);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return u64_json(*(const uint64_t *)p, hex);
	case PROTOBUF_C_TYPE_FLOAT:
		return json_real(*(const float *)p);
	case PROTOBUF_C_TYPE_DOUBLE:
		return json_real(*(const double *)p);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)p);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_json(field->descriptor, *(const int *)p);
	case PROTOBUF_C_TYPE_STRING:
		return image_json_text(*(char *const *)p);
	case PROTOBUF_C_TYPE_BYTES:
		return image_json_bytes(bytes->data, bytes->len);
	case PROTOBUF_C_TYPE_MESSAGE:
		return image_json(*(ProtobufCMessage *const *)p);
	}
	return json_null();
}

static json_t *repeated_json(const ProtobufCFieldDescriptor *field, const void *items, size_t nr,
			     bool hex)
{
	size_t len = field_len(field->type);
	json_t *array = json_array();

	for (size_t i = 0; i < nr; i++)
		if (json_array_append_new(array,
					  value_json(field, (const char *)items + i * len, hex)))
			break;
	if (json_array_size(array) == nr)
		return array;
	json_decref(array);
	return NULL;
}

static bool field_is_present(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field)
{
	const char *base = (const char *)msg;

	if (field->label == PROTOBUF_C_LABEL_REQUIRED)
		return true;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(base + field->quantifier_offset);
	if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(const void *const *)(base + field->offset);
	return *(const protobuf_c_boolean *)(base + field->quantifier_offset);
}

static json_t *field_json(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field)
{
	bool hex = field_is_hex(msg->descriptor->name, field->name);
	const char *base = (const char *)msg;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return value_json(field, base + field->offset, hex);
	return repeated_json(field, *(const void *const *)(base + field->offset),
			     *(const size_t *)(base + field->quantifier_offset), hex);
}

static int unknown_add(json_t *object, const ProtobufCMessage *msg)
{
	json_t *tags;
	int ret = 0;

	if (!msg->n_unknown_fields)
		return 0;
	tags = json_array();
	for (size_t i = 0; i < msg->n_unknown_fields; i++)
		ret |= json_array_append_new(tags, json_integer(msg->unknown_fields[i].tag));
	return ret | json_object_set_new(object, "unknown_fields", tags);
}

json_t *image_json(const ProtobufCMessage *msg)
{
	const ProtobufCMessageDescriptor *desc = msg->descriptor;
	json_t *object = json_object();
	int ret = object ? 0 : -1;

	for (unsigned int i = 0; i < desc->n_fields && !ret; i++)
		if (field_is_present(msg, &desc->fields[i]))
			ret = json_object_set_new(object, desc->fields[i].name,
						  field_json(msg, &desc->fields[i]));
	if (!ret)
		ret = unknown_add(object, msg);
	if (!ret)
		return object;
	json_decref(object);
	return NULL;
}

static int item_add(void *arg, const struct image_item *item)
{
	json_t *entry = image_json(item->msg);
	int ret = json_object_set_new(entry, "message", json_string(item->msg->descriptor->name));

	if (!ret && item->extra_len)
		ret = json_object_set_new(entry, "extra",
					  image_json_bytes(item->extra, item->extra_len));
	return json_array_append_new(arg, entry) || ret ? -ENOMEM : 0;
}

json_t *image_json_file(struct image_reader *r, enum image_type type, int *ret_ret)
{
	json_t *entries = json_array();
	size_t len = image_read_left(r);

	if (!image_kinds[type].magic)
		return json_pack("{s:s s:I s:I s:o}", "magic", image_kinds[type].label, "bytes",
				 (json_int_t)len, "pages", (json_int_t)(len / PAGE_LEN), "entries",
				 entries);
	*ret_ret = image_walk(r, type, item_add, entries);
	return json_pack("{s:s s:o}", "magic", image_kinds[type].label, "entries", entries);
}
