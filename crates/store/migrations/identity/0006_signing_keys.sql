-- Keys that sign tokens. One of each algorithm is active; others are published until they retire, for what they signed.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    public_jwk TEXT NOT NULL,
    private_key BYTEA NOT NULL,
    create_time BIGINT NOT NULL,
    retire_time BIGINT
);
CREATE UNIQUE INDEX signing_keys_active_key ON signing_keys (algorithm) WHERE active;
