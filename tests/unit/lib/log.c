// SPDX-License-Identifier: GPL-2.0
/* Levels, time stamps, and the sentence that is kept and comes last. */
#include "lib/log.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/err.h"
#include "unit/check.h"

static char text[8192];

static void text_read(void)
{
	ssize_t len = pread(log_fd(), text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	CHECK(!ftruncate(log_fd(), 0));
	lseek(log_fd(), 0, SEEK_SET);
}

static void test_levels(void)
{
	static const char *const want[] = { "", "Error: e\n", "Error: e\nWarn: w\n" };

	for (int level = LOG_NONE; level <= LOG_WARN; level++) {
		log_set_level(level);
		log_error("e");
		log_warn("w");
		log_info("i");
		log_debug("d");
		text_read();
		CHECK(!strcmp(text, want[level]));
	}
	log_set_level(LOG_DEBUG);
	log_debug("%s", "d");
	text_read();
	CHECK(text[0] == '(' && strstr(text, ") d\n"));
}

static void test_long(void)
{
	char longer[4000];

	log_set_level(LOG_WARN);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_warn("%s", longer);
	text_read();
	CHECK(strlen(text) < 2048 && text[strlen(text) - 1] == '\n');
}

static void test_err(void)
{
	struct err err = { 0 };

	CHECK(fail(&err, -EINVAL, "pipe %d: first", 7) == -EINVAL);
	CHECK(fail_errno(&err, -ENOENT, "second") == -ENOENT);
	CHECK(err.ret == -EINVAL && err.exit_code == EXIT_FAILED);
	CHECK(!strcmp(err.text, "pipe 7: first"));
	text_read();
	CHECK(!strncmp(text, "Error: pipe 7: first\nError: second: ", 36));
	log_set_level(LOG_NONE);
	log_last("dump failed: %s", err.text);
	text_read();
	CHECK(!strcmp(text, "Error: dump failed: pipe 7: first\n"));
}

int main(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	/* Errors go to stderr too, which is of no interest here. */
	if (fd < 0 || log_set_fd(fd) < 0 || !freopen("/dev/null", "w", stderr))
		return 1;
	test_levels();
	test_long();
	test_err();
	return check_failed;
}
