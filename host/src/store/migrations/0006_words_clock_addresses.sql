-- Words found by their parts and joined spellings, notes without tags, and tags
-- that look the same.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- The live notes without a tag, which would be dear to look for: a note enters
-- with its last tag going or by the store, and leaves with its first tag.
CREATE TABLE untagged (
    note_id INTEGER PRIMARY KEY
) STRICT;
INSERT INTO untagged (note_id)
SELECT id FROM notes n WHERE NOT EXISTS (SELECT 1 FROM note_tags WHERE note_id = n.id);
CREATE TRIGGER note_tags_first AFTER INSERT ON note_tags BEGIN
    DELETE FROM untagged WHERE note_id = new.note_id;
END;
CREATE TRIGGER notes_untagged_gone AFTER DELETE ON notes BEGIN
    DELETE FROM untagged WHERE note_id = old.id;
END;

-- Their number, kept like the others. reindex: notes with a lower id have only the
-- words of older versions in the full-text index so far; 0 where none do.
ALTER TABLE meta ADD COLUMN untagged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE meta ADD COLUMN reindex INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET untagged = (SELECT count(*) FROM untagged);
CREATE TRIGGER untagged_counted AFTER INSERT ON untagged BEGIN
    UPDATE meta SET untagged = untagged + 1;
END;
CREATE TRIGGER untagged_uncounted AFTER DELETE ON untagged BEGIN
    UPDATE meta SET untagged = untagged - 1;
END;

-- The clock as it was seen by the writes (store/clock.rs), in µs since 1970; NULL until
-- the first of them.

-- clock: how far time is known to have gone. clock_seen: what the clock said last.
-- clock_highest: the latest that it ever said.
ALTER TABLE meta ADD COLUMN clock INTEGER;
ALTER TABLE meta ADD COLUMN clock_seen INTEGER;
ALTER TABLE meta ADD COLUMN clock_highest INTEGER;

-- Several addresses of a page, and who gave a title.

-- addresses: the other ones that the page was saved under, as captured, as a JSON
-- array; NULL where there are none, as of nearly all.
-- title_typed: 1 where somebody gave the title, 0 where the page did, whose next
-- title then takes its place. Of the notes so far nobody knows.
ALTER TABLE notes ADD COLUMN addresses TEXT;
ALTER TABLE notes ADD COLUMN title_typed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE trash ADD COLUMN addresses TEXT;
ALTER TABLE trash ADD COLUMN title_typed INTEGER NOT NULL DEFAULT 1;

-- The page keys of those addresses that have another one than their note, so that
-- these find it as well.
CREATE TABLE address_keys (
    page_key TEXT NOT NULL,
    note_id  INTEGER NOT NULL REFERENCES notes (id),
    PRIMARY KEY (page_key, note_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX address_keys_by_note ON address_keys (note_id);
