-- Moments of saves to the letter, and tags found without their accents.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- shift: how many µs later the id is than the moment of the save. NULL where they
-- are the same, as of nearly all; only those of the others are in the index.
ALTER TABLE notes ADD COLUMN shift INTEGER;
ALTER TABLE trash ADD COLUMN shift INTEGER;
CREATE INDEX notes_shifted ON notes (shift) WHERE shift IS NOT NULL;

-- folded: the name as it is typed without accents (domain/words.rs), where that is
-- another one; NULL of most. The store fills it in. Completion walks over the most
-- used tags by the first index, and finds the others by the next two.
ALTER TABLE tags ADD COLUMN folded TEXT;
DROP INDEX tags_by_grade;
CREATE INDEX tags_by_grade ON tags (grade DESC, id, name, folded);
CREATE INDEX tags_by_folded ON tags (folded, grade, id, name) WHERE folded IS NOT NULL;
ALTER TABLE tag_aliases ADD COLUMN folded TEXT;
CREATE INDEX tag_aliases_by_folded ON tag_aliases (folded) WHERE folded IS NOT NULL;

-- What is inside names is looked for in their folded form.
DROP TRIGGER tags_renamed;
CREATE TRIGGER tags_renamed AFTER UPDATE OF name, folded ON tags BEGIN
    DELETE FROM tag_names WHERE rowid = old.id;
    INSERT INTO tag_names (rowid, name) VALUES (new.id, ifnull(new.folded, new.name));
END;
