package store

// The SQL that a service speaks to a database, every word of it. It means the same to PostgreSQL, so
// a real one can take the built-in one's place; the built-in one knows these by their words, and takes its times from them.
const (
	SQLCreateTable = `CREATE TABLE IF NOT EXISTS squall_writes (id text NOT NULL, key text NOT NULL, node text NOT NULL, at timestamptz NOT NULL)`
	SQLCreateIndex = `CREATE INDEX IF NOT EXISTS squall_writes_key ON squall_writes (key, at DESC)`
	// A write and a read name their cause in their last parameter, which filters nothing: so the built-in
	// database draws their times from the request, and a real one shows in its log who asked.
	SQLWrite = `INSERT INTO squall_writes (id, key, node, at) SELECT $1::text, $2::text, $3::text, now() WHERE $4::text IS NOT NULL`
	SQLRead  = `SELECT id FROM squall_writes WHERE key = $1 AND $2::text IS NOT NULL ORDER BY at DESC LIMIT 1`
	// A costly read takes so many seconds more: the one-time filter is worked out before any row is looked for.
	SQLCostly = `WITH cost AS MATERIALIZED (SELECT pg_sleep($3::text::float8)) SELECT id FROM squall_writes WHERE key = $1 AND $2::text IS NOT NULL AND (SELECT count(*) FROM cost) = 1 ORDER BY at DESC LIMIT 1`
	// An idempotent write is made by who was first to put its key down; who comes at the same time waits for that.
	SQLCreateKeys = `CREATE TABLE IF NOT EXISTS squall_keys (id text PRIMARY KEY)`
	SQLWriteOnce  = `WITH fresh AS (INSERT INTO squall_keys (id) SELECT $1::text WHERE $4::text IS NOT NULL ON CONFLICT DO NOTHING RETURNING id) INSERT INTO squall_writes (id, key, node, at) SELECT id, $2::text, $3::text, now() FROM fresh`
	// A row with an event puts that into the outbox in the same statement, and so in the same transaction.
	SQLWriteEvent     = `WITH event AS (INSERT INTO squall_outbox (id, key, service, queue, request, once, at) SELECT $1::text, $2::text, $5::text, $6::text, $7::text, $8::text, now() WHERE $4::text IS NOT NULL) INSERT INTO squall_writes (id, key, node, at) SELECT $1::text, $2::text, $3::text, now() WHERE $4::text IS NOT NULL`
	SQLWriteOnceEvent = `WITH fresh AS (INSERT INTO squall_keys (id) SELECT $1::text WHERE $4::text IS NOT NULL ON CONFLICT DO NOTHING RETURNING id), event AS (INSERT INTO squall_outbox (id, key, service, queue, request, once, at) SELECT id, $2::text, $5::text, $6::text, $7::text, $8::text, now() FROM fresh) INSERT INTO squall_writes (id, key, node, at) SELECT id, $2::text, $3::text, now() FROM fresh`
	SQLReadBack       = `SELECT id, count(*) FROM squall_writes GROUP BY id`
	sqlList           = `SELECT id, key FROM squall_writes ORDER BY at`
	// What the outbox of events is made of; a relay in the service publishes what is in it.
	SQLCreateOutbox = `CREATE TABLE IF NOT EXISTS squall_outbox (seq bigserial PRIMARY KEY, id text NOT NULL, key text NOT NULL, service text NOT NULL, queue text NOT NULL, request text NOT NULL, once text NOT NULL, at timestamptz NOT NULL)`
	SQLCreateRelays = `CREATE TABLE IF NOT EXISTS squall_relays (name text PRIMARY KEY, owner text NOT NULL, until timestamptz NOT NULL)`
	sqlPending      = `SELECT id, count(*) FROM squall_outbox GROUP BY id`
)
