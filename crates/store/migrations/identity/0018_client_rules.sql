-- What organizations say of clients for their members, and which clients have yet to be told that a session ended.

CREATE TABLE oauth_client_rules (
  organization_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  scopes TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  PRIMARY KEY (organization_id, client_id)
);
CREATE INDEX oauth_client_rules_client ON oauth_client_rules (client_id);

-- One call for each client that got tokens in a session that ended.
CREATE TABLE oauth_logouts (
  session_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  identity_id TEXT NOT NULL,
  -- How often it was tried.
  tries BIGINT NOT NULL,
  -- When it is to be tried next; moved ahead by whoever tries, so that two nodes do not.
  due_at BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (session_id, client_id)
);
CREATE INDEX oauth_logouts_due_at ON oauth_logouts (due_at);
