-- What the last import did, so that it can be undone.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- One row at most. aliases: the names that it gave to tags, each with the
-- tag's id, as JSON.
CREATE TABLE imports (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    done_at INTEGER NOT NULL,
    file    TEXT NOT NULL,
    format  TEXT NOT NULL,
    aliases TEXT NOT NULL
) STRICT;

-- The notes that came by it or got something from it. updated_at: as it left
-- the note; another one there tells that the user has changed it since.
-- before: what was replaced, as JSON; NULL where the note came by the import.
CREATE TABLE imported (
    note_id    INTEGER PRIMARY KEY,
    updated_at INTEGER NOT NULL,
    before     TEXT
) STRICT;
