#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# Java with NIO: one selector thread, workers, direct buffers.
needs="java javac"
options="--tcp-established --network-lock nftables"
connections=3

prepare()
{
	cat > Server.java <<-'END'
		import java.net.*;
		import java.nio.*;
		import java.nio.channels.*;
		import java.util.concurrent.*;

		public class Server {
			public static void main(String[] args) throws Exception {
				Selector selector = Selector.open();
				ServerSocketChannel listener = ServerSocketChannel.open();
				ExecutorService workers = Executors.newFixedThreadPool(3);
				listener.bind(new InetSocketAddress(args[0], 8080)).configureBlocking(false);
				listener.register(selector, SelectionKey.OP_ACCEPT);
				while (true) {
					selector.select(500);
					for (SelectionKey key : selector.selectedKeys()) {
						if (key.isAcceptable()) {
							SocketChannel c = listener.accept();
							c.configureBlocking(false);
							c.register(selector, SelectionKey.OP_READ, ByteBuffer.allocateDirect(65536));
							continue;
						}
						SocketChannel c = (SocketChannel) key.channel();
						ByteBuffer b = (ByteBuffer) key.attachment();
						if (c.read(b) < 0) { key.cancel(); c.close(); continue; }
						if (b.get(b.position() - 1) != '\n') continue;
						b.flip();
						byte[] line = new byte[b.remaining()];
						b.get(line).clear();
						String answer = workers.submit(() -> {
							long sum = 7;
							for (int n = 0; n < 200; n++)
								for (byte x : line) sum = sum * 31 + x;
							return sum + "\n";
						}).get();
						ByteBuffer out = ByteBuffer.wrap(answer.getBytes());
						while (out.hasRemaining()) c.write(out);
					}
					selector.selectedKeys().clear();
				}
			}
		}
	END
	javac Server.java
}

serve() { exec java -Xmx64m -XX:-UsePerfData Server "$addr"; }
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

		together(*[(lines, n) for n in range(1, 4)])
	END
}
