-- Whether an address of the identity was ever proven: only those that never were can be denied by the owner of the address.
ALTER TABLE identities ADD COLUMN ever_verified BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE identities SET ever_verified = TRUE WHERE email_verified;
