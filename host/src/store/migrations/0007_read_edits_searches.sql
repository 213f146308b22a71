-- Read state, edits of many notes, and saved searches.
--
-- Comments are outside of the statements, because SQLite stores comments within a statement
-- and parses them again at each open.

-- read: 0 if the user hasn't read the page yet. Imports have marked such pages with the tag
-- "to read", so notes with that tag begin as unread.
ALTER TABLE notes ADD COLUMN read INTEGER NOT NULL DEFAULT 1;
ALTER TABLE trash ADD COLUMN read INTEGER NOT NULL DEFAULT 1;
UPDATE notes SET read = 0 WHERE id IN (
    SELECT note_id FROM note_tags WHERE tag_id = (SELECT id FROM tags WHERE name = 'to read')
);
UPDATE trash SET read = 0 WHERE EXISTS (SELECT 1 FROM json_each(tags) WHERE value = 'to read');
CREATE INDEX notes_unread ON notes (id) WHERE read = 0;

-- The index of page keys becomes one that a large import can drop and create again. Both kinds have
-- the same b-tree, so only their definitions change; the next statement makes SQLite read them.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'TEXT NOT NULL UNIQUE', 'TEXT NOT NULL')
WHERE type = 'table' AND name = 'notes';
UPDATE sqlite_schema
SET name = 'notes_by_page', sql = 'CREATE UNIQUE INDEX notes_by_page ON notes (page_key)'
WHERE type = 'index' AND name = 'sqlite_autoindex_notes_1';
PRAGMA writable_schema = RESET;

-- The notes with a text by the user.
CREATE INDEX notes_noted ON notes (id) WHERE summary <> '';

-- merged_into: the id of the note that this one was merged into, if any.
ALTER TABLE trash ADD COLUMN merged_into INTEGER;

-- The deleted note of a page that is saved again.
CREATE INDEX trash_by_page ON trash (page_key, deleted_at);

-- Edits of many notes (store/notes/bulk_edits.rs). change: the change, as JSON. state: 'running',
-- 'done', 'undoing' or 'undone'. next_part: the first part that isn't done yet. undone_to: on
-- notes up to this id, the edit is undone. The other numbers count notes.
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

-- The notes that an unfinished edit has yet to change, in parts of a thousand. ids: eight bytes
-- each, big-endian.
CREATE TABLE edit_parts (
    edit_id INTEGER NOT NULL,
    part    INTEGER NOT NULL,
    ids     BLOB NOT NULL,
    PRIMARY KEY (edit_id, part)
) STRICT, WITHOUT ROWID;

-- The notes that an edit changed, didn't find or couldn't change. outcome: 'changed', 'missing'
-- or the reason of a refusal. updated_at: the note's time of change after the edit. before: what
-- the edit replaced, as JSON.
CREATE TABLE edited (
    edit_id    INTEGER NOT NULL,
    note_id    INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    updated_at INTEGER,
    before     TEXT,
    PRIMARY KEY (edit_id, note_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX edited_left ON edited (edit_id, outcome, note_id) WHERE outcome <> 'changed';

-- Saved searches. folded: the name in lower case, which identifies the search.
CREATE TABLE searches (
    folded   TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    query    TEXT NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Icons of web sites. labels: the site, as in the table of sites. name: of the image, as in
-- domain/icon.rs. unused_since: null while a note is from the site; 0 if the last one has just
-- been deleted; otherwise the time of the write that deleted it.
CREATE TABLE icons (
    labels       TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    png          BLOB NOT NULL,
    unused_since INTEGER
) STRICT;
CREATE INDEX icons_by_name ON icons (name, labels);
CREATE INDEX icons_unused ON icons (unused_since) WHERE unused_since IS NOT NULL;
CREATE TRIGGER icons_in_use AFTER UPDATE OF uses ON sites
WHEN (old.uses = 0) <> (new.uses = 0) BEGIN
    UPDATE icons SET unused_since = iif(new.uses = 0, 0, NULL) WHERE labels = new.labels;
END;

-- icons: the revision of the last change of an icon.
ALTER TABLE meta ADD COLUMN icons INTEGER NOT NULL DEFAULT 0;

-- page_title: the page's own title as captured, if it is known and differs from the note's.
ALTER TABLE notes ADD COLUMN page_title TEXT;
ALTER TABLE trash ADD COLUMN page_title TEXT;
