// SPDX-License-Identifier: GPL-2.0
/*
 * How deeply a packed message nests. protobuf-c unpacks recursively and with a
 * large frame for each level, and some messages hold themselves (cgroup_dir_entry,
 * aa_namespace): a hostile image could use up the stack. Looked at before unpacking.
 */
#include <errno.h>

#include "image/internal.h"
#include "image/wire.h"

enum wire_type { WIRE_VARINT, WIRE_64BIT, WIRE_BYTES, WIRE_32BIT = 5 };

struct wire {
	const uint8_t *at, *end;
};

static int varint_read(struct wire *w, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 64 && w->at < w->end; shift += 7) {
		uint8_t byte = *w->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return 0;
		}
	}
	return -EINVAL;
}

static int bytes_skip(struct wire *w, uint64_t len)
{
	if (len > (uint64_t)(w->end - w->at))
		return -EINVAL;
	w->at += len;
	return 0;
}

/* Step over one field; a sub-message is given back in @ret_sub, else its at is NULL. */
static int field_skip(struct wire *w, const ProtobufCMessageDescriptor *desc, struct wire *ret_sub,
		      const ProtobufCMessageDescriptor **ret_desc)
{
	const ProtobufCFieldDescriptor *field;
	uint64_t tag, len;

	ret_sub->at = NULL;
	if (varint_read(w, &tag) || tag > UINT32_MAX)
		return -EINVAL;
	switch (tag & 7) {
	case WIRE_VARINT:
		return varint_read(w, &len);
	case WIRE_64BIT:
		return bytes_skip(w, 8);
	case WIRE_32BIT:
		return bytes_skip(w, 4);
	case WIRE_BYTES:
		break;
	default:
		return -EINVAL;
	}
	if (varint_read(w, &len) || bytes_skip(w, len))
		return -EINVAL;
	field = protobuf_c_message_descriptor_get_field(desc, tag >> 3);
	if (field && field->type == PROTOBUF_C_TYPE_MESSAGE) {
		ret_sub->at = w->at - len;
		ret_sub->end = w->at;
		*ret_desc = field->descriptor;
	}
	return 0;
}

int wire_check_depth(const ProtobufCMessageDescriptor *desc, const void *buf, size_t len,
		     unsigned int depth)
{
	struct wire w = { .at = buf, .end = (const uint8_t *)buf + len }, sub;
	const ProtobufCMessageDescriptor *sub_desc;
	int ret = 0;

	if (!depth)
		return -E2BIG;
	while (!ret && w.at < w.end) {
		ret = field_skip(&w, desc, &sub, &sub_desc);
		if (!ret && sub.at)
			ret = wire_check_depth(sub_desc, sub.at, sub.end - sub.at, depth - 1);
	}
	return ret;
}
