-- What is read, edits of many notes, and saved searches.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- read: 0 while the user has yet to read the page. What has the tag that imports give to
-- such pages is unread from the start.
ALTER TABLE notes ADD COLUMN read INTEGER NOT NULL DEFAULT 1;
ALTER TABLE trash ADD COLUMN read INTEGER NOT NULL DEFAULT 1;
UPDATE notes SET read = 0 WHERE id IN (
    SELECT note_id FROM note_tags WHERE tag_id = (SELECT id FROM tags WHERE name = 'to read')
);
UPDATE trash SET read = 0 WHERE EXISTS (SELECT 1 FROM json_each(tags) WHERE value = 'to read');
CREATE INDEX notes_unread ON notes (id) WHERE read = 0;

-- The notes that have a text of the user's.
CREATE INDEX notes_noted ON notes (id) WHERE summary <> '';

-- merged_into: the note that a merge added this one to.
ALTER TABLE trash ADD COLUMN merged_into INTEGER;

-- Edits of many notes (store/notes/bulk_edits.rs). change: what is done, as JSON. state:
-- 'running', 'done', 'undoing' or 'undone'. next_part: the first part that isn't done yet.
-- undone_to: notes up to this id have what they had before.
CREATE TABLE edits (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL,
    change     TEXT NOT NULL,
    state      TEXT NOT NULL,
    total      INTEGER NOT NULL,
    next_part  INTEGER NOT NULL DEFAULT 0,
    undone_to  INTEGER NOT NULL DEFAULT 0,
    changed    INTEGER NOT NULL DEFAULT 0,
    unchanged  INTEGER NOT NULL DEFAULT 0,
    restored   INTEGER NOT NULL DEFAULT 0,
    missing    INTEGER NOT NULL DEFAULT 0,
    refused    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX edits_unfinished ON edits (id) WHERE state IN ('running', 'undoing');

-- The notes of an edit that isn't done yet, in parts of a thousand: ids of eight bytes each,
-- the highest byte first.
CREATE TABLE edit_parts (
    edit_id INTEGER NOT NULL,
    part    INTEGER NOT NULL,
    ids     BLOB NOT NULL,
    PRIMARY KEY (edit_id, part)
) STRICT, WITHOUT ROWID;

-- The notes that an edit changed, found gone or left alone. outcome: 'changed', 'missing' or
-- why it was left alone. updated_at: as the edit left it. before: what it replaced, as JSON.
CREATE TABLE edited (
    edit_id    INTEGER NOT NULL,
    note_id    INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    updated_at INTEGER,
    before     TEXT,
    PRIMARY KEY (edit_id, note_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX edited_left ON edited (edit_id, outcome, note_id) WHERE outcome <> 'changed';

-- Searches with a name. folded: the name in small letters, under which it is one.
CREATE TABLE searches (
    folded   TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    query    TEXT NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
