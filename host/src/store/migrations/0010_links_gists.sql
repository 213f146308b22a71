-- Whether saved pages are still there, pages that gave no text, and summaries by a language model.

-- A row for each note whose page was to be checked, also for those in the trash. due_at: when it is
-- to be checked again. checked_at: when it was asked for; NULL if it never was, because it may not
-- be. Both, and failing_since and failed_at, in µs since 1970. verdict: 0 there, 1 moved, 2 gone, 3
-- replaced by something else, 4 unreachable, 5 walled. status: of the last answer; NULL if there was
-- none. final_url: where a moved page is. failing_since: when the page began to be missing or its
-- host to be down. failed_at, failures: the last check since then that failed in the same way, and
-- how many did. missing: 1 if the page was missing, 0 if its host was down. archive_url: a copy at
-- the Wayback Machine; empty if it has none, NULL if it wasn't asked.
CREATE TABLE links (
    note_id       INTEGER PRIMARY KEY,
    due_at        INTEGER NOT NULL,
    checked_at    INTEGER,
    verdict       INTEGER NOT NULL,
    status        INTEGER,
    final_url     TEXT,
    failing_since INTEGER,
    failed_at     INTEGER,
    failures      INTEGER NOT NULL,
    missing       INTEGER NOT NULL,
    archive_url   TEXT
) STRICT;
CREATE INDEX links_by_verdict ON links (verdict, note_id) WHERE verdict <> 0;

-- What was found follows a note to the trash and out of it. It holds for the address that was
-- checked.
CREATE TRIGGER links_of_deleted_notes AFTER DELETE ON notes
WHEN NOT EXISTS (SELECT 1 FROM trash WHERE id = old.id) BEGIN
    DELETE FROM links WHERE note_id = old.id;
END;
CREATE TRIGGER links_of_purged_notes AFTER DELETE ON trash
WHEN NOT EXISTS (SELECT 1 FROM notes WHERE id = old.id) BEGIN
    DELETE FROM links WHERE note_id = old.id;
END;
CREATE TRIGGER links_of_moved_notes AFTER UPDATE OF url ON notes WHEN new.url <> old.url BEGIN
    DELETE FROM links WHERE note_id = old.id;
END;

-- A row for each note whose page was downloaded for its text and gave none. tried_at, next_at: the
-- last attempt and the next one, in µs since 1970. failures: attempts without a text. problem: why
-- there is none, as a number (store/notes/text_fetches.rs).
CREATE TABLE text_fetches (
    note_id  INTEGER PRIMARY KEY,
    tried_at INTEGER NOT NULL,
    next_at  INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    problem  INTEGER NOT NULL
) STRICT;

-- A row is about one address, and about a note without a text.
CREATE TRIGGER text_fetches_of_deleted_notes AFTER DELETE ON notes BEGIN
    DELETE FROM text_fetches WHERE note_id = old.id;
END;
CREATE TRIGGER text_fetches_of_moved_notes AFTER UPDATE OF url ON notes WHEN new.url <> old.url BEGIN
    DELETE FROM text_fetches WHERE note_id = old.id;
END;
CREATE TRIGGER text_fetches_with_text AFTER INSERT ON texts BEGIN
    DELETE FROM text_fetches WHERE note_id = new.note_id;
END;

-- A row for each note that a language model was asked about, also for those in the trash. tried_at:
-- when it was asked last, in µs since 1970. tried_text_at: texts.taken_at of the text that was sent
-- then; NULL if there was none. problem: why that gave no summary, as a number (store/notes/gists.rs).
-- The others are of the last summary, NULL if there is none. maker: the model's name. text: plain
-- text. tags: of the user's own, which the model suggests, as a JSON list. text_at: as tried_text_at.
-- Both are 0 once the note has another address, so that the summary counts as outdated.
CREATE TABLE gists (
    note_id       INTEGER PRIMARY KEY,
    tried_at      INTEGER NOT NULL,
    tried_text_at INTEGER,
    problem       INTEGER,
    made_at       INTEGER,
    maker         TEXT,
    text          TEXT,
    tags          TEXT,
    text_at       INTEGER
) STRICT;

-- How often a model was asked on a day, counted from 1 January 1970 in UTC.
CREATE TABLE gist_days (
    day   INTEGER PRIMARY KEY,
    asked INTEGER NOT NULL
) STRICT;

-- A summary follows its note to the trash and out of it.
CREATE TRIGGER gists_of_deleted_notes AFTER DELETE ON notes
WHEN NOT EXISTS (SELECT 1 FROM trash WHERE id = old.id) BEGIN
    DELETE FROM gists WHERE note_id = old.id;
END;
CREATE TRIGGER gists_of_purged_notes AFTER DELETE ON trash
WHEN NOT EXISTS (SELECT 1 FROM notes WHERE id = old.id) BEGIN
    DELETE FROM gists WHERE note_id = old.id;
END;
CREATE TRIGGER gists_of_moved_notes AFTER UPDATE OF url ON notes WHEN new.url <> old.url BEGIN
    UPDATE gists SET tried_text_at = 0, text_at = iif(text IS NULL, NULL, 0) WHERE note_id = old.id;
END;
