-- Authorization requests that clients pushed (RFC 9126): known by a hash, good once.

CREATE TABLE oauth_pushed_requests (
  hash BYTEA PRIMARY KEY,
  client_id TEXT NOT NULL,
  -- The parameters that count, as a query.
  parameters TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  -- When an authorization by it ended in a code or an error.
  used_at BIGINT
);
CREATE INDEX oauth_pushed_requests_expires_at ON oauth_pushed_requests (expires_at);
CREATE INDEX oauth_pushed_requests_client ON oauth_pushed_requests (client_id);

-- The origins whose pages may call for a client; the client's settings name them, too.
CREATE TABLE oauth_client_origins (
  client_id TEXT NOT NULL,
  origin TEXT NOT NULL,
  PRIMARY KEY (client_id, origin)
);
