/* SPDX-License-Identifier: GPL-2.0 */
/* Messages with every field set, from their descriptor alone. */
#ifndef CRCTL_TESTS_IMAGE_FILL_H
#define CRCTL_TESTS_IMAGE_FILL_H

#include "image/image.h"

/*
 * A message with each field set from @seed; lists get two items, messages nest
 * three levels. Freed with protobuf_c_message_free_unpacked(). Fields that
 * count bytes or messages that follow in the file are set to @follow.
 */
static ProtobufCMessage *fill_message(const ProtobufCMessageDescriptor *desc, unsigned int *seed,
				      unsigned int follow, int depth);

static inline uint64_t fill_number(unsigned int *seed, int bits)
{
	uint64_t value = (uint64_t)rand_r(seed) << 40 ^ (uint64_t)rand_r(seed) << 20 ^ rand_r(seed);

	/* Small, middle-sized and full numbers. */
	switch (rand_r(seed) % 3) {
	case 0:
		value &= 0xff;
		break;
	case 1:
		value &= 0xffffff;
		break;
	}
	return bits == 64 ? value : value & 0xffffffff;
}

static inline bool fill_counts_bytes(const ProtobufCFieldDescriptor *field)
{
	static const char *const names[] = { "bytes",	 "length",     "inq_len",
					     "outq_len", "msize",      "nsems",
					     "qnum",	 "keys_bytes", "values_bytes" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(field->name, names[i]))
			return true;
	return false;
}

static inline void fill_value(const ProtobufCFieldDescriptor *field, void *p, unsigned int *seed,
			      unsigned int follow, int depth)
{
	const ProtobufCEnumDescriptor *values = field->descriptor;
	ProtobufCBinaryData *bytes = p;
	size_t len = rand_r(seed) % 40;

	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)p = rand_r(seed) & 1;
		break;
	case PROTOBUF_C_TYPE_ENUM:
		*(int *)p = values->values[rand_r(seed) % values->n_values].value;
		break;
	case PROTOBUF_C_TYPE_STRING:
		*(char **)p = calloc(1, len + 1);
		memset(*(char **)p, 'a' + len % 26, len);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		bytes->len = len + 1;
		bytes->data = calloc(1, len + 1);
		memset(bytes->data, 0x80 + len, len + 1);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)p = fill_message(field->descriptor, seed, follow, depth - 1);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
		*(uint64_t *)p = fill_number(seed, 64);
		break;
	default:
		*(uint32_t *)p = fill_counts_bytes(field) ? follow : fill_number(seed, 32);
	}
}

static inline size_t fill_len(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return 8;
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

static inline void fill_field(const ProtobufCFieldDescriptor *field, ProtobufCMessage *msg,
			      unsigned int *seed, unsigned int follow, int depth)
{
	char *base = (char *)msg, *items;
	size_t nr = rand_r(seed) % 3, len = fill_len(field->type);

	/* A message that holds itself must end somewhere. */
	if (field->type == PROTOBUF_C_TYPE_MESSAGE && depth <= 0 &&
	    field->label != PROTOBUF_C_LABEL_REQUIRED)
		return;
	if (field->label != PROTOBUF_C_LABEL_REPEATED) {
		if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
		    field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING)
			*(protobuf_c_boolean *)(base + field->quantifier_offset) = 1;
		fill_value(field, base + field->offset, seed, follow, depth);
		return;
	}
	items = nr ? calloc(nr, len) : NULL;
	*(size_t *)(base + field->quantifier_offset) = nr;
	*(void **)(base + field->offset) = items;
	for (size_t i = 0; i < nr; i++)
		fill_value(field, items + i * len, seed, follow, depth);
}

static ProtobufCMessage *fill_message(const ProtobufCMessageDescriptor *desc, unsigned int *seed,
				      unsigned int follow, int depth)
{
	ProtobufCMessage *msg = calloc(1, desc->sizeof_message);

	protobuf_c_message_init(desc, msg);
	for (unsigned int i = 0; i < desc->n_fields; i++)
		fill_field(&desc->fields[i], msg, seed, follow, depth);
	return msg;
}

#endif
