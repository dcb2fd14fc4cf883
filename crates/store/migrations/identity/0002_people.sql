-- People: identities, what they prove themselves with, their sessions and flows, and what the tenant keeps of itself.

CREATE TABLE identities (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  previous_state TEXT,
  email TEXT,
  email_key TEXT,
  email_verified BOOLEAN NOT NULL,
  pending_email TEXT,
  phone TEXT,
  phone_verified BOOLEAN NOT NULL,
  username TEXT,
  username_key TEXT,
  first_name TEXT,
  last_name TEXT,
  display_name TEXT,
  avatar_url TEXT,
  locale TEXT,
  timezone TEXT,
  traits TEXT NOT NULL,
  metadata_public TEXT NOT NULL,
  metadata_admin TEXT NOT NULL,
  external_id TEXT,
  has_password BOOLEAN NOT NULL,
  password_change_required BOOLEAN NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  last_login_at BIGINT,
  deletion_id TEXT,
  deletion_scheduled_for BIGINT,
  deletion_cancel_on_login BOOLEAN,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX identities_email_key ON identities (email_key);
CREATE UNIQUE INDEX identities_username_key ON identities (username_key);
CREATE UNIQUE INDEX identities_external_id ON identities (external_id);
-- A phone number is one person's only once it is proven.
CREATE UNIQUE INDEX identities_phone ON identities (phone) WHERE phone_verified;
CREATE INDEX identities_by_phone ON identities (phone, id);
CREATE INDEX identities_create_time ON identities (create_time, id);
CREATE INDEX identities_update_time ON identities (update_time, id);
CREATE INDEX identities_last_login_at ON identities (last_login_at, id);
CREATE INDEX identities_deletion ON identities (deletion_scheduled_for) WHERE deletion_scheduled_for IS NOT NULL;

-- Ids of what was removed, so that they are never given again.
CREATE TABLE tombstones (
  id TEXT PRIMARY KEY,
  removed_at BIGINT NOT NULL
);

CREATE TABLE identity_consents (
  identity_id TEXT NOT NULL,
  consent_key TEXT NOT NULL,
  label TEXT NOT NULL,
  accepted_at BIGINT NOT NULL,
  PRIMARY KEY (identity_id, consent_key, accepted_at)
);

CREATE TABLE credentials (
  id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  secret TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE UNIQUE INDEX credentials_password ON credentials (identity_id) WHERE kind = 'password';

CREATE TABLE password_history (
  identity_id TEXT NOT NULL,
  secret TEXT NOT NULL,
  create_time BIGINT NOT NULL
);
CREATE INDEX password_history_identity ON password_history (identity_id, create_time);

-- Failures of an account, known (identity id) or not (keyed hash of what was entered).
CREATE TABLE lockouts (
  account TEXT PRIMARY KEY,
  failures BIGINT NOT NULL,
  window_start BIGINT NOT NULL,
  locked_until BIGINT,
  locks BIGINT NOT NULL,
  last_lock_at BIGINT
);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  aal TEXT NOT NULL,
  methods TEXT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  issued_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT,
  expiry_noted_at BIGINT,
  device_id TEXT,
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX sessions_identity ON sessions (identity_id, issued_at, id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
-- Sessions that may have reached a limit nobody has told of yet.
CREATE INDEX sessions_open_expires_at ON sessions (expires_at) WHERE revoked_at IS NULL AND expiry_noted_at IS NULL;
CREATE INDEX sessions_open_last_used_at ON sessions (last_used_at) WHERE revoked_at IS NULL AND expiry_noted_at IS NULL;

-- A session has one present token; one that was replaced may live on for some seconds.
CREATE TABLE session_tokens (
  hash BYTEA PRIMARY KEY,
  session_id TEXT NOT NULL,
  valid_until BIGINT
);
CREATE INDEX session_tokens_session ON session_tokens (session_id);

CREATE TABLE flows (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  transport TEXT NOT NULL,
  state TEXT NOT NULL,
  active TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  completed_at BIGINT,
  browser_hash BYTEA,
  session_id TEXT,
  identity_id TEXT,
  submits BIGINT NOT NULL,
  data TEXT NOT NULL,
  code_hash BYTEA,
  code_tries BIGINT NOT NULL,
  link_hash BYTEA,
  secret_expires_at BIGINT
);
CREATE INDEX flows_expires_at ON flows (expires_at);

-- Links that work once and belong to no flow: undoing a change of address, cancelling a deletion.
CREATE TABLE single_use_links (
  hash BYTEA PRIMARY KEY,
  purpose TEXT NOT NULL,
  identity_id TEXT NOT NULL,
  data TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX single_use_links_expires_at ON single_use_links (expires_at);

-- Limits that hold for the whole tenant: the theoretical arrival time of each cell (GCRA), in microseconds.
CREATE TABLE rate_cells (
  bucket TEXT NOT NULL,
  subject BYTEA NOT NULL,
  arrival BIGINT NOT NULL,
  PRIMARY KEY (bucket, subject)
);
CREATE INDEX rate_cells_arrival ON rate_cells (arrival);

-- Messages to people: waiting, sent, or captured in the test environment.
CREATE TABLE messages (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  request TEXT NOT NULL,
  sealed BYTEA,
  create_time BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  next_attempt_at BIGINT,
  sent_at BIGINT,
  last_error TEXT
);
CREATE INDEX messages_waiting ON messages (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX messages_create_time ON messages (create_time, id);

-- Relation tuples (Ory Keto's model): namespace:object#relation@subject.
CREATE TABLE relation_tuples (
  namespace TEXT NOT NULL,
  object TEXT NOT NULL,
  relation TEXT NOT NULL,
  subject TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (namespace, object, relation, subject)
);
CREATE INDEX relation_tuples_subject ON relation_tuples (subject, namespace, relation);

CREATE TABLE service_accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  create_time BIGINT NOT NULL
);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  service_account_id TEXT NOT NULL,
  hash BYTEA NOT NULL,
  prefix TEXT NOT NULL,
  scopes TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE tenant_settings (
  id TEXT PRIMARY KEY,
  settings TEXT NOT NULL,
  version BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

-- First answers of creating requests, to be given again for the same key.
CREATE TABLE idempotency_keys (
  scope BYTEA PRIMARY KEY,
  body BYTEA NOT NULL,
  status BIGINT,
  sealed BYTEA,
  create_time BIGINT NOT NULL
);
CREATE INDEX idempotency_keys_create_time ON idempotency_keys (create_time);
