-- Implied tags: a note with a tag is also found by the tags that it implies.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- tag_id implies parent_id. Never a circle (domain/tag_graph.rs has the rules).
-- Neither needs to be on a note.
CREATE TABLE tag_parents (
    tag_id    INTEGER NOT NULL REFERENCES tags (id),
    parent_id INTEGER NOT NULL REFERENCES tags (id),
    PRIMARY KEY (tag_id, parent_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_parents_by_parent ON tag_parents (parent_id, tag_id);

-- implications: pairs of ids that the last import added.
ALTER TABLE imports ADD COLUMN implications TEXT NOT NULL DEFAULT '[]';
