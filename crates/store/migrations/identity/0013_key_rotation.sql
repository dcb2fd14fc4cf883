-- Signing keys take turns: the next one of an algorithm is published before it signs.

-- When it begins to sign; none where it did from its first day.
ALTER TABLE signing_keys ADD COLUMN activate_time BIGINT;
CREATE UNIQUE INDEX signing_keys_next_key ON signing_keys (algorithm) WHERE NOT active AND retire_time IS NULL;
