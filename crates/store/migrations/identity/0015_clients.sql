-- OAuth: clients, the resources that tokens are for, what people granted, and what was issued from it.

CREATE TABLE oauth_clients (
  id TEXT PRIMARY KEY,
  -- What lists filter and sort by; the whole is in settings.
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  first_party BOOLEAN NOT NULL,
  settings TEXT NOT NULL,
  revoked_before BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX oauth_clients_create_time ON oauth_clients (create_time, id);

CREATE TABLE oauth_client_secrets (
  hash BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  prefix TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  expires_at BIGINT
);
CREATE INDEX oauth_client_secrets_client ON oauth_client_secrets (client_id, create_time);

CREATE TABLE oauth_resources (
  id TEXT PRIMARY KEY,
  identifier TEXT NOT NULL,
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX oauth_resources_identifier ON oauth_resources (identifier);

-- Authorization requests that wait for a person: to sign in, to choose, to consent. Known by a hash.
CREATE TABLE oauth_requests (
  hash BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  parameters TEXT NOT NULL,
  -- The browser that it belongs to.
  holder BYTEA NOT NULL,
  began_at BIGINT NOT NULL,
  account_was_chosen BOOLEAN NOT NULL,
  -- Whose consent was given to it, if somebody's was, and to which scopes.
  consented_by TEXT,
  consented_scopes TEXT NOT NULL,
  -- The organization that was chosen; empty for none.
  chosen_organization TEXT,
  expires_at BIGINT NOT NULL
);
CREATE INDEX oauth_requests_expires_at ON oauth_requests (expires_at);

-- Codes are remembered for a day after their minute, so that a second use is seen.
CREATE TABLE oauth_codes (
  hash BYTEA PRIMARY KEY,
  grant_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  identity_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  organization_id TEXT,
  rights TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  redirect_uri_was_sent BOOLEAN NOT NULL,
  code_challenge TEXT,
  nonce TEXT,
  create_time BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX oauth_codes_expires_at ON oauth_codes (expires_at);
CREATE INDEX oauth_codes_identity ON oauth_codes (identity_id);

CREATE TABLE oauth_grants (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  identity_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  organization_id TEXT,
  rights TEXT NOT NULL,
  is_offline BOOLEAN NOT NULL,
  generation BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  idle_expires_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX oauth_grants_identity ON oauth_grants (identity_id, client_id);
CREATE INDEX oauth_grants_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_session ON oauth_grants (session_id);
CREATE INDEX oauth_grants_organization ON oauth_grants (organization_id, identity_id);
CREATE INDEX oauth_grants_expires_at ON oauth_grants (expires_at);

CREATE TABLE oauth_refresh_tokens (
  hash BYTEA PRIMARY KEY,
  grant_id TEXT NOT NULL,
  generation BIGINT NOT NULL,
  first_used_at BIGINT
);
CREATE INDEX oauth_refresh_tokens_grant ON oauth_refresh_tokens (grant_id);

-- Access tokens that were ended singly, until they would have ended anyway.
CREATE TABLE oauth_revoked_tokens (
  jti TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX oauth_revoked_tokens_expires_at ON oauth_revoked_tokens (expires_at);

-- What may be used once, such as the assertions of clients: a hash, until it would be refused for its age.
CREATE TABLE oauth_seen (
  hash BYTEA PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX oauth_seen_expires_at ON oauth_seen (expires_at);

CREATE TABLE oauth_consents (
  id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  -- Empty for none: a unique index takes one null for another's equal on neither engine.
  organization_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  resources TEXT NOT NULL,
  granted_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX oauth_consents_subject ON oauth_consents (identity_id, client_id, organization_id);
CREATE INDEX oauth_consents_client ON oauth_consents (client_id);
