-- Never edit a migration that was released: append one.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- The live notes. What is in the trash is not here, so no query has to mind it.
-- id: moment of the first save in µs since 1970, bumped on collision: newest
-- first is the order of the table, and a page of a list is a range of it.
CREATE TABLE notes (
    id           INTEGER PRIMARY KEY,
    page_key     TEXT NOT NULL UNIQUE,
    site         TEXT NOT NULL,
    url          TEXT NOT NULL,
    title        TEXT NOT NULL,
    summary      TEXT NOT NULL,
    excerpt      TEXT,
    published_at TEXT,
    site_name    TEXT,
    lang         TEXT,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_by_site ON notes (site, id);

-- Deleted notes, with their tags as a JSON array, for 30 days.
CREATE TABLE trash (
    id           INTEGER PRIMARY KEY,
    page_key     TEXT NOT NULL,
    site         TEXT NOT NULL,
    url          TEXT NOT NULL,
    title        TEXT NOT NULL,
    summary      TEXT NOT NULL,
    excerpt      TEXT,
    published_at TEXT,
    site_name    TEXT,
    lang         TEXT,
    updated_at   INTEGER NOT NULL,
    tags         TEXT NOT NULL,
    deleted_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX trash_by_age ON trash (deleted_at);

-- A tag keeps its row when its last note goes; uses = 0 means not in use.
CREATE TABLE tags (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    uses INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tags_by_uses ON tags (uses DESC, id);

-- position: place in the user's order, from 0.
CREATE TABLE note_tags (
    tag_id   INTEGER NOT NULL REFERENCES tags (id),
    note_id  INTEGER NOT NULL REFERENCES notes (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (tag_id, note_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX note_tags_by_note ON note_tags (note_id, position, tag_id);

-- One row: what would be dear to count, and the number that each write
-- transaction raises (PRAGMA data_version holds only within one connection).
CREATE TABLE meta (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    notes    INTEGER NOT NULL,
    tags     INTEGER NOT NULL
) STRICT;
INSERT INTO meta (id, revision, notes, tags) VALUES (1, 0, 0, 0);

CREATE TRIGGER notes_counted AFTER INSERT ON notes BEGIN
    UPDATE meta SET notes = notes + 1;
END;
CREATE TRIGGER notes_uncounted AFTER DELETE ON notes BEGIN
    UPDATE meta SET notes = notes - 1;
END;
CREATE TRIGGER note_tags_counted AFTER INSERT ON note_tags BEGIN
    UPDATE tags SET uses = uses + 1 WHERE id = new.tag_id;
END;
CREATE TRIGGER note_tags_uncounted AFTER DELETE ON note_tags BEGIN
    UPDATE tags SET uses = uses - 1 WHERE id = old.tag_id;
END;
CREATE TRIGGER tags_in_use AFTER UPDATE OF uses ON tags WHEN (old.uses = 0) <> (new.uses = 0) BEGIN
    UPDATE meta SET tags = tags + iif(new.uses = 0, -1, 1);
END;

-- Finished operations: the same opId again gets the same result.
CREATE TABLE operations (
    op_id   BLOB PRIMARY KEY,
    method  TEXT NOT NULL,
    result  TEXT NOT NULL,
    done_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_by_age ON operations (done_at);

-- The words of the live notes. Contentless: the text goes in prepared (plain
-- text of the Markdown, scripts without spaces split into characters), which
-- no column of notes holds.
CREATE VIRTUAL TABLE notes_fts USING fts5 (
    title, tags, summary, excerpt, address,
    content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2'
);
