-- What keeps a store of a million notes as quick as one of a thousand.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- Other names of tags: who types one gets the tag. No name is an alias and a
-- tag in use at once.
CREATE TABLE tag_aliases (
    name   TEXT PRIMARY KEY,
    tag_id INTEGER NOT NULL REFERENCES tags (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_aliases_by_tag ON tag_aliases (tag_id);

-- Web sites. labels: the name from its end (`org.arxiv.export.`), so that a
-- site and all that are below it are one range. A site keeps its row when its
-- last note goes.
CREATE TABLE sites (
    id     INTEGER PRIMARY KEY,
    labels TEXT NOT NULL UNIQUE,
    uses   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TEMP TABLE site_labels AS
WITH RECURSIVE turned (site, rest, labels) AS (
    SELECT DISTINCT site, site || '.', '' FROM notes WHERE site <> ''
    UNION ALL
    SELECT site, substr(rest, instr(rest, '.') + 1), substr(rest, 1, instr(rest, '.')) || labels
    FROM turned WHERE rest <> ''
)
SELECT site, labels FROM turned WHERE rest = '';
CREATE INDEX temp.site_labels_by_site ON site_labels (site);
INSERT INTO sites (labels, uses)
SELECT labels, (SELECT count(*) FROM notes n WHERE n.site = s.site) FROM site_labels s;
ALTER TABLE notes ADD COLUMN site_id INTEGER REFERENCES sites (id);
UPDATE notes SET site_id = (
    SELECT id FROM sites WHERE labels = (SELECT labels FROM site_labels l WHERE l.site = notes.site)
);
DROP TABLE temp.site_labels;
DROP INDEX notes_by_site;
ALTER TABLE notes DROP COLUMN site;
ALTER TABLE trash DROP COLUMN site;
CREATE INDEX notes_by_site ON notes (site_id, id);

ALTER TABLE meta ADD COLUMN sites INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET sites = (SELECT count(*) FROM sites);
CREATE TRIGGER sites_in_use AFTER UPDATE OF uses ON sites WHEN (old.uses = 0) <> (new.uses = 0) BEGIN
    UPDATE meta SET sites = sites + iif(new.uses = 0, -1, 1);
END;

-- Which notes came, went or got other tags, and at which revision: with it a
-- process brings what it holds in memory up to date. Holds all that is after
-- meta.changes_after; the store takes out what is older.
CREATE TABLE changes (
    revision INTEGER NOT NULL,
    note_id  INTEGER NOT NULL,
    PRIMARY KEY (revision, note_id)
) STRICT, WITHOUT ROWID;
ALTER TABLE meta ADD COLUMN changes_after INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET changes_after = revision;

DROP TRIGGER notes_counted;
CREATE TRIGGER notes_counted AFTER INSERT ON notes BEGIN
    UPDATE meta SET notes = notes + 1;
    UPDATE sites SET uses = uses + 1 WHERE id = new.site_id;
    INSERT OR IGNORE INTO changes SELECT revision + 1, new.id FROM meta;
END;
DROP TRIGGER notes_uncounted;
CREATE TRIGGER notes_uncounted AFTER DELETE ON notes BEGIN
    UPDATE meta SET notes = notes - 1;
    UPDATE sites SET uses = uses - 1 WHERE id = old.site_id;
    INSERT OR IGNORE INTO changes SELECT revision + 1, old.id FROM meta;
END;
DROP TRIGGER note_tags_counted;
CREATE TRIGGER note_tags_counted AFTER INSERT ON note_tags BEGIN
    UPDATE tags SET uses = uses + 1 WHERE id = new.tag_id;
    INSERT OR IGNORE INTO changes SELECT revision + 1, new.note_id FROM meta;
END;
DROP TRIGGER note_tags_uncounted;
CREATE TRIGGER note_tags_uncounted AFTER DELETE ON note_tags BEGIN
    UPDATE tags SET uses = uses - 1 WHERE id = old.tag_id;
    INSERT OR IGNORE INTO changes SELECT revision + 1, old.note_id FROM meta;
END;

-- Completion reads names in this order without touching the table.
DROP INDEX tags_by_uses;
CREATE INDEX tags_by_uses ON tags (uses DESC, id, name);

-- Names of tags by what is inside them, three characters at a time. Those of
-- new tags are added by the store.
CREATE VIRTUAL TABLE tag_names USING fts5 (
    name,
    content = '', contentless_delete = 1, detail = none,
    tokenize = 'trigram'
);
INSERT INTO tag_names (rowid, name) SELECT id, name FROM tags;
CREATE TRIGGER tags_renamed AFTER UPDATE OF name ON tags BEGIN
    DELETE FROM tag_names WHERE rowid = old.id;
    INSERT INTO tag_names (rowid, name) VALUES (new.id, new.name);
END;

-- As before, with the summary first and a row for each millisecond (index.rs
-- says why), and of words that are told apart in Rust (domain/words.rs), which
-- leaves SQLite the spaces. The store fills it in. Merging is work for after
-- the answer. indexed_words: what the index has, in the order of the words.
DROP TABLE notes_fts;
CREATE VIRTUAL TABLE notes_fts USING fts5 (
    summary, title, tags, excerpt, address,
    content = '', contentless_delete = 1,
    tokenize = 'ascii'
);
CREATE VIRTUAL TABLE indexed_words USING fts5vocab ('notes_fts', 'instance');
INSERT INTO notes_fts (notes_fts, rank) VALUES ('automerge', 0);
INSERT INTO notes_fts (notes_fts, rank) VALUES ('crisismerge', 256);
