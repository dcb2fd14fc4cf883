-- Organizations: what decides who gets in. What is bulky or private to one lies in its own database.

CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  slug TEXT NOT NULL,
  slug_likeness TEXT NOT NULL,
  state TEXT NOT NULL,
  previous_state TEXT,
  registration_mode TEXT NOT NULL,
  default_role TEXT NOT NULL,
  sso_required BOOLEAN NOT NULL,
  mfa_required BOOLEAN NOT NULL,
  allowed_methods TEXT NOT NULL,
  session_policy TEXT NOT NULL,
  password_policy TEXT,
  feature_flags TEXT NOT NULL,
  metadata_public TEXT NOT NULL,
  metadata_admin TEXT NOT NULL,
  audit_retention_days BIGINT,
  seat_limit BIGINT,
  sso_break_glass TEXT NOT NULL,
  region TEXT NOT NULL,
  external_id TEXT,
  creator_id TEXT,
  member_count BIGINT NOT NULL,
  deletion_scheduled_for BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX organizations_slug ON organizations (slug);
-- No two slugs that look the same.
CREATE UNIQUE INDEX organizations_slug_likeness ON organizations (slug_likeness);
CREATE UNIQUE INDEX organizations_external_id ON organizations (external_id);
CREATE INDEX organizations_create_time ON organizations (create_time, id);
CREATE INDEX organizations_name ON organizations (name, id);
CREATE INDEX organizations_member_count ON organizations (member_count, id);
CREATE INDEX organizations_creator ON organizations (creator_id);
CREATE INDEX organizations_unfinished ON organizations (state) WHERE state = 'provisioning';
CREATE INDEX organizations_deletion ON organizations (deletion_scheduled_for) WHERE deletion_scheduled_for IS NOT NULL;

-- Slugs of organizations that are gone, blocked for a while.
CREATE TABLE retired_slugs (
  slug_likeness TEXT PRIMARY KEY,
  free_at BIGINT NOT NULL
);

-- Databases whose organization is gone, until they are gone too.
CREATE TABLE organization_destructions (
  organization_id TEXT PRIMARY KEY,
  create_time BIGINT NOT NULL
);
CREATE INDEX organization_destructions_create_time ON organization_destructions (create_time, organization_id);

-- Seats: one row for each day on which something changed, the last of which is the present.
CREATE TABLE organization_seats (
  organization_id TEXT NOT NULL,
  day BIGINT NOT NULL,
  active BIGINT NOT NULL,
  suspended BIGINT NOT NULL,
  pending BIGINT NOT NULL,
  invited BIGINT NOT NULL,
  by_role TEXT NOT NULL,
  PRIMARY KEY (organization_id, day)
);

CREATE TABLE memberships (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  identity_id TEXT NOT NULL,
  email_key TEXT,
  role TEXT NOT NULL,
  role_source TEXT NOT NULL,
  state TEXT NOT NULL,
  source TEXT NOT NULL,
  joined_at BIGINT,
  last_active_at BIGINT,
  expire_time BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX memberships_person ON memberships (organization_id, identity_id);
CREATE INDEX memberships_identity ON memberships (identity_id, organization_id);
CREATE INDEX memberships_joined_at ON memberships (organization_id, joined_at, id);
CREATE INDEX memberships_email ON memberships (organization_id, email_key, id);
CREATE INDEX memberships_role ON memberships (organization_id, role, id);
CREATE INDEX memberships_expire_time ON memberships (expire_time) WHERE expire_time IS NOT NULL;

CREATE TABLE custom_roles (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  role_key TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  base TEXT NOT NULL,
  permissions TEXT NOT NULL,
  member_count BIGINT NOT NULL,
  group_count BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX custom_roles_key ON custom_roles (organization_id, role_key);

-- `groups` is a word of SQL.
CREATE TABLE member_groups (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT,
  kind TEXT NOT NULL,
  rule TEXT,
  role TEXT,
  source TEXT NOT NULL,
  external_id TEXT,
  member_count BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  version BIGINT NOT NULL,
  -- How far a new or changed rule has gone through the members: the last membership tried, empty at the start.
  rule_progress TEXT
);
CREATE UNIQUE INDEX member_groups_name ON member_groups (organization_id, name_key);
CREATE INDEX member_groups_create_time ON member_groups (organization_id, create_time, id);
CREATE INDEX member_groups_unfinished ON member_groups (id) WHERE rule_progress IS NOT NULL;
CREATE INDEX member_groups_by_name ON member_groups (organization_id, name, id);
CREATE INDEX member_groups_role ON member_groups (organization_id, role) WHERE role IS NOT NULL;
CREATE INDEX member_groups_dynamic ON member_groups (organization_id, id) WHERE kind = 'dynamic';

CREATE TABLE group_members (
  group_id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  identity_id TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (group_id, identity_id)
);
CREATE INDEX group_members_person ON group_members (organization_id, identity_id);
CREATE INDEX group_members_identity ON group_members (identity_id);

CREATE TABLE invitations (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  role TEXT NOT NULL,
  group_ids TEXT NOT NULL,
  status TEXT NOT NULL,
  delivery TEXT NOT NULL,
  message TEXT,
  return_to TEXT,
  invited_by TEXT,
  life_seconds BIGINT NOT NULL,
  token_hash BYTEA,
  expires_at BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  accepted_at BIGINT,
  accepted_identity_id TEXT
);
CREATE UNIQUE INDEX invitations_pending ON invitations (organization_id, email_key) WHERE status = 'pending';
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE INDEX invitations_create_time ON invitations (organization_id, create_time, id);
CREATE INDEX invitations_email ON invitations (email_key, status);
CREATE INDEX invitations_by_email ON invitations (organization_id, email_key, id);
CREATE INDEX invitations_status ON invitations (organization_id, status, id);
CREATE INDEX invitations_role ON invitations (organization_id, role, id);
CREATE INDEX invitations_expires_at ON invitations (organization_id, expires_at, id);
CREATE INDEX invitations_open_of_inviter ON invitations (invited_by) WHERE status = 'pending';
CREATE INDEX invitations_open_expires_at ON invitations (expires_at) WHERE status = 'pending';

CREATE TABLE domains (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL,
  domain TEXT NOT NULL,
  status TEXT NOT NULL,
  txt_value TEXT NOT NULL,
  auto_join BOOLEAN NOT NULL,
  sign_in_routing BOOLEAN NOT NULL,
  default_role TEXT,
  verified_at BIGINT,
  last_checked_at BIGINT,
  next_check_at BIGINT,
  tried_until BIGINT,
  failing_since BIGINT,
  create_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX domains_of_organization ON domains (organization_id, domain);
-- The first to prove a domain holds it.
CREATE UNIQUE INDEX domains_verified ON domains (domain) WHERE status = 'verified';
CREATE INDEX domains_next_check_at ON domains (next_check_at) WHERE next_check_at IS NOT NULL;

-- A strict tenant's identities belong to one organization each, which is then part of what makes them unique; in shared
-- mode the realm is empty.
ALTER TABLE identities ADD COLUMN realm TEXT NOT NULL DEFAULT '';
-- The organization that made or claimed the identity; whether it manages it follows from domain and membership.
ALTER TABLE identities ADD COLUMN claimed_by TEXT;
DROP INDEX identities_email_key;
DROP INDEX identities_username_key;
DROP INDEX identities_phone;
DROP INDEX identities_external_id;
CREATE UNIQUE INDEX identities_email_key ON identities (realm, email_key);
CREATE UNIQUE INDEX identities_username_key ON identities (realm, username_key);
CREATE UNIQUE INDEX identities_phone ON identities (realm, phone) WHERE phone_verified;
CREATE UNIQUE INDEX identities_external_id ON identities (realm, external_id);
CREATE INDEX identities_by_email ON identities (email_key, id);
CREATE INDEX identities_by_external_id ON identities (external_id, id);
CREATE INDEX identities_by_username ON identities (username_key, id);
-- The mode of the settings once more, for transactions that must not cross a change of it.
ALTER TABLE tenant_settings ADD COLUMN federation_mode TEXT NOT NULL DEFAULT 'shared';

-- The organization that a session acts for.
ALTER TABLE sessions ADD COLUMN organization_id TEXT;
CREATE INDEX sessions_organization ON sessions (organization_id, identity_id) WHERE organization_id IS NOT NULL;

ALTER TABLE relation_tuples ADD COLUMN organization_id TEXT;
ALTER TABLE relation_tuples ADD COLUMN expire_time BIGINT;
CREATE INDEX relation_tuples_organization ON relation_tuples (organization_id, subject) WHERE organization_id IS NOT NULL;

ALTER TABLE service_accounts ADD COLUMN organization_id TEXT;
ALTER TABLE service_accounts ADD COLUMN description TEXT;
ALTER TABLE service_accounts ADD COLUMN owner_id TEXT;
ALTER TABLE service_accounts ADD COLUMN owner_lost_at BIGINT;
ALTER TABLE service_accounts ADD COLUMN is_default BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE service_accounts ADD COLUMN last_used_at BIGINT;
ALTER TABLE service_accounts ADD COLUMN update_time BIGINT NOT NULL DEFAULT 0;
UPDATE service_accounts SET update_time = create_time;
CREATE INDEX service_accounts_organization ON service_accounts (organization_id, create_time, id);
CREATE UNIQUE INDEX service_accounts_default ON service_accounts (organization_id) WHERE is_default;
CREATE INDEX service_accounts_owner ON service_accounts (owner_id);
CREATE INDEX service_accounts_owner_lost_at ON service_accounts (owner_lost_at) WHERE owner_lost_at IS NOT NULL;

ALTER TABLE api_keys ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN allowed_cidrs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN expire_time BIGINT;
-- When its end was told: an expiry, or the revocation that came before.
ALTER TABLE api_keys ADD COLUMN expiry_noted_at BIGINT;
-- The key that took its place by rotation.
ALTER TABLE api_keys ADD COLUMN replaced_by TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
ALTER TABLE api_keys ADD COLUMN last_used_ip TEXT;
CREATE INDEX api_keys_account ON api_keys (service_account_id, create_time, id);
CREATE INDEX api_keys_expire_time ON api_keys (expire_time) WHERE expire_time IS NOT NULL AND expiry_noted_at IS NULL;
CREATE INDEX api_keys_expiry_noted_at ON api_keys (expiry_noted_at) WHERE expiry_noted_at IS NOT NULL;
