// SPDX-License-Identifier: GPL-2.0
/* A copy of our own vdso, led to the real one or to system calls; and damaged copies. */
#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "mm/vdso.h"
#include "unit/check.h"

#define LEN 8192

typedef long (*clock_fn)(long clock, struct timespec *ts);
typedef long (*random_fn)(void *buf, size_t len, unsigned int flags, void *state, size_t state_len);

static const char *real;

static void *symbol(const struct vdso_image *v, const char *base, const char *name)
{
	for (size_t i = 0; i < v->nr; i++) {
		if (!strcmp(v->symbols[i].name, name))
			return (void *)(base + v->symbols[i].offset);
	}
	return NULL;
}

static void clock_is_right(const struct vdso_image *v, const char *code)
{
	clock_fn fn = (clock_fn)symbol(v, code, "__vdso_clock_gettime");
	struct timespec a = { 0, 0 }, b;

	CHECK(fn && fn(CLOCK_MONOTONIC, &a) == 0);
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b);
	CHECK(a.tv_sec && b.tv_sec - a.tv_sec < 2);
}

static void redirected(void)
{
	char *code = mmap(NULL, LEN, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vdso_image v, none = { 0 };
	const char *name = NULL;
	random_fn random;
	char buf[16];

	CHECK(vdso_parse(real, LEN, &v) == 0);
	CHECK(v.nr >= 8 && vdso_same(&v, &v));
	memcpy(code, real, LEN);
	CHECK(vdso_redirect(&v, code, &v, (uintptr_t)real, &name) == 0);
	clock_is_right(&v, code);
	/* nothing of the old code is reached: without it all still works */
	memcpy(code, real, LEN);
	CHECK(vdso_redirect(&v, code, &none, 0, &name) == 0);
	clock_is_right(&v, code);
	random = (random_fn)symbol(&v, code, "__vdso_getrandom");
	if (random) {
		CHECK(random(buf, sizeof(buf), 0, NULL, 0) == sizeof(buf));
		CHECK(random(NULL, 0, 0, buf, (size_t)-1) == -ENOSYS);
	}
	munmap(code, LEN);
}

static void too_short(void)
{
	struct vdso_image v, none = { 0 };
	const char *name = NULL;
	char code[LEN];

	CHECK(vdso_parse(real, LEN, &v) == 0);
	v.symbols[0].room = 3;
	CHECK(vdso_redirect(&v, code, &none, 0, &name) == -ENOSPC && name);
}

static void damaged(void)
{
	char *copy = malloc(LEN);
	struct vdso_image v, none = { 0 };
	const char *name;

	srand(1);
	for (int i = 0; i < 20000; i++) {
		/* exactly as long as it says, so that a sanitizer sees reads behind it */
		size_t len = i % 3 ? LEN : (size_t)rand() % LEN + 1;
		char *exact = malloc(len);

		memcpy(exact, real, len);
		for (int n = rand() % 4; n >= 0; n--)
			exact[(size_t)rand() % (i % 2	     ? len
						: len < 2048 ? len
							     : 2048)] = (char)rand();
		if (!vdso_parse(exact, len, &v)) {
			memcpy(copy, exact, len);
			(void)vdso_redirect(&v, copy, &none, 0, &name);
		}
		free(exact);
	}
	CHECK(vdso_parse("", 1, &v) == -EINVAL);
	free(copy);
}

int main(void)
{
	real = (const char *)getauxval(AT_SYSINFO_EHDR);
	if (!real) {
		printf("no vdso here\n");
		return 77;
	}
	redirected();
	too_short();
	damaged();
	return check_failed;
}
