-- The readable texts of pages.

-- note_id: a note, or a deleted one in the trash. taken_at: when the text was read, in µs since
-- 1970. source: 1 a click, 2 a later download, 3 a file, 4 an import. whole: 0 if the text was too
-- long and was cut. words, bytes: of the text. body: the text as Markdown, compressed (raw
-- DEFLATE, RFC 1951). A table of its own, because every change of a note writes the note's row.
CREATE TABLE texts (
    note_id  INTEGER PRIMARY KEY,
    taken_at INTEGER NOT NULL,
    source   INTEGER NOT NULL,
    whole    INTEGER NOT NULL,
    words    INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;

-- The words of the texts of live notes, as in notes_fts: a row for each millisecond.
CREATE VIRTUAL TABLE texts_fts USING fts5 (
    text,
    content = '', contentless_delete = 1,
    tokenize = 'ascii'
);
CREATE VIRTUAL TABLE text_words USING fts5vocab ('texts_fts', 'instance');
INSERT INTO texts_fts (texts_fts, rank) VALUES ('automerge', 0);
INSERT INTO texts_fts (texts_fts, rank) VALUES ('crisismerge', 256);

-- A text follows its note to the trash, where nobody searches, and out of it. The store indexes the
-- text of a restored note.
CREATE TRIGGER texts_of_deleted_notes AFTER DELETE ON notes
WHEN EXISTS (SELECT 1 FROM texts WHERE note_id = old.id) BEGIN
    DELETE FROM texts_fts WHERE rowid = old.id / 1000;
    DELETE FROM texts WHERE note_id = old.id
        AND NOT EXISTS (SELECT 1 FROM trash WHERE id = old.id);
END;
CREATE TRIGGER texts_of_purged_notes AFTER DELETE ON trash
WHEN NOT EXISTS (SELECT 1 FROM notes WHERE id = old.id) BEGIN
    DELETE FROM texts WHERE note_id = old.id;
END;

-- texts: the number of texts, including those of deleted notes.
ALTER TABLE meta ADD COLUMN texts INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER texts_counted AFTER INSERT ON texts BEGIN
    UPDATE meta SET texts = texts + 1;
END;
CREATE TRIGGER texts_uncounted AFTER DELETE ON texts BEGIN
    UPDATE meta SET texts = texts - 1;
END;
