#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# Python: a multiprocessing pool (pipes, semaphores in shared memory) and threads.
needs="python3"

prepare()
{
	cat > ../work.py <<-'END'
		import hashlib
		import multiprocessing
		import threading

		def primes(span):
		    low, high = span
		    return sum(n for n in range(low, high) if all(n % d for d in range(2, int(n ** .5) + 1)))

		def count(results, number):
		    table = {}
		    for i in range(150000):
		        table[i * number % 9973] = table.get(i * number % 9973, 0) + i
		    results[number] = hashlib.sha256(repr(sorted(table.items())).encode()).hexdigest()

		def main():
		    results = {}
		    threads = [threading.Thread(target=count, args=(results, n)) for n in range(1, 9)]
		    for thread in threads:
		        thread.start()
		    with multiprocessing.Pool(3) as pool:
		        spans = [(n, n + 2000) for n in range(2, 500000, 2000)]
		        sums = list(pool.imap(primes, spans, chunksize=2))
		    for thread in threads:
		        thread.join()
		    with open("output", "w") as out:
		        print(sums, sorted(results.items()), file=out, sep="\n")

		main()
	END
}

work() { python3 ../work.py; }
