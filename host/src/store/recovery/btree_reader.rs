//! Reads the b-tree pages of a database file without SQLite, which gives up if a page on the way is
//! damaged.
//!
//! Implements the file format (<https://www.sqlite.org/fileformat2.html>): pages, the WAL that
//! overrides them, b-trees and records. Knows no tables of ours; those are in
//! `damaged_database.rs`. Nothing in a file is trusted: every number is checked before it is used,
//! and what is invalid is counted as lost.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::Path,
};

use crate::{
    platform,
    store::connection::db_files::{LOG, beside},
};

/// The first bytes of every database.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Page size if the file doesn't specify one: SQLite's default.
const DEFAULT_PAGE_BYTES: usize = 4096;
/// Length of the database header on page 1, before its b-tree.
const HEADER_BYTES: usize = 100;
/// Longest row that is read. A note with all fields full stays far below it.
const MAX_ROW_BYTES: u64 = 64 * 1024 * 1024;

/// The number of a page, starting at 1.
pub(in crate::store) type PageNumber = u32;

/// A database file with its WAL applied.
pub(in crate::store) struct Pages {
    file: File,
    log: Option<File>,
    /// Pages whose newest version is in the WAL, with their offsets there.
    in_log: HashMap<PageNumber, u64>,
    page_bytes: usize,
    /// Usable bytes of a page.
    usable: usize,
    count: PageNumber,
    /// The page that the end of the file cuts off, and how many of its bytes exist.
    cut: Option<(PageNumber, usize)>,
}

/// A value of a row. Our tables have no floating-point numbers.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) enum Value {
    Null,
    Integer(i64),
    Real,
    Text(String),
    Blob(Vec<u8>),
}

/// A table row or an index entry.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Row {
    /// The rowid, unless the table is `WITHOUT ROWID`.
    pub(in crate::store) rowid: Option<i64>,
    pub(in crate::store) values: Vec<Value>,
    /// Whether an overflow page is lost. Texts are then cut off, and numbers after that point are
    /// 0.
    pub(in crate::store) partial: bool,
}

/// The kind of b-tree that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Tree {
    /// A table: rows by rowid.
    Table,
    /// An index or a table `WITHOUT ROWID`: entries in order.
    Index,
}

/// The pages reached from the root of a b-tree.
#[derive(Debug, Default)]
pub(in crate::store) struct Walk {
    /// Pages with rows, in the b-tree's order.
    pub(in crate::store) pages: Vec<PageNumber>,
    /// All pages of the b-tree, including interior pages.
    pub(in crate::store) reached: HashSet<PageNumber>,
    /// Number of pages that are missing or unreadable.
    pub(in crate::store) lost: u64,
}

/// The rows of one page.
#[derive(Debug, Default)]
pub(in crate::store) struct Rows {
    pub(in crate::store) rows: Vec<Row>,
    /// Number of invalid cells.
    pub(in crate::store) lost: u64,
}

struct Node {
    number: PageNumber,
    bytes: Vec<u8>,
    tree: Tree,
    leaf: bool,
    cells: Vec<usize>,
    right: Option<PageNumber>,
    /// Number of cells with an impossible offset.
    lost: u64,
}

impl Pages {
    /// Opens a file that nobody writes to meanwhile, and its WAL if it has one.
    pub(in crate::store) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut header = [0; HEADER_BYTES];
        let whole =
            platform::read_exact_at(&file, &mut header, 0).is_ok() && header.starts_with(MAGIC);
        let mut page_bytes = DEFAULT_PAGE_BYTES;
        let mut reserved = 0;
        if whole {
            if let Some(bytes) = page_size(u16_at(&header, 16).into()) {
                page_bytes = bytes;
            }
            reserved = usize::from(header[20]);
        }
        let mut pages = Self {
            count: 0,
            cut: None,
            log: None,
            in_log: HashMap::new(),
            page_bytes,
            // SQLite requires at least 480.
            usable: page_bytes.saturating_sub(reserved).max(480),
            file,
        };
        match File::open(beside(path, LOG)) {
            Ok(log) => pages.read_log(log, !whole)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let size = u64::try_from(pages.page_bytes).unwrap_or(u64::MAX);
        let bytes = pages.file.metadata()?.len();
        let in_file = bytes.div_ceil(size);
        let in_log = pages.in_log.keys().max().copied().unwrap_or(0);
        pages.count = PageNumber::try_from(in_file)
            .unwrap_or(PageNumber::MAX)
            .max(in_log);
        if !pages.in_log.contains_key(&pages.count) {
            let rest = usize::try_from(bytes % size).unwrap_or(0);
            pages.cut = (rest > 0).then_some((pages.count, rest));
        }
        Ok(pages)
    }

    /// Indexes the committed frames of the WAL. It may be truncated or damaged anywhere; frames
    /// before that point are used.
    fn read_log(&mut self, log: File, header_is_lost: bool) -> io::Result<()> {
        let mut input = BufReader::new(&log);
        let mut header = [0; 32];
        if !filled(&mut input, &mut header)? {
            return Ok(());
        }
        let big_endian = match u32_at(&header, 0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return Ok(()),
        };
        let Some(bytes) = page_size(u32_at(&header, 8)) else {
            return Ok(());
        };
        if header_is_lost {
            (self.page_bytes, self.usable) = (bytes, bytes);
        } else if bytes != self.page_bytes {
            return Ok(());
        }
        let mut sums = checksum([0, 0], &header[..24], big_endian);
        if sums != [u32_at(&header, 24), u32_at(&header, 28)] {
            return Ok(());
        }
        let mut frame = [0; 24];
        let mut page = vec![0; bytes];
        let mut at = 32_u64;
        let mut uncommitted = HashMap::new();
        while filled(&mut input, &mut frame)? && filled(&mut input, &mut page)? {
            sums = checksum(sums, &frame[..8], big_endian);
            sums = checksum(sums, &page, big_endian);
            let of_this_log = frame[8..16] == header[16..24];
            if !of_this_log || sums != [u32_at(&frame, 16), u32_at(&frame, 20)] {
                break;
            }
            uncommitted.insert(u32_at(&frame, 0), at + 24);
            if u32_at(&frame, 4) != 0 {
                self.in_log.extend(uncommitted.drain());
            }
            at += 24 + u64::try_from(bytes).unwrap_or(0);
        }
        self.log = Some(log);
        Ok(())
    }

    /// Returns the numbers of all pages that fit into the file.
    pub(in crate::store) fn numbers(&self) -> impl Iterator<Item = PageNumber> + use<> {
        1..=self.count
    }

    /// Returns a page, padded with zeros if the file ends inside it, or `None` if no byte of it
    /// exists.
    fn page(&self, number: PageNumber) -> Option<Vec<u8>> {
        let mut bytes = vec![0; self.page_bytes];
        if let (Some(at), Some(log)) = (self.in_log.get(&number), &self.log) {
            return platform::read_exact_at(log, &mut bytes, *at)
                .is_ok()
                .then_some(bytes);
        }
        let index = u64::from(number.checked_sub(1)?);
        let start = index.checked_mul(u64::try_from(self.page_bytes).ok()?)?;
        let mut read = 0;
        while read < bytes.len() {
            let at = start + u64::try_from(read).ok()?;
            match platform::read_some_at(&self.file, &mut bytes[read..], at) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A bad sector. The rest of the disk may be fine.
                Err(_) => return None,
            }
        }
        (read > 0).then_some(bytes)
    }

    fn node(&self, number: PageNumber) -> Option<Node> {
        let bytes = self.page(number)?;
        let start = if number == 1 { HEADER_BYTES } else { 0 };
        let (tree, leaf) = match bytes[start] {
            2 => (Tree::Index, false),
            5 => (Tree::Table, false),
            10 => (Tree::Index, true),
            13 => (Tree::Table, true),
            _ => return None,
        };
        let pointers = start + if leaf { 8 } else { 12 };
        let count = usize::from(u16_at(&bytes, start + 3));
        let end = pointers + 2 * count;
        if end > self.usable {
            return None;
        }
        let (cells, strays): (Vec<usize>, Vec<usize>) = (0..count)
            .map(|cell| usize::from(u16_at(&bytes, pointers + 2 * cell)))
            .partition(|at| (end..self.usable).contains(at));
        Some(Node {
            number,
            right: (!leaf).then(|| u32_at(&bytes, start + 8)),
            lost: u64::try_from(strays.len()).unwrap_or(u64::MAX),
            bytes,
            tree,
            leaf,
            cells,
        })
    }

    /// Returns the kind of b-tree whose rows a page holds, or `None` if it holds no rows.
    pub(in crate::store) fn tree_of(&self, number: PageNumber) -> Option<Tree> {
        self.node(number)
            .filter(|node| node.leaf || node.tree == Tree::Index)
            .map(|node| node.tree)
    }

    /// Walks a b-tree from its root and skips what is damaged.
    pub(in crate::store) fn walk(&self, root: PageNumber, tree: Tree) -> Walk {
        let mut walk = Walk::default();
        let mut open = vec![root];
        while let Some(number) = open.pop() {
            if !walk.reached.insert(number) {
                continue;
            }
            let Some(node) = self.node(number).filter(|node| node.tree == tree) else {
                walk.lost += 1;
                continue;
            };
            if node.leaf || tree == Tree::Index {
                walk.pages.push(number);
            }
            if !node.leaf {
                walk.lost += node.lost;
                let children = node.cells.iter().filter_map(|at| child(&node.bytes, *at));
                let children: Vec<PageNumber> = children.chain(node.right).collect();
                // Reversed, because the last page pushed is the next one popped.
                open.extend(children.into_iter().rev());
            }
        }
        walk
    }

    /// Returns the rows of a page.
    pub(in crate::store) fn rows(&self, number: PageNumber) -> Rows {
        let Some(node) = self.node(number) else {
            return Rows {
                rows: Vec::new(),
                lost: 1,
            };
        };
        let mut found = Rows {
            rows: Vec::with_capacity(node.cells.len()),
            lost: node.lost,
        };
        if node.leaf || node.tree == Tree::Index {
            for at in &node.cells {
                match self.row(&node, *at) {
                    Some(row) => found.rows.push(row),
                    None => found.lost += 1,
                }
            }
        }
        found
    }

    fn row(&self, node: &Node, mut at: usize) -> Option<Row> {
        if !node.leaf {
            at += 4;
        }
        let payload = varint(&node.bytes, &mut at)?;
        let rowid = match node.tree {
            Tree::Table => Some(varint(&node.bytes, &mut at)?.cast_signed()),
            Tree::Index => None,
        };
        if payload > MAX_ROW_BYTES {
            return None;
        }
        let payload = usize::try_from(payload).ok()?;
        let local = self.local_bytes(node.tree, payload);
        let mut record = node.bytes.get(at..at + local)?.to_vec();
        let mut partial = self.is_cut(node.number, at + local);
        if local < payload {
            let mut next = u32_at(node.bytes.get(at + local..at + local + 4)?, 0);
            while record.len() < payload {
                // A page of zeros was never written or is lost.
                match self
                    .page(next)
                    .filter(|page| page.iter().any(|byte| *byte != 0))
                {
                    Some(page) => {
                        let take = (payload - record.len()).min(self.usable - 4);
                        record.extend_from_slice(&page[4..4 + take]);
                        partial |= self.is_cut(next, 4 + take);
                        next = u32_at(&page, 0);
                    }
                    None => {
                        partial = true;
                        record.resize(payload, 0);
                    }
                }
            }
        }
        let mut values = values(&record)?;
        if partial {
            for value in &mut values {
                if let Value::Text(text) = value {
                    text.retain(|c| c != '\0');
                }
            }
        }
        Some(Row {
            rowid,
            values,
            partial,
        })
    }

    /// Returns whether the file ends before this byte of a page.
    fn is_cut(&self, number: PageNumber, end: usize) -> bool {
        self.cut
            .is_some_and(|(page, there)| page == number && end > there)
    }

    /// Returns how many bytes of a payload are stored on the page itself: "Cell Payload Overflow
    /// Pages" of the file format.
    fn local_bytes(&self, tree: Tree, payload: usize) -> usize {
        let usable = self.usable;
        let most = match tree {
            Tree::Table => usable - 35,
            Tree::Index => (usable - 12) * 64 / 255 - 23,
        };
        if payload <= most {
            return payload;
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let wanted = least + (payload - least) % (usable - 4);
        if wanted <= most { wanted } else { least }
    }

    /// Returns the pages of the freelist. Their rows were deleted.
    pub(in crate::store) fn free(&self) -> HashSet<PageNumber> {
        let mut free = HashSet::new();
        let Some(first) = self.page(1).filter(|page| page.starts_with(MAGIC)) else {
            return free;
        };
        let mut trunk = u32_at(&first, 32);
        while trunk != 0 && free.insert(trunk) {
            let Some(page) = self.page(trunk) else { break };
            let count = usize::try_from(u32_at(&page, 4)).unwrap_or(usize::MAX);
            if count > self.usable / 4 - 2 {
                break;
            }
            free.extend((0..count).map(|entry| u32_at(&page, 8 + 4 * entry)));
            trunk = u32_at(&page, 0);
        }
        free
    }
}

fn page_size(stored: u32) -> Option<usize> {
    match stored {
        // 65,536 doesn't fit into the header's two bytes.
        1 => Some(65_536),
        512..=65_536 if stored.is_power_of_two() => usize::try_from(stored).ok(),
        _ => None,
    }
}

/// Fills the buffer. Returns false if the input ends before.
fn filled(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Computes the WAL's checksum: "Checksum Algorithm" of the file format.
fn checksum([mut one, mut two]: [u32; 2], bytes: &[u8], big_endian: bool) -> [u32; 2] {
    let word = |bytes: &[u8]| {
        let word = u32_at(bytes, 0);
        if big_endian { word } else { word.swap_bytes() }
    };
    for pair in bytes.chunks_exact(8) {
        one = one.wrapping_add(word(&pair[..4])).wrapping_add(two);
        two = two.wrapping_add(word(&pair[4..])).wrapping_add(one);
    }
    [one, two]
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Returns the left child of an interior cell.
fn child(bytes: &[u8], at: usize) -> Option<PageNumber> {
    (at + 4 <= bytes.len()).then(|| u32_at(bytes, at))
}

/// Reads a varint: one to nine bytes with seven bits each, eight in the ninth.
fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for place in 0..9 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if place == 8 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

/// Decodes the values of a record. Returns `None` if its lengths don't add up.
fn values(record: &[u8]) -> Option<Vec<Value>> {
    let mut at = 0;
    let header = usize::try_from(varint(record, &mut at)?).ok()?;
    let types = record.get(..header)?;
    let mut body = record.get(header..)?;
    let mut values = Vec::new();
    while at < header {
        let kind = varint(types, &mut at)?;
        let bytes = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let (value, rest) = body.split_at_checked(usize::try_from(bytes).ok()?)?;
        body = rest;
        values.push(match kind {
            0 => Value::Null,
            7 => Value::Real,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => Value::Integer(integer(value)),
            _ if kind % 2 == 0 => Value::Blob(value.to_vec()),
            // A damaged character is better than a lost note.
            _ => Value::Text(String::from_utf8_lossy(value).into_owned()),
        });
    }
    body.is_empty().then_some(values)
}

/// Reads a big-endian integer in two's complement.
fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    bytes
        .iter()
        .fold(if negative { -1 } else { 0 }, |number: i64, byte| {
            number << 8 | i64::from(*byte)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    /// Fills a table and an index with numbers, texts and blobs of all lengths.
    fn filled_with(conn: &Connection) {
        conn.execute_batch(
            "CREATE TABLE t (n INTEGER PRIMARY KEY, i INTEGER, s TEXT, b BLOB);
             CREATE TABLE w (k TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;",
        )
        .unwrap();
        for n in 0..300_i64 {
            let length = usize::try_from(n * n / 3).unwrap();
            conn.execute(
                "INSERT INTO t VALUES (?, ?, ?, ?)",
                (
                    n * 1_000_003,
                    1_i64
                        .checked_shl(u32::try_from(n % 70).unwrap())
                        .unwrap_or(-n),
                    "é".repeat(length),
                    vec![7_u8; length / 2],
                ),
            )
            .unwrap();
            conn.execute(
                "INSERT INTO w VALUES (?, ?)",
                (format!("{n}{}", "k".repeat(length / 9)), n),
            )
            .unwrap();
        }
    }

    fn root(conn: &Connection, name: &str) -> PageNumber {
        conn.query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?",
            [name],
            |row| row.get(0),
        )
        .unwrap()
    }

    fn read(pages: &Pages, root: PageNumber, tree: Tree) -> Vec<Row> {
        let walk = pages.walk(root, tree);
        assert_eq!(walk.lost, 0);
        walk.pages
            .iter()
            .flat_map(|page| {
                let rows = pages.rows(*page);
                assert_eq!(rows.lost, 0);
                rows.rows
            })
            .collect()
    }

    #[test]
    fn reads_what_sqlite_wrote_with_and_without_a_log() {
        for (mode, page_bytes) in [
            ("DELETE", 4096),
            ("WAL", 4096),
            ("WAL", 512),
            ("WAL", 65_536),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.db");
            let conn = Connection::open(&path).unwrap();
            conn.pragma_update(None, "page_size", page_bytes).unwrap();
            conn.pragma_update(None, "journal_mode", mode).unwrap();
            conn.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
            filled_with(&conn);
            let pages = Pages::open(&path).unwrap();
            assert_eq!(pages.in_log.is_empty(), mode == "DELETE");
            let rows = read(&pages, root(&conn, "t"), Tree::Table);
            assert_eq!(rows.len(), 300);
            let mut query = conn.prepare("SELECT n, i, s, b FROM t ORDER BY n").unwrap();
            let mut stored = query.query([]).unwrap();
            for row in rows {
                let expected = stored.next().unwrap().unwrap();
                assert_eq!(row.rowid, Some(expected.get(0).unwrap()));
                assert_eq!(
                    row.values[1..],
                    [
                        Value::Integer(expected.get(1).unwrap()),
                        Value::Text(expected.get(2).unwrap()),
                        Value::Blob(expected.get(3).unwrap()),
                    ]
                );
            }
            // Entries of interior pages come after their children here.
            let mut entries = read(&pages, root(&conn, "w"), Tree::Index);
            entries.sort_by_key(|row| match row.values[1] {
                Value::Integer(n) => n,
                _ => panic!("{row:?}"),
            });
            assert_eq!(entries.len(), 300);
        }
    }

    #[test]
    fn a_truncated_or_damaged_wal_counts_up_to_that_point() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn.execute_batch("CREATE TABLE t (n); PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
        let root = root(&conn, "t");
        let mut ends = Vec::new();
        for n in 0..5 {
            conn.execute("INSERT INTO t VALUES (?)", [n]).unwrap();
            ends.push(std::fs::metadata(beside(&path, LOG)).unwrap().len());
        }
        let log = std::fs::read(beside(&path, LOG)).unwrap();
        let copy = dir.path().join("b.db");
        std::fs::copy(&path, &copy).unwrap();
        for cut in (0..log.len()).step_by(97).chain([log.len() - 1]) {
            std::fs::write(beside(&copy, LOG), &log[..cut]).unwrap();
            let pages = Pages::open(&copy).unwrap();
            let whole = ends
                .iter()
                .filter(|end| **end <= u64::try_from(cut).unwrap())
                .count();
            assert_eq!(read(&pages, root, Tree::Table).len(), whole, "{cut}");
        }
        let mut damaged = log.clone();
        let third = usize::try_from(ends[2]).unwrap();
        damaged[third - 9] ^= 1;
        std::fs::write(beside(&copy, LOG), &damaged).unwrap();
        let pages = Pages::open(&copy).unwrap();
        assert_eq!(read(&pages, root, Tree::Table).len(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..9000), log in proptest::collection::vec(any::<u8>(), 0..5000), magic: bool) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.db");
            let mut bytes = bytes;
            if magic && bytes.len() > 16 {
                bytes[..16].copy_from_slice(MAGIC);
            }
            std::fs::write(&path, &bytes).unwrap();
            std::fs::write(beside(&path, LOG), &log).unwrap();
            let pages = Pages::open(&path).unwrap();
            for number in pages.numbers().take(20) {
                let _ = (pages.rows(number), pages.walk(number, Tree::Table), pages.walk(number, Tree::Index));
            }
            let _ = pages.free();
        }
    }
}
