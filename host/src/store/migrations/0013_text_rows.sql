-- The full-text index of texts by numbers instead of milliseconds.

-- The index holds, for each word of a text, the distance to the previous text with that word: three
-- to five bytes between milliseconds, one or two between numbers.
--
-- fts_row: the row of a text in texts_fts, in the order of note_id, which belongs to a note or to a
-- deleted one in the trash. A text whose note was between two others with a row when it arrived, or
-- that arrived before this migration, has no row here: its row in late_texts_fts is that of its note
-- in notes_fts.
CREATE TABLE text_rows (
    fts_row INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL UNIQUE
) STRICT;

DROP TRIGGER texts_of_deleted_notes;
DROP TABLE text_words;
ALTER TABLE texts_fts RENAME TO late_texts_fts;
CREATE VIRTUAL TABLE late_text_words USING fts5vocab ('late_texts_fts', 'instance');

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
    DELETE FROM texts_fts
        WHERE rowid = (SELECT fts_row FROM text_rows WHERE note_id = old.id);
    DELETE FROM late_texts_fts WHERE rowid = old.id / 1000;
    DELETE FROM texts WHERE note_id = old.id
        AND NOT EXISTS (SELECT 1 FROM trash WHERE id = old.id);
END;
CREATE TRIGGER rows_of_removed_texts AFTER DELETE ON texts BEGIN
    DELETE FROM text_rows WHERE note_id = old.note_id;
END;
