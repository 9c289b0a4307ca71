/* SPDX-License-Identifier: GPL-2.0 */
/* Messages as JSON, for people and for tools. */
#ifndef CRCTL_IMAGE_JSON_H
#define CRCTL_IMAGE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "image/image.h"

/*
 * Any message as an object, NULL without memory. Enums are given by name, bytes
 * in base64, addresses and masks as "0x..." strings; absent fields are left out.
 * What this crctl does not know is listed under "unknown_fields" by number.
 */
json_t *image_json(const ProtobufCMessage *msg);

/*
 * A whole image just opened: its "magic" and "entries", or how many bytes and pages. NULL
 * without memory; *ret_ret is set to -errno where what follows the entries is broken.
 */
json_t *image_json_file(struct image_reader *r, enum image_type type, int *ret_ret);

/* Bytes as a base64 string. */
json_t *image_json_bytes(const void *buf, size_t len);

/* "0x..." */
json_t *image_json_hex(uint64_t value);

/* Text of any encoding: what is not UTF-8 becomes \xNN. NULL gives null. */
json_t *image_json_text(const char *text);
json_t *image_json_text_len(const char *text, size_t len);

#endif
