// SPDX-License-Identifier: GPL-2.0
#include "lib/pidmap.h"

#include "unit/check.h"

int main(void)
{
	static int items[5000], other;
	struct pidmap map = { 0 };
	size_t wrong = 0;

	CHECK(!pidmap_get(&map, 1));
	for (int i = 0; i < 5000; i++)
		wrong += pidmap_put(&map, 7 + i * 64, &items[i]) != 0;
	CHECK(!wrong);
	for (int i = 0; i < 5000; i++)
		wrong += pidmap_get(&map, 7 + i * 64) != &items[i];
	CHECK(!wrong);
	CHECK(!pidmap_get(&map, 8));
	CHECK(!pidmap_get(&map, 0));
	CHECK(!pidmap_get(&map, -1));
	CHECK(map.nr == 5000);
	CHECK(!pidmap_put(&map, 7, &other));
	CHECK(pidmap_get(&map, 7) == &other);
	CHECK(map.nr == 5000);
	pidmap_free(&map);
	CHECK(!pidmap_get(&map, 7));
	return check_failed;
}
