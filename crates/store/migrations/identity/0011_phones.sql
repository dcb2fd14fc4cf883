-- Phones: a new number until it is proven, and numbers that are sent codes as second factor.

ALTER TABLE identities ADD COLUMN pending_phone TEXT;

CREATE TABLE sms_credentials (
  identity_id TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  phone TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  last_used_at BIGINT
);
