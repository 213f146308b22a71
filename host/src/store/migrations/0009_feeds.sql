-- Feeds, and the pages that arrived from them.

-- added_at, tried_at, ok_at, listed_at, next_at: in µs since 1970. title: the feed's own; until it
-- was read, empty or as imported. tags: of notes from the feed, as a JSON list. wait_s: seconds
-- between two attempts. listed_at: when the feed's entries were read last. problem: why the last
-- attempt failed, as a number (store/feeds/feed.rs). private: 1 if the feed may be in a private
-- network. state: 0 on, 1 paused, 2 gone. moved_to, moves: the address that it last redirected to
-- permanently, and how often in a row.
--
-- The second column is a number in both tables, so that a repair takes no row for a note.
CREATE TABLE feeds (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    added_at      INTEGER NOT NULL,
    url           TEXT NOT NULL,
    title         TEXT NOT NULL,
    site_url      TEXT,
    tags          TEXT NOT NULL,
    etag          TEXT,
    last_modified TEXT,
    wait_s        INTEGER NOT NULL,
    next_at       INTEGER NOT NULL,
    tried_at      INTEGER,
    ok_at         INTEGER,
    listed_at     INTEGER,
    failures      INTEGER NOT NULL DEFAULT 0,
    problem       INTEGER,
    private       INTEGER NOT NULL DEFAULT 0,
    state         INTEGER NOT NULL DEFAULT 0,
    moved_to      TEXT,
    moves         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The constants in the indexes of texts distinguish their entries from those of page keys and tags
-- in a damaged database.
CREATE UNIQUE INDEX feeds_by_url ON feeds (url, 0);

-- Pages that arrived and aren't notes. id: when the page arrived, in µs since 1970, increased on
-- collision. keywords: of the entry, as a JSON list. skipped_at: when the user skipped it; for a
-- while it can come back.
CREATE TABLE arrivals (
    id           INTEGER PRIMARY KEY,
    feed_id      INTEGER NOT NULL REFERENCES feeds,
    page_key     TEXT NOT NULL,
    url          TEXT NOT NULL,
    title        TEXT NOT NULL,
    excerpt      TEXT,
    published_at TEXT,
    lang         TEXT,
    keywords     TEXT,
    skipped_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX arrivals_by_page ON arrivals (page_key, 0);
CREATE INDEX arrivals_by_feed ON arrivals (feed_id, id) WHERE skipped_at IS NULL;
CREATE INDEX arrivals_skipped ON arrivals (skipped_at) WHERE skipped_at IS NOT NULL;

-- The entries that a feed has had, so that each arrives once. guid: the first eight bytes of
-- SHA-256 of the entry's id. seen_at: the last time that the feed is known to have listed it.
CREATE TABLE arrived (
    feed_id INTEGER NOT NULL,
    guid    BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (feed_id, guid)
) STRICT, WITHOUT ROWID;

-- The pages that arrived from any feed, so that each arrives once. page: the first eight bytes of
-- SHA-256 of the page key.
CREATE TABLE arrived_pages (
    page    BLOB PRIMARY KEY,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A page that is saved, by any of its addresses, is no longer an arrival. A large import replaces
-- the first trigger (store/notes/bulk_import.rs).
CREATE TRIGGER arrivals_saved AFTER INSERT ON notes BEGIN
    DELETE FROM arrivals WHERE page_key = new.page_key;
END;
CREATE TRIGGER arrivals_of_moved_notes AFTER UPDATE OF page_key ON notes BEGIN
    DELETE FROM arrivals WHERE page_key = new.page_key;
END;
CREATE TRIGGER arrivals_of_other_addresses AFTER INSERT ON address_keys BEGIN
    DELETE FROM arrivals WHERE page_key = new.page_key;
END;

-- arrivals: the number of arrivals that weren't skipped.
ALTER TABLE meta ADD COLUMN arrivals INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER arrivals_counted AFTER INSERT ON arrivals WHEN new.skipped_at IS NULL BEGIN
    UPDATE meta SET arrivals = arrivals + 1;
END;
CREATE TRIGGER arrivals_uncounted AFTER DELETE ON arrivals WHEN old.skipped_at IS NULL BEGIN
    UPDATE meta SET arrivals = arrivals - 1;
END;
CREATE TRIGGER arrivals_recounted AFTER UPDATE OF skipped_at ON arrivals
WHEN (old.skipped_at IS NULL) <> (new.skipped_at IS NULL) BEGIN
    UPDATE meta SET arrivals = arrivals + iif(new.skipped_at IS NULL, 1, -1);
END;
