#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# A Java virtual machine: just-in-time compiler, threads, garbage collection.
needs="java javac"

prepare()
{
	mkdir -p ../classes
	cat > ../Work.java <<-'END'
		import java.util.*;
		import java.util.concurrent.*;

		public class Work {
		    static long round(int seed) {
		        Map<Integer, List<String>> map = new HashMap<>();
		        Random random = new Random(seed);
		        for (int i = 0; i < 60000; i++)
		            map.computeIfAbsent(random.nextInt(5000), k -> new ArrayList<>())
		               .add(Integer.toHexString(random.nextInt()));
		        long sum = 0;
		        for (Map.Entry<Integer, List<String>> e : new TreeMap<>(map).entrySet()) {
		            Collections.sort(e.getValue());
		            for (String s : e.getValue())
		                sum = sum * 31 + s.hashCode() + e.getKey();
		        }
		        return sum;
		    }

		    public static void main(String[] args) throws Exception {
		        ExecutorService pool = Executors.newFixedThreadPool(8);
		        List<Future<Long>> sums = new ArrayList<>();
		        for (int i = 0; i < 100; i++) {
		            final int seed = i;
		            sums.add(pool.submit(() -> round(seed)));
		        }
		        StringBuilder text = new StringBuilder();
		        for (Future<Long> sum : sums)
		            text.append(sum.get()).append('\n');
		        pool.shutdown();
		        java.nio.file.Files.writeString(java.nio.file.Path.of("output"), text);
		    }
		}
	END
	javac -d ../classes ../Work.java
}

work() { java -Xmx160m -XX:+UseParallelGC -cp ../classes Work; }
