-- What lets a save change fewer pages.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- grade: how many binary digits the uses of a tag have, 0 where there are none.
-- An index of the uses themselves changes in two places with each tag of each
-- save, one of the grades hardly ever. By grade and then by uses is by uses.
ALTER TABLE tags ADD COLUMN grade INTEGER NOT NULL DEFAULT 0;
WITH RECURSIVE grades (grade, least) AS (
    SELECT 1, 1 UNION ALL SELECT grade + 1, least * 2 FROM grades WHERE grade < 40
)
UPDATE tags SET grade = (SELECT max(g.grade) FROM grades g WHERE g.least <= uses) WHERE uses > 0;
CREATE TRIGGER tags_graded AFTER UPDATE OF uses ON tags
WHEN new.uses = 0 OR (new.uses << 1) >> new.grade <> 1 BEGIN
    UPDATE tags SET grade = grade + iif(new.uses > old.uses, 1, -1) WHERE id = new.id;
END;

-- Completion reads names by these without touching the table.
DROP INDEX tags_by_uses;
CREATE INDEX tags_by_grade ON tags (grade DESC, id, name);
CREATE INDEX tags_by_name ON tags (name, grade, id);

-- By the order in which they were done, so that a new one comes at the end, and
-- the oldest are found without an index of their age.
CREATE TEMP TABLE earlier_operations AS SELECT * FROM operations;
DROP TABLE operations;
CREATE TABLE operations (
    id      INTEGER PRIMARY KEY,
    op_id   BLOB NOT NULL UNIQUE,
    method  TEXT NOT NULL,
    result  TEXT NOT NULL,
    done_at INTEGER NOT NULL
) STRICT;
INSERT INTO operations (op_id, method, result, done_at)
SELECT op_id, method, result, done_at FROM temp.earlier_operations ORDER BY done_at;
DROP TABLE temp.earlier_operations;
