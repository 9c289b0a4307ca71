#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034,SC2154 # cycle.sh has them
# Node.js: HTTP kept alive, two worker threads, a child process.
needs="node"
options="--tcp-established --network-lock nftables"
connections=3

prepare()
{
	cat > server.js <<-'END'
		const http = require('http'), { fork } = require('child_process');
		const { Worker } = require('worker_threads');
		if (process.argv[2] === 'child') {
			process.on('message', m => process.send({ id: m.id, value: m.n * 3 }));
		} else {
			const code = `const { parentPort } = require('worker_threads'), c = require('crypto');
				parentPort.on('message', m => { let h = String(m.n);
					for (let i = 0; i < 300; i++) h = c.createHash('sha1').update(h).digest('hex');
					parentPort.postMessage({ id: m.id, value: h }); });`;
			const others = [new Worker(code, { eval: true }), new Worker(code, { eval: true }),
				fork(__filename, ['child'])];
			const waiting = new Map();
			let next = 0, ticks = 0;
			setInterval(() => ticks++, 10);
			for (const o of others)
				o.on('message', m => { waiting.get(m.id)(m.value); waiting.delete(m.id); });
			http.createServer(async (request, response) => {
				const [, which, n] = request.url.split('/'), id = next++;
				const got = new Promise(done => waiting.set(id, done));
				const o = others[+which];
				(o.postMessage || o.send).call(o, { id, n: +n });
				response.end(`${await got} ${ticks > 0}\n`);
			}).listen({ port: 8080, host: process.env.addr, keepAliveTimeout: 600000 });
			process.on('SIGTERM', () => { others[2].kill(); process.exit(0); });
		}
	END
}

serve() { exec node server.js; }
ready() { python3 "$servers/keeps.py" "$addr" 8080 1 /0/1 /1/1 /2/1; }
work() { python3 "$servers/keeps.py" "$addr" 8080 150 /0/ /1/ /2/; }
