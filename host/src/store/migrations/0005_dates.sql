-- What keeps the moment at which a note was saved where others were saved then, too.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- shift: how many µs later the id is than the moment of the save. NULL where they
-- are the same, as of nearly all; only those of the others are in the index.
ALTER TABLE notes ADD COLUMN shift INTEGER;
ALTER TABLE trash ADD COLUMN shift INTEGER;
CREATE INDEX notes_shifted ON notes (shift) WHERE shift IS NOT NULL;
