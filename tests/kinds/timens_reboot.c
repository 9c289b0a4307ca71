// SPDX-License-Identifier: GPL-2.0
/* Restored where the clocks are behind, as after a reboot, time does not run backwards. */
#include "kind.h"

#define AHEAD 5000 /* seconds */

static struct timespec mono;

static void set_up(void)
{
	if (access("/proc/self/timens_offsets", F_OK))
		skip("no time namespaces");
	must(clock_gettime(CLOCK_MONOTONIC, &mono));
}

static uint8_t *number_put(uint8_t *at, uint8_t field, uint64_t value)
{
	*at++ = (uint8_t)(field << 3);
	for (; value > 127; value >>= 7)
		*at++ = (uint8_t)(value | 128);
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *clock_put(uint8_t *at, uint8_t field, clockid_t clock)
{
	struct timespec now;
	uint8_t *start;

	must(clock_gettime(clock, &now));
	*at++ = (uint8_t)(field << 3 | 2);
	start = ++at;
	at = number_put(at, 1, (uint64_t)now.tv_sec + AHEAD);
	at = number_put(at, 2, (uint64_t)now.tv_nsec);
	start[-1] = (uint8_t)(at - start);
	return at;
}

/* The image of a machine whose clocks were ahead: two magics, a length, the message. */
static void between(void)
{
	uint32_t head[3] = { 0x54564319, 0x43114433, 0 };
	uint8_t message[128], *end;
	int fd;

	mark("rebooted");
	end = clock_put(message, 1, CLOCK_MONOTONIC);
	end = clock_put(end, 2, CLOCK_BOOTTIME);
	head[2] = (uint32_t)(end - message);
	fd = open("img/timens-0.img", O_WRONLY | O_TRUNC);
	if (fd < 0)
		return;	/* the second time the tree has a namespace of its own */
	same(write(fd, head, sizeof(head)), sizeof(head), "written");
	same(write(fd, message, head[2]), head[2], "written");
	must(close(fd));
}

static void check(void)
{
	long long least = mono.tv_sec + (marked("rebooted") ? AHEAD : 0);
	struct timespec now;

	must(clock_gettime(CLOCK_MONOTONIC, &now));
	if (now.tv_sec < least)
		fail("the clock was at least %lld at the dump and is %lld now", least,
		     (long long)now.tv_sec);
	must(clock_gettime(CLOCK_BOOTTIME, &now));
	if (now.tv_sec > mono.tv_sec + 3 * AHEAD + 1000000)
		fail("the boottime clock is wrong: %lld", (long long)now.tv_sec);
}

const struct kind kind = {
	.set_up = set_up,
	.check = check,
	.between = between,
	.no_undisturbed = true,
};
