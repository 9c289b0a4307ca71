#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# Python: a server of asyncio, with processes of multiprocessing behind it.
needs="/usr/bin/python3"
options="--tcp-established --network-lock nftables"
connections=4

prepare()
{
	cat > server.py <<-'END'
		import asyncio
		import concurrent.futures
		import hashlib
		import multiprocessing
		import os
		import signal

		def work(line):
		    for _ in range(200):
		        line = hashlib.sha256(line).hexdigest().encode()
		    return line

		async def serve(reader, writer):
		    while line := await reader.readline():
		        value = await asyncio.get_running_loop().run_in_executor(pool, work, line)
		        with total.get_lock():
		            total.value += len(line)
		        writer.write(value + b"\n")
		        await writer.drain()
		    writer.close()

		async def main():
		    stop = asyncio.Event()
		    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
		    server = await asyncio.start_server(serve, os.environ["addr"], 8080, limit=1 << 20)
		    await stop.wait()
		    server.close()

		if __name__ == "__main__":
		    total = multiprocessing.Value("l", 0)
		    pool = concurrent.futures.ProcessPoolExecutor(2)
		    list(pool.map(work, [b"1", b"2"]))
		    asyncio.run(main())
		    pool.shutdown()
		    print("total", total.value)
	END
}

serve() { exec /usr/bin/python3 server.py > total; }
ready() { (exec 3<> "/dev/tcp/$addr/8080") 2> /dev/null; }

work()
{
	python3 - "$addr" <<-'END'
		import os
		import sys
		sys.path.insert(0, os.environ["servers"])
		from talk import connect, digest, steps, together

		def lines(number):
		    sock, got = connect(sys.argv[1], 8080), b""
		    file = sock.makefile("rb")
		    for i in steps(100):
		        sock.sendall(b"%d %d %s\n" % (number, i, b"x" * (i * number % 3000)))
		        got += file.readline()
		    return digest(got), got.count(b"\n")

		together(*[(lines, n) for n in range(1, 5)])
	END
}

finish() { kill -TERM "$pid"; await_gone "$pid"; cat total; }
