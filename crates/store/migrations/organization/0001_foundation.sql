-- One organization's own database. One text for both engines; see src/dialect.rs.

-- What changed, in the order in which followers take it: (tx_id, position).
CREATE TABLE events (
    position {serial_key},
    tx_id BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    organization_id TEXT,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    sealed BYTEA,
    create_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX events_event_id_key ON events (event_id);
CREATE INDEX events_place_idx ON events (tx_id, position);
CREATE INDEX events_organization_place_idx ON events (organization_id, tx_id, position);

-- What is added to the server's transaction numbers, so that they never fall when a database moves to another server.
CREATE TABLE event_numbering (shift BIGINT NOT NULL);
INSERT INTO event_numbering (shift) VALUES (0);

-- How far each follower has come.
CREATE TABLE event_cursors (
    consumer TEXT NOT NULL PRIMARY KEY,
    tx_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    update_time BIGINT NOT NULL
);
