-- Several addresses of a page, and who gave a title.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

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
