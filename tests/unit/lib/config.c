// SPDX-License-Identifier: GPL-2.0
#include "lib/config.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/log.h"
#include "unit/check.h"

static char path[] = "/tmp/crctl-unit-config-XXXXXX";

static int read_text(const char *text, struct err *err, struct config *ret_config)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return config_read(path, err, ret_config);
}

static void test_lines(void)
{
	static const struct {
		unsigned int line;
		const char *text;
	} want[] = {
		{ 2, "--tcp-established" }, { 4, "--ghost-limit=3M" }, { 5, "--log-file=a b" },
		{ 6, "--work-dir=/x" },	    { 7, "--tree=17" },	       { 8, "--label=q\"\\x" },
		{ 9, "--empty=" },	    { 10, "--last" },
	};
	struct config config = { 0 };
	struct err err = { 0 };

	CHECK(!read_text("# nothing\n"
			 "tcp-established\n"
			 "\n"
			 "\t ghost-limit 3M # large\n"
			 "log-file = \"a b\"\n"
			 "work-dir=/x\n"
			 "--tree 17\r\n"
			 "label \"q\\\"\\\\x\"\n"
			 "empty \"\"\n"
			 "last#comment",
			 &err, &config));
	CHECK(config.lines.nr == sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < config.lines.nr && i < sizeof(want) / sizeof(want[0]); i++) {
		CHECK(config.lines.items[i].line == want[i].line);
		CHECK(!strcmp(config.lines.items[i].text, want[i].text));
	}
	config_free(&config);
}

static void test_bad(void)
{
	static const char *const texts[] = { "\ntree 1 2\n", "\ntree \"1\n", "\ntree \"1\" 2\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct config config = { 0 };
		struct err err = { 0 };

		CHECK(read_text(texts[i], &err, &config) == -EINVAL);
		CHECK(err.exit_code == EXIT_USAGE);
		CHECK(strstr(err.text, " line 2: \"tree\" takes one value"));
		CHECK(!config.path && !config.lines.nr);
	}
}

static void test_absent(void)
{
	struct config config = { 0 };
	struct err err = { 0 };

	CHECK(config_read("/nonexistent/file", &err, &config) == -ENOENT);
	CHECK(!err.ret);
	CHECK(config_read("/", &err, &config) == -EISDIR);
	CHECK(strstr(err.text, "configuration file /"));
}

int main(void)
{
	int fd = mkstemp(path);

	log_set_level(LOG_NONE);
	if (fd < 0)
		return 1;
	close(fd);
	test_lines();
	test_bad();
	test_absent();
	unlink(path);
	return check_failed;
}
