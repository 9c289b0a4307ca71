// SPDX-License-Identifier: GPL-2.0
#include "lib/number.h"

#include <errno.h>

#include "unit/check.h"

static void test_parse(void)
{
	static const struct {
		const char *text;
		uint64_t max, value;
		int ret;
	} cases[] = {
		{ "0", 10, 0, 0 },
		{ "10", 10, 10, 0 },
		{ "007", 10, 7, 0 },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX, 0 },
		{ "11", 10, 99, -ERANGE },
		{ "18446744073709551616", UINT64_MAX, 99, -ERANGE },
		{ "", 10, 99, -EINVAL },
		{ " 1", 10, 99, -EINVAL },
		{ "+1", 10, 99, -EINVAL },
		{ "-1", 10, 99, -EINVAL },
		{ "1 ", 10, 99, -EINVAL },
		{ "0x1", 10, 99, -EINVAL },
		{ "one", 10, 99, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 99;

		CHECK(number_parse(cases[i].text, cases[i].max, &value) == cases[i].ret);
		CHECK(value == cases[i].value);
	}
}

static void test_size(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
		int ret;
	} cases[] = {
		{ "0", 0, 0 },
		{ "512", 512, 0 },
		{ "1k", 1 << 10, 0 },
		{ "3M", 3 << 20, 0 },
		{ "2G", 2ull << 30, 0 },
		{ "5t", 5ull << 40, 0 },
		{ "16777215T", 16777215ull << 40, 0 },
		{ "16777216T", 99, -ERANGE },
		{ "1KB", 99, -EINVAL },
		{ "1P", 99, -EINVAL },
		{ "K", 99, -EINVAL },
		{ "-1K", 99, -EINVAL },
		{ "1.5M", 99, -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 99;

		CHECK(number_parse_size(cases[i].text, &bytes) == cases[i].ret);
		CHECK(bytes == cases[i].bytes);
	}
}

int main(void)
{
	test_parse();
	test_size();
	return check_failed;
}
