-- Clients that register themselves, devices that ask for tokens, and clients that are a document on the web.

CREATE TABLE oauth_registrations (
  client_id TEXT PRIMARY KEY,
  -- Null for clients that nobody manages by a token.
  token_hash BYTEA,
  limits TEXT NOT NULL,
  -- Of clients that a document on the web describes.
  document_url TEXT,
  fresh_until BIGINT,
  last_token_at BIGINT NOT NULL
);
CREATE INDEX oauth_registrations_last_token ON oauth_registrations (last_token_at);

CREATE TABLE oauth_initial_access_tokens (
  hash BYTEA PRIMARY KEY,
  limits TEXT NOT NULL,
  uses_left BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX oauth_initial_access_tokens_expires_at ON oauth_initial_access_tokens (expires_at);

-- What a device asks for, and what a person said to it. Remembered for a day after its end.
CREATE TABLE oauth_device_codes (
  hash BYTEA PRIMARY KEY,
  user_code TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  resources TEXT NOT NULL,
  -- As the device named it.
  organization TEXT,
  ip TEXT,
  user_agent TEXT NOT NULL,
  stage TEXT NOT NULL,
  interval_seconds BIGINT NOT NULL,
  asked_at BIGINT,
  -- Once somebody said yes.
  grant_id TEXT,
  identity_id TEXT,
  session_id TEXT,
  organization_id TEXT,
  rights TEXT,
  create_time BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX oauth_device_codes_user_code ON oauth_device_codes (user_code);
CREATE INDEX oauth_device_codes_expires_at ON oauth_device_codes (expires_at);
CREATE INDEX oauth_device_codes_client ON oauth_device_codes (client_id);
CREATE INDEX oauth_device_codes_identity ON oauth_device_codes (identity_id);
