-- Pictures that people uploaded, one each.
CREATE TABLE avatars (
  identity_id TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  content_type TEXT NOT NULL,
  bytes BYTEA NOT NULL,
  create_time BIGINT NOT NULL
);
