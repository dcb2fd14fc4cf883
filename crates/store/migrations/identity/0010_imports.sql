-- Imports of identities: the jobs, what they were given in pieces, and which lines failed.

CREATE TABLE imports (
  id TEXT PRIMARY KEY,
  status TEXT NOT NULL,
  -- The same for every import that is not over: there is one at a time.
  slot TEXT,
  request TEXT NOT NULL,
  -- The pieces that are kept, and the next one to be worked on.
  pieces BIGINT NOT NULL,
  position BIGINT NOT NULL,
  total BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  skipped BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  legacy BIGINT NOT NULL,
  -- Until when somebody is at it: sending it, or working on it.
  claimed_until BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  finish_time BIGINT
);
CREATE UNIQUE INDEX imports_slot ON imports (slot);
CREATE INDEX imports_finish_time ON imports (finish_time);

-- Lines as they came, sealed: there are passwords among them. Gone with the end of the job.
CREATE TABLE import_pieces (
  import_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  data BYTEA NOT NULL,
  PRIMARY KEY (import_id, number)
);

CREATE TABLE import_errors (
  import_id TEXT NOT NULL,
  line BIGINT NOT NULL,
  external_id TEXT,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (import_id, line)
);
