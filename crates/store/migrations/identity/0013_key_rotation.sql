-- Signing keys take turns: the next one of an algorithm is published before it signs.

-- When it begins to sign; none where it did from its first day.
ALTER TABLE signing_keys ADD COLUMN activate_time BIGINT;
-- One waits at most. Two columns, because an index is told from the other by them.
CREATE UNIQUE INDEX signing_keys_next_key ON signing_keys (algorithm, active) WHERE NOT active AND retire_time IS NULL;
