/* SPDX-License-Identifier: GPL-2.0 */
/* One random damage to the bytes of an image. */
#ifndef CRCTL_TESTS_FUZZ_MUTATE_H
#define CRCTL_TESTS_FUZZ_MUTATE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATE_GROW 65536u

/* The bytes of a file, with room for MUTATE_GROW more. */
struct bytes {
	uint8_t *data;
	size_t len;
};

static inline uint64_t mutate_random(uint64_t *seed)
{
	/* xorshift64* */
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull >> 16;
}

static inline uint64_t mutate_seed(uint64_t seed)
{
	seed = (seed + 1) * 0x9e3779b97f4a7c15ull;
	return seed ? seed : 1;
}

static inline size_t mutate_below(uint64_t *seed, size_t limit)
{
	return limit ? mutate_random(seed) % limit : 0;
}

static inline uint32_t mutate_u32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A random entry, by its framing: offset of its length, and its length. Entries that plain bytes
 * follow are found as far as the framing can be followed. */
static inline int mutate_entry(const struct bytes *b, uint64_t *seed, size_t *ret_at,
			       uint32_t *ret_len)
{
	size_t starts[256], nr = 0, at = 8;

	while (at + 4 <= b->len && nr < 256) {
		uint32_t len = mutate_u32(b->data + at);

		if (len > b->len - at - 4)
			break;
		starts[nr++] = at;
		at += 4 + len;
	}
	if (!nr)
		return -1;
	*ret_at = starts[mutate_below(seed, nr)];
	*ret_len = mutate_u32(b->data + *ret_at);
	return 0;
}

static inline void mutate_range(struct bytes *b, uint64_t *seed, int zero, char *did, size_t size)
{
	size_t at = mutate_below(seed, b->len), len = 1 + mutate_below(seed, 64);

	if (len > b->len - at)
		len = b->len - at;
	for (size_t i = 0; i < len; i++)
		b->data[at + i] = zero ? 0 : mutate_random(seed);
	snprintf(did, size, "%zu bytes at offset %zu made %s", len, at, zero ? "zero" : "random");
}

static inline void mutate_length(struct bytes *b, uint64_t *seed, char *did, size_t size)
{
	static const uint32_t interesting[] = {
		0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc
	};
	uint32_t len, value;
	size_t at;

	if (mutate_entry(b, seed, &at, &len)) {
		mutate_range(b, seed, 1, did, size);
		return;
	}
	value = mutate_below(seed, 2) ? interesting[mutate_below(seed, 6)]
				      : len + mutate_below(seed, 65) - 32;
	memcpy(b->data + at, &value, 4);
	snprintf(did, size, "length at offset %zu changed from %u to %u", at, len, value);
}

/* Drop or repeat a whole entry: the framing stays right, what the image says does not. */
static inline void mutate_whole(struct bytes *b, uint64_t *seed, int repeat, char *did, size_t size)
{
	uint32_t len;
	size_t at;

	if (mutate_entry(b, seed, &at, &len) || (repeat && len + 4 > MUTATE_GROW)) {
		mutate_range(b, seed, 1, did, size);
		return;
	}
	len += 4;
	if (repeat) {
		memmove(b->data + at + len, b->data + at, b->len - at);
		b->len += len;
	} else {
		memmove(b->data + at, b->data + at + len, b->len - at - len);
		b->len -= len;
	}
	snprintf(did, size, "entry at offset %zu %s", at, repeat ? "repeated" : "dropped");
}

/* One of the seven bits of a byte of a varint or text, or any: what keeps most messages whole. */
static inline void mutate_bit(struct bytes *b, uint64_t *seed, char *did, size_t size)
{
	size_t at = mutate_below(seed, b->len);
	int bit = mutate_below(seed, 8);

	b->data[at] ^= 1 << bit;
	snprintf(did, size, "bit %d of the byte at offset %zu flipped", bit, at);
}

/* Damage @b in one place and say in @did what was done. */
static inline void mutate_bytes(struct bytes *b, uint64_t *seed, char *did, size_t size)
{
	size_t old = b->len, more;

	switch (b->len ? mutate_below(seed, 10) : 9) {
	case 0:
		b->len = mutate_below(seed, b->len);
		snprintf(did, size, "truncated from %zu to %zu bytes", old, b->len);
		break;
	case 1:
		mutate_range(b, seed, 1, did, size);
		break;
	case 2:
		mutate_range(b, seed, 0, did, size);
		break;
	case 3:
		mutate_length(b, seed, did, size);
		break;
	case 4:
		mutate_whole(b, seed, 0, did, size);
		break;
	case 5:
		mutate_whole(b, seed, 1, did, size);
		break;
	case 9:
		more = 1 + mutate_below(seed, 64);
		for (size_t i = 0; i < more; i++)
			b->data[b->len++] = mutate_random(seed);
		snprintf(did, size, "extended by %zu random bytes to %zu", more, b->len);
		break;
	default:
		mutate_bit(b, seed, did, size);
	}
}

#endif
