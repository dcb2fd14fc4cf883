-- Browsers and installations that people sign in on, one row for each person there; and failures counted for one of them.
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  key_hash BYTEA NOT NULL,
  has_secret BOOLEAN NOT NULL,
  own_name TEXT,
  user_agent TEXT NOT NULL,
  ip TEXT NOT NULL,
  known BOOLEAN NOT NULL,
  sign_in_days BIGINT NOT NULL,
  last_sign_in_day BIGINT NOT NULL,
  trusted_at BIGINT,
  trusted_until BIGINT,
  posture_managed BOOLEAN,
  posture_compliant BOOLEAN,
  posture_source TEXT,
  posture_expires_at BIGINT,
  create_time BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX devices_key ON devices (identity_id, key_hash);
CREATE INDEX devices_last_seen_at ON devices (last_seen_at);
CREATE INDEX sessions_device ON sessions (device_id) WHERE device_id IS NOT NULL;

ALTER TABLE lockouts ADD COLUMN identity_id TEXT;
CREATE INDEX lockouts_identity ON lockouts (identity_id) WHERE identity_id IS NOT NULL;
