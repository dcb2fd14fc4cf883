-- The organization's audit log. The tenant's lies in the identity layer, in tables of the same names.

ALTER TABLE events ADD COLUMN managing_organization_id TEXT;

-- The audit log: the record of each event with nothing personal in it, chained by hashes (contract/70 §3).
CREATE TABLE audit_events (
  sequence BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  action TEXT NOT NULL,
  result TEXT NOT NULL,
  actor_type TEXT NOT NULL,
  actor_id TEXT,
  session_id TEXT,
  ip TEXT,
  request_id TEXT,
  error_code TEXT,
  record TEXT NOT NULL,
  personal_hashes BYTEA NOT NULL,
  prev_hash BYTEA NOT NULL,
  hash BYTEA NOT NULL
);
CREATE UNIQUE INDEX audit_events_id ON audit_events (id);
CREATE UNIQUE INDEX audit_events_event_id ON audit_events (event_id);
CREATE INDEX audit_events_create_time ON audit_events (create_time, sequence);
CREATE INDEX audit_events_action ON audit_events (action);
CREATE INDEX audit_events_actor_id ON audit_events (actor_id);
CREATE INDEX audit_events_session_id ON audit_events (session_id);
CREATE INDEX audit_events_ip ON audit_events (ip);
CREATE INDEX audit_events_request_id ON audit_events (request_id);

-- What a record is about, to find it by. What names a person goes with that person.
CREATE TABLE audit_targets (
  sequence BIGINT NOT NULL,
  ordinal BIGINT NOT NULL,
  target_type TEXT NOT NULL,
  target_id TEXT,
  person TEXT,
  PRIMARY KEY (sequence, ordinal)
);
CREATE INDEX audit_targets_target_id ON audit_targets (target_id, sequence);
CREATE INDEX audit_targets_person ON audit_targets (person);

-- The personal parts of records, each with the salt of its hash; removed when the person is erased.
CREATE TABLE audit_parts (
  sequence BIGINT NOT NULL,
  ordinal BIGINT NOT NULL,
  person TEXT,
  salt BYTEA NOT NULL,
  part TEXT NOT NULL,
  PRIMARY KEY (sequence, ordinal)
);
CREATE INDEX audit_parts_person ON audit_parts (person);

-- How many of each kind in each hour.
CREATE TABLE audit_counters (
  hour BIGINT NOT NULL,
  action TEXT NOT NULL,
  count BIGINT NOT NULL,
  failure_count BIGINT NOT NULL,
  PRIMARY KEY (hour, action)
);

-- The end of the chain, and how far the two event logs were taken over. One row; `version` counts its changes.
CREATE TABLE audit_head (
  one BIGINT PRIMARY KEY,
  version BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  hash BYTEA,
  identity_tx_id BIGINT,
  identity_position BIGINT,
  own_tx_id BIGINT,
  own_position BIGINT
);
INSERT INTO audit_head (one, version, sequence) VALUES (1, 0, 0);

-- Signed states of the chain.
CREATE TABLE audit_checkpoints (
  sequence BIGINT PRIMARY KEY,
  hash BYTEA NOT NULL,
  root BYTEA NOT NULL,
  create_time BIGINT NOT NULL,
  jws TEXT NOT NULL
);

-- Exports and their files, piece by piece.
CREATE TABLE audit_exports (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  request TEXT NOT NULL,
  last_sequence BIGINT NOT NULL,
  position BIGINT NOT NULL,
  size BIGINT NOT NULL,
  event_count BIGINT NOT NULL,
  sha256 TEXT,
  checkpoint TEXT,
  create_time BIGINT NOT NULL,
  finish_time BIGINT,
  expire_time BIGINT NOT NULL
);
CREATE INDEX audit_exports_status ON audit_exports (status, create_time);
CREATE TABLE audit_export_chunks (
  export_id TEXT NOT NULL,
  start BIGINT NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (export_id, start)
);
