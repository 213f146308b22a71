-- Implied tags and saved searches go along with sync.

-- What was last said about things that aren't pages (domain/sync/registers.rs). kind: the kind of
-- thing; those that this program doesn't know are kept. name: which one, as JSON. micros, version:
-- when, in µs since 1970, and by which version. value: as JSON; NULL if the thing was removed. list: the
-- number in sync_lists of the tag edits that the device knew; NULL if there were none.
CREATE TABLE sync_registers (
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    micros      INTEGER NOT NULL,
    version     TEXT NOT NULL,
    value       TEXT,
    list        INTEGER,
    unpublished INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- Older programs have passed over the registers in files of other devices, so these are read again.
UPDATE sync_segments SET read_at = NULL
WHERE gone_at IS NULL AND read_at IS NOT NULL AND device NOT IN (SELECT device FROM sync);
