-- Requests to remove second factors that somebody has lost, after a waiting period.
CREATE TABLE factor_recoveries (
  id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  status TEXT NOT NULL,
  is_own BOOLEAN NOT NULL,
  reason TEXT,
  address TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  effective_time BIGINT NOT NULL,
  remind_time BIGINT NOT NULL,
  expire_time BIGINT NOT NULL,
  reminded_at BIGINT,
  link_sent_at BIGINT,
  finish_time BIGINT,
  finished_by TEXT
);
CREATE UNIQUE INDEX factor_recoveries_one ON factor_recoveries (identity_id) WHERE status = 'waiting';
CREATE INDEX factor_recoveries_identity ON factor_recoveries (identity_id, create_time);
CREATE INDEX factor_recoveries_remind ON factor_recoveries (remind_time) WHERE status = 'waiting' AND reminded_at IS NULL;
CREATE INDEX factor_recoveries_effective ON factor_recoveries (effective_time) WHERE status = 'waiting' AND link_sent_at IS NULL;
CREATE INDEX factor_recoveries_expire ON factor_recoveries (expire_time) WHERE status = 'waiting';
CREATE INDEX factor_recoveries_finish ON factor_recoveries (finish_time) WHERE status <> 'waiting';
