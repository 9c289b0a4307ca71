#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# gcc under make -j4: sixty files, compiled and linked; the program must print the same.
needs="make gcc"

sources_write()
{
	local i

	for i in $(seq 60); do
		cat > f$i.c <<-END
			#include <stdio.h>
			#include <stdlib.h>
			#include <string.h>
			struct node$i { struct node$i *next; unsigned value; char name[$((8 + i))]; };
			static struct node$i *push(struct node$i *list, unsigned value)
			{
				struct node$i *node = calloc(1, sizeof(*node));
				node->next = list;
				node->value = value * ${i}u + 7;
				snprintf(node->name, sizeof(node->name), "%x", value);
				return node;
			}
			unsigned f$i(unsigned n)
			{
				struct node$i *list = NULL;
				unsigned sum = $i;
				for (unsigned k = 0; k < n; k++)
					list = push(list, k ^ sum);
				for (; list; list = list->next)
					sum = sum * 31 + list->value + strlen(list->name);
				return sum;
			}
		END
	done
	{
		echo '#include <stdio.h>'
		seq -f 'unsigned f%g(unsigned);' 60
		echo 'int main(void) {'
		seq -f 'printf("%%u\n", f%g(1000));' 60
		echo 'return 0; }'
	} > main.c
	{
		echo "objects := $(seq -f 'f%g.o' -s ' ' 60) main.o"
		printf 'program: $(objects)\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -O2 -c -o $@ $<\n'
	} > Makefile
}

work()
{
	sources_write
	make -j4 > make.log 2>&1 || return
	./program > output
	cat ./*.o | cksum >> output
}
