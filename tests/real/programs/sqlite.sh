#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2034 # cycle.sh reads them
# SQLite in the middle of a transaction: its journal and its locks on the file.
needs="sqlite3"
options="--file-locks --ghost-limit 256M"

work()
{
	sqlite3 data.db > output <<-'END'
		PRAGMA journal_mode = DELETE;
		CREATE TABLE t (id INTEGER PRIMARY KEY, value INTEGER, name TEXT);
		BEGIN IMMEDIATE;
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000)
			INSERT INTO t SELECT i, i * 7919 % 100003, printf('%08x', i * 31) FROM n;
		CREATE INDEX t_value ON t (value, name);
		UPDATE t SET value = value + 1 WHERE id % 3 = 0;
		DELETE FROM t WHERE value % 11 = 0;
		COMMIT;
		SELECT count(*), sum(value), min(name), max(name) FROM t;
		SELECT a.value, count(*) FROM t a JOIN t b ON a.value = b.value
			WHERE a.id % 50 = 1 GROUP BY a.value ORDER BY a.value LIMIT 500;
		PRAGMA integrity_check;
	END
}
