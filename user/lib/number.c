// SPDX-License-Identifier: GPL-2.0
/* Numbers that people type; see number.h. */
#include "lib/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int number_head(const char *text, uint64_t *ret_value, char **ret_end)
{
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*ret_value = strtoull(text, ret_end, 10);
	return errno ? -ERANGE : 0;
}

int number_parse(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;
	char *end;
	int ret;

	ret = number_head(text, &value, &end);
	if (ret < 0)
		return ret;
	if (*end)
		return -EINVAL;
	if (value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int number_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char suffixes[] = "KMGT";
	unsigned int shift = 0;
	const char *suffix;
	uint64_t value;
	char *end;
	int ret;

	ret = number_head(text, &value, &end);
	if (ret < 0)
		return ret;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
	}
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret_bytes = value << shift;
	return 0;
}
