-- Permissions: who wrote a tuple, tuples of the tenant's own namespaces, its schema, and the log that memory follows.

-- relation_tuples holds the tuples of the built-in namespaces. An identity stands there by its id, `usr_…`, as versions
-- before this one read and write it; an object by `namespace:object#`, a set by `namespace:object#relation`.
ALTER TABLE relation_tuples ADD COLUMN source TEXT NOT NULL DEFAULT 'system';
CREATE INDEX relation_tuples_expire ON relation_tuples (expire_time) WHERE expire_time IS NOT NULL;
UPDATE relation_tuples SET subject = 'organizations:' || subject || '#'
  WHERE relation = 'organization' AND namespace IN ('groups', 'service_accounts') AND subject LIKE 'org%';
UPDATE relation_tuples SET expire_time = (SELECT m.expire_time FROM memberships m
  WHERE m.organization_id = relation_tuples.organization_id AND m.identity_id = relation_tuples.subject)
  WHERE namespace IN ('organizations', 'groups', 'roles') AND organization_id IS NOT NULL AND subject LIKE 'usr%';
INSERT INTO relation_tuples (namespace, object, relation, subject, create_time, organization_id)
  SELECT 'roles', id, 'organization', 'organizations:' || organization_id || '#', create_time, organization_id
  FROM custom_roles;

-- Tuples of the tenant's own namespaces, in the store of an organization or of the tenant.
CREATE TABLE own_tuples (
  store TEXT NOT NULL,
  namespace TEXT NOT NULL,
  object TEXT NOT NULL,
  relation TEXT NOT NULL,
  subject TEXT NOT NULL,
  source TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  expire_time BIGINT,
  PRIMARY KEY (store, namespace, object, relation, subject)
);
CREATE INDEX own_tuples_subject ON own_tuples (subject, store, namespace, object, relation);
CREATE INDEX own_tuples_expire ON own_tuples (expire_time) WHERE expire_time IS NOT NULL;

-- The tenant's own namespaces, as they were written.
CREATE TABLE permission_schemas (
  id TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  shared TEXT NOT NULL,
  version BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

-- What changed, numbered as events are. Kept for an hour: whoever was away longer reads everything again.
CREATE TABLE permission_changes (
  position {serial_key},
  tx_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  store TEXT NOT NULL,
  namespace TEXT NOT NULL,
  object TEXT NOT NULL,
  relation TEXT NOT NULL,
  subject TEXT NOT NULL,
  expire_time BIGINT,
  create_time BIGINT NOT NULL
);
CREATE INDEX permission_changes_place ON permission_changes (tx_id, position);
CREATE INDEX permission_changes_time ON permission_changes (create_time);
