-- What devices exchange about notes (store/sync/).

-- At most one row: this device, if the notes are synced. device: 16 hexadecimal digits. place: where
-- the files are, as it was given. absorbed: the revision up to which changes of notes are in
-- sync_pages. renewing: 1 if tags or aliases of other devices are yet to be applied to all notes.
-- restoring: 1 after a backup was restored for all devices, until all files are read; 2 until the
-- notes are taken into the states as the newest versions; 0 otherwise (store/sync/restore.rs).
-- healed_at, ran_at, ok_at: the last look for lost files, the last run and the last one that
-- succeeded, in µs since 1970. problem: why the last run failed, as JSON. number: of the last file
-- that this device wrote.
CREATE TABLE sync (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    device    TEXT NOT NULL,
    name      TEXT NOT NULL,
    place     TEXT NOT NULL,
    encrypted INTEGER NOT NULL,
    absorbed  INTEGER NOT NULL,
    renewing  INTEGER NOT NULL DEFAULT 0,
    restoring INTEGER NOT NULL DEFAULT 0,
    number    INTEGER NOT NULL,
    healed_at INTEGER,
    ran_at    INTEGER,
    ok_at     INTEGER,
    problem   TEXT
) STRICT;

-- What all devices wrote about a page. Rows stand in the order in which they came: pages are hashes, and
-- large rows in the order of hashes would cost a page of the file each. page: the first 16 bytes of SHA-256 of its page key
-- (domain/sync/state.rs). note_id: its note, live or in the trash. mark: a hash of what the note
-- showed when it last agreed with the state; another one means that the user has changed the note.
-- unpublished: 1 if no file of this device has the state yet. own: 1 if one has. conflicts: how many
-- values of other devices aren't shown. device, arrived_at: which device's file changed the note
-- last, and when it was read, in µs since 1970; NULL if this device did. remotely: 1 if that file
-- moved the note to the trash. state: JSON, compressed (raw DEFLATE, RFC 1951). hidden: the state joined
-- with what other devices wrote and the note can't show, like state; NULL if the note shows all.
CREATE TABLE sync_pages (
    page        BLOB NOT NULL UNIQUE,
    note_id     INTEGER,
    mark        INTEGER NOT NULL,
    unpublished INTEGER NOT NULL,
    own         INTEGER NOT NULL,
    conflicts   INTEGER NOT NULL,
    remotely    INTEGER NOT NULL DEFAULT 0,
    device      TEXT,
    arrived_at  INTEGER,
    state       BLOB NOT NULL,
    hidden      BLOB
) STRICT;
CREATE UNIQUE INDEX sync_pages_by_note ON sync_pages (note_id) WHERE note_id IS NOT NULL;
CREATE INDEX sync_pages_unpublished ON sync_pages (note_id) WHERE unpublished = 1;
CREATE INDEX sync_pages_with_conflicts ON sync_pages (page) WHERE conflicts > 0;
CREATE INDEX sync_pages_with_hidden ON sync_pages (page) WHERE hidden IS NOT NULL;

-- The lists of tag edits that states refer to, by their numbers from 0. edits: a JSON list of ids.
CREATE TABLE sync_lists (
    number INTEGER PRIMARY KEY,
    edits  TEXT NOT NULL
) STRICT;

-- Renamed, merged and removed tags. from_names: a JSON list. to_name: NULL if the tags were removed.
-- applied: 1 if the notes here show it.
CREATE TABLE sync_tag_edits (
    id          TEXT PRIMARY KEY,
    number      INTEGER NOT NULL,
    from_names  TEXT NOT NULL,
    to_name     TEXT,
    applied     INTEGER NOT NULL,
    unpublished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was last said about each alias. micros, version: when, in µs since 1970, and by which version.
-- tag: NULL if the alias was removed. shown: the tag that the alias had here when it last agreed;
-- NULL if there was no such alias.
CREATE TABLE sync_aliases (
    name        TEXT PRIMARY KEY,
    micros      INTEGER NOT NULL,
    version     TEXT NOT NULL,
    tag         TEXT,
    shown       TEXT,
    unpublished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The files that this device has written, has read or waits for. found_at: when it first saw the file.
-- read_at: NULL while the file waits. problem: why it waits, as a word. folded_at: when a newer file of
-- this device took its place. gone_at: when it was first seen that a file of another device, which was
-- read, is no longer at the place; NULL if it is there. Times in µs since 1970.
CREATE TABLE sync_segments (
    device    TEXT NOT NULL,
    file      TEXT NOT NULL,
    bytes     INTEGER NOT NULL,
    found_at  INTEGER NOT NULL,
    read_at   INTEGER,
    problem   TEXT,
    folded_at INTEGER,
    gone_at   INTEGER,
    PRIMARY KEY (device, file)
) STRICT, WITHOUT ROWID;

-- The devices whose files were read. number: of the newest one. wrote_at: by the device's clock, in µs
-- since 1970.
CREATE TABLE sync_devices (
    device   TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    program  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    wrote_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Notes that got another id, since another device had saved the page earlier.
CREATE TABLE sync_moved (
    old_id INTEGER PRIMARY KEY,
    new_id INTEGER NOT NULL
) STRICT;

-- What was last said about the text of each page. number: how many times it was chosen, removals
-- included; the greatest wins. removed: 1 if the user removed it. taken_at, source, whole, bytes: as
-- in texts; taken_at is NULL if the page has no text: it was removed, or the page was saved anew.
-- unpublished, own: as in sync_pages. body: the text, compressed as in texts, while this computer has
-- no live note of the page; otherwise NULL, since the text is in texts.
CREATE TABLE sync_page_texts (
    page        BLOB PRIMARY KEY,
    number      INTEGER NOT NULL,
    removed     INTEGER NOT NULL,
    taken_at    INTEGER,
    source      INTEGER NOT NULL,
    whole       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    unpublished INTEGER NOT NULL,
    own         INTEGER NOT NULL,
    body        BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_page_texts_unpublished ON sync_page_texts (page) WHERE unpublished = 1;
CREATE INDEX sync_page_texts_waiting ON sync_page_texts (page) WHERE body IS NOT NULL;

-- Notes whose texts were stored or removed since they were last compared with sync_page_texts.
-- The triggers look before they insert: OR IGNORE doesn't count within a statement that has a conflict
-- clause of its own (https://sqlite.org/lang_createtrigger.html).
CREATE TABLE sync_changed_texts (
    note_id INTEGER PRIMARY KEY
) STRICT;
CREATE TRIGGER texts_stored_in_sync AFTER INSERT ON texts
WHEN EXISTS (SELECT 1 FROM sync) BEGIN
    INSERT INTO sync_changed_texts SELECT new.note_id
    WHERE NOT EXISTS (SELECT 1 FROM sync_changed_texts WHERE note_id = new.note_id);
END;
CREATE TRIGGER texts_replaced_in_sync AFTER UPDATE ON texts
WHEN EXISTS (SELECT 1 FROM sync) BEGIN
    INSERT INTO sync_changed_texts SELECT new.note_id
    WHERE NOT EXISTS (SELECT 1 FROM sync_changed_texts WHERE note_id = new.note_id);
END;
CREATE TRIGGER texts_removed_in_sync AFTER DELETE ON texts
WHEN EXISTS (SELECT 1 FROM sync) BEGIN
    INSERT INTO sync_changed_texts SELECT old.note_id
    WHERE NOT EXISTS (SELECT 1 FROM sync_changed_texts WHERE note_id = old.note_id);
END;

-- Devices that the user has forgotten on one of the others, so that nobody misses their files.
CREATE TABLE sync_forgotten (
    device      TEXT PRIMARY KEY,
    unpublished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
