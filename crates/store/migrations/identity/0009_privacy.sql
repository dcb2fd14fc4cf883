-- What people see of their own account and take from it: activity, deletions, exports.

-- What happened to an account, kept with it for 90 days (contract/70 §3.2).
CREATE TABLE activity (
  event_id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  action TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX activity_identity ON activity (identity_id, create_time, event_id);
CREATE INDEX activity_create_time ON activity (create_time);

-- Requests to delete an account. Once it is gone, nothing of the person is left in the row but what the receipt says.
CREATE TABLE deletions (
  id TEXT PRIMARY KEY,
  identity_id TEXT,
  status TEXT NOT NULL,
  is_own BOOLEAN NOT NULL,
  reason TEXT NOT NULL,
  note TEXT,
  revoke_sessions BOOLEAN NOT NULL,
  cancel_on_login BOOLEAN NOT NULL,
  create_time BIGINT NOT NULL,
  scheduled_for BIGINT NOT NULL,
  reminded_at BIGINT,
  removed_at BIGINT,
  finish_time BIGINT,
  receipt TEXT
);
CREATE INDEX deletions_identity ON deletions (identity_id);
CREATE INDEX deletions_scheduled_for ON deletions (scheduled_for) WHERE status = 'scheduled' AND reminded_at IS NULL;
CREATE INDEX deletions_erasing ON deletions (removed_at) WHERE status = 'erasing';

-- The logs from which a person is removed.
CREATE TABLE deletion_logs (
  deletion_id TEXT NOT NULL,
  log TEXT NOT NULL,
  PRIMARY KEY (deletion_id, log)
);

-- Copies of all that is held about a person, and the files that they make, piece by piece.
CREATE TABLE privacy_exports (
  id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  requested_by TEXT,
  status TEXT NOT NULL,
  progress BIGINT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  size BIGINT NOT NULL,
  sha256 TEXT,
  due BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  expire_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX privacy_exports_one ON privacy_exports (identity_id) WHERE status IN ('pending', 'running');
CREATE INDEX privacy_exports_due ON privacy_exports (due) WHERE status IN ('pending', 'running');
CREATE INDEX privacy_exports_identity ON privacy_exports (identity_id, create_time);
CREATE INDEX privacy_exports_expire_time ON privacy_exports (expire_time);
CREATE TABLE privacy_export_parts (
  export_id TEXT NOT NULL,
  category TEXT NOT NULL,
  ordinal BIGINT NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (export_id, category, ordinal)
);
CREATE TABLE privacy_export_chunks (
  export_id TEXT NOT NULL,
  start BIGINT NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (export_id, start)
);
