-- Second factors: authenticator applications (RFC 6238) and backup codes.

-- The second factors that an identity has, so that a sign-in and every list know them without a join.
ALTER TABLE identities ADD COLUMN mfa_methods TEXT NOT NULL DEFAULT '[]';

CREATE TABLE totp_credentials (
  identity_id TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  -- The shared secret.
  sealed BYTEA NOT NULL,
  -- The newest time step whose code was used: none works twice (RFC 6238 §5.2).
  last_step BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE UNIQUE INDEX totp_credentials_id ON totp_credentials (id);

-- A set of backup codes, made together.
CREATE TABLE recovery_code_sets (
  identity_id TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE UNIQUE INDEX recovery_code_sets_id ON recovery_code_sets (id);

-- Keyed hashes of the codes.
CREATE TABLE recovery_codes (
  identity_id TEXT NOT NULL,
  hash BYTEA NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (identity_id, hash)
);

-- Passkeys (WebAuthn Level 3).
CREATE TABLE passkeys (
  id TEXT PRIMARY KEY,
  identity_id TEXT NOT NULL,
  credential_id BYTEA NOT NULL,
  -- Public key and what the authenticator said of itself, as JSON.
  credential TEXT NOT NULL,
  name TEXT NOT NULL,
  aaguid TEXT NOT NULL,
  transports TEXT NOT NULL,
  counter BIGINT NOT NULL,
  backup_eligible BOOLEAN NOT NULL,
  backed_up BOOLEAN NOT NULL,
  rp_id TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE UNIQUE INDEX passkeys_credential_id ON passkeys (credential_id);
CREATE INDEX passkeys_identity ON passkeys (identity_id, create_time, id);
