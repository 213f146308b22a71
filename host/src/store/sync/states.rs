//! The rows of `sync_pages`.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Map, Value};

use crate::{
    domain::{
        NoteId,
        sync::{EditLists, PageId, PageView, State, TagNames},
    },
    error::{Error, Result},
    store::{
        notes::texts::{deflated, inflated_within},
        transaction::Writer,
    },
};

/// What is known about a page here.
#[derive(Debug, Clone)]
pub(super) struct PageRow {
    pub(super) page: PageId,
    /// Its note, live or in the trash.
    pub(super) note_id: Option<NoteId>,
    /// [`PageView::mark`] of the note when it last agreed with the state.
    pub(super) mark: i64,
    pub(super) unpublished: bool,
    pub(super) own: bool,
    /// Whether another device moved the note to the trash.
    pub(super) remotely: bool,
    /// Whether what another device wrote can't be shown here.
    pub(super) refused: bool,
    /// The device that changed the note last, and when that was read, in µs since 1970.
    pub(super) arrived: Option<(String, i64)>,
    pub(super) state: State,
}

impl PageRow {
    pub(super) fn new(page: PageId) -> Self {
        Self {
            page,
            note_id: None,
            mark: 0,
            unpublished: false,
            own: false,
            remotely: false,
            refused: false,
            arrived: None,
            state: State::default(),
        }
    }
}

/// The column `remotely` of a page whose note another device moved to the trash.
const REMOTELY_TRASHED: i64 = 1;
/// The column `remotely` of a page that another device wrote and that can't be shown here.
pub(super) const REFUSED: i64 = 2;

const COLUMNS: &str = "page, note_id, mark, unpublished, own, remotely, device, arrived_at, state";

/// Reads the lists of tag edits that states refer to.
pub(in crate::store) fn load_lists(conn: &Connection) -> Result<EditLists> {
    let mut query = conn.prepare_cached("SELECT edits FROM sync_lists ORDER BY number")?;
    let lists = query.query_map([], |row| row.get::<_, String>(0))?;
    let mut texts: Vec<Vec<String>> = Vec::new();
    for list in lists {
        texts.push(serde_json::from_str(&list?).map_err(Error::internal)?);
    }
    EditLists::parse(&texts).map_err(Error::internal)
}

/// Returns whether there are lists for all numbers up to the greatest one, and whether they can be
/// read.
pub(in crate::store) fn has_lists(conn: &Connection) -> Result<bool> {
    let sql = "SELECT count(*) = ifnull(max(number), -1) + 1 AND ifnull(min(number), 0) = 0
               FROM sync_lists";
    Ok(conn.query_row(sql, [], |row| row.get(0))? && load_lists(conn).is_ok())
}

/// A row of `sync_pages` that may be damaged.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct RawState<'a> {
    /// The id of the page.
    pub(in crate::store) page: &'a [u8],
    /// The compressed state.
    pub(in crate::store) body: &'a [u8],
}

impl RawState<'_> {
    fn line(self) -> Option<Map<String, Value>> {
        let text = inflated_within(self.body, MAX_STATE_BYTES).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Returns the number of versions that the state has seen, or `None` if it can't be read.
    pub(in crate::store) fn versions(self) -> Option<usize> {
        Some(self.line()?.get("v")?.as_array()?.len())
    }

    /// Returns the number of lists that the state needs, or `None` if it can't be read.
    pub(in crate::store) fn lists(self) -> Option<usize> {
        let line = self.line()?;
        let mut most = 0;
        for written in line.get("w")?.as_array()? {
            most = most.max(usize::try_from(written.get(1)?.as_u64()?).ok()? + 1);
        }
        Some(most)
    }
}

/// Reads a state that may be damaged.
pub(in crate::store) fn parsed_state(raw: RawState<'_>, lists: &EditLists) -> Option<State> {
    let (page, state) = read_state(raw.body, lists).ok()?;
    (page.0 == *raw.page).then_some(state)
}

/// Reads a state from its column.
pub(super) fn read_state(body: &[u8], lists: &EditLists) -> Result<(PageId, State)> {
    let line: Map<String, Value> =
        serde_json::from_str(&inflated_within(body, MAX_STATE_BYTES)?).map_err(Error::internal)?;
    State::from_json(line, lists).map_err(Error::internal)
}

/// Most bytes of a state's JSON. A state has several texts: those that no device has merged yet, and
/// replaced ones.
const MAX_STATE_BYTES: usize = 4 << 20;

/// Returns the id of a page from its column.
pub(super) fn page_of(row: &Row<'_>, column: usize) -> rusqlite::Result<PageId> {
    row.get(column).map(PageId)
}

pub(super) fn page_row(
    conn: &Connection,
    condition: &str,
    value: impl rusqlite::ToSql,
    lists: &EditLists,
) -> Result<Option<PageRow>> {
    let sql = format!("SELECT {COLUMNS} FROM sync_pages WHERE {condition}");
    let mut query = conn.prepare_cached(&sql)?;
    let found = query
        .query_row([value], |row| {
            let device: Option<String> = row.get(6)?;
            let arrived_at: Option<i64> = row.get(7)?;
            let body: Vec<u8> = row.get(8)?;
            let remotely: i64 = row.get(5)?;
            let found = PageRow {
                page: page_of(row, 0)?,
                note_id: row.get::<_, Option<i64>>(1)?.map(NoteId),
                mark: row.get(2)?,
                unpublished: row.get(3)?,
                own: row.get(4)?,
                remotely: remotely == REMOTELY_TRASHED,
                refused: remotely == REFUSED,
                arrived: device.zip(arrived_at),
                state: State::default(),
            };
            Ok((found, body))
        })
        .optional()?;
    let Some((found, body)) = found else {
        return Ok(None);
    };
    let (_, state) = read_state(&body, lists)?;
    Ok(Some(PageRow { state, ..found }))
}

/// A transaction's access to states: the lists are read once.
#[derive(Debug)]
pub(super) struct States<'a, 'tx> {
    pub(super) writer: &'a Writer<'tx>,
    lists: EditLists,
    stored_lists: usize,
}

impl<'a, 'tx> States<'a, 'tx> {
    pub(super) fn new(writer: &'a Writer<'tx>) -> Result<Self> {
        let lists = load_lists(&writer.tx)?;
        Ok(Self {
            writer,
            stored_lists: lists.len(),
            lists,
        })
    }

    pub(super) fn of_page(&self, page: PageId) -> Result<Option<PageRow>> {
        page_row(&self.writer.tx, "page = ?", page.0, &self.lists)
    }

    pub(super) fn of_note(&self, id: NoteId) -> Result<Option<PageRow>> {
        page_row(&self.writer.tx, "note_id = ?", id.0, &self.lists)
    }

    /// Writes a row. Counts the conflicts of its state.
    pub(super) fn store(&mut self, row: &PageRow, names: &TagNames<'_>) -> Result<()> {
        let line = row.state.to_json(row.page, &mut self.lists);
        for (number, list) in self
            .lists
            .to_texts()
            .iter()
            .enumerate()
            .skip(self.stored_lists)
        {
            let list = serde_json::to_string(list).map_err(Error::internal)?;
            self.writer.execute(
                "INSERT INTO sync_lists (number, edits) VALUES (?, ?)",
                params![number, list],
            )?;
        }
        self.stored_lists = self.lists.len();
        let conflicts = match row.note_id {
            Some(_) => row.state.view(names).map_or(0, |view| conflicts_of(&view)),
            None => 0,
        };
        // The note that a page had belongs to this one now.
        if let Some(id) = row.note_id {
            self.writer.execute(
                "UPDATE sync_pages SET note_id = NULL WHERE note_id = ?1 AND page <> ?2",
                params![id.0, row.page.0],
            )?;
        }
        let (device, arrived_at) = row.arrived.clone().unzip();
        let remotely = match (row.remotely, row.refused) {
            (true, _) => REMOTELY_TRASHED,
            (false, true) => REFUSED,
            (false, false) => 0,
        };
        self.writer.execute(
            "INSERT OR REPLACE INTO sync_pages (page, note_id, mark, unpublished, own, conflicts,
                 remotely, device, arrived_at, state)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                row.page.0,
                row.note_id.map(|id| id.0),
                row.mark,
                row.unpublished,
                row.own,
                conflicts,
                remotely,
                device,
                arrived_at,
                deflated(&Value::Object(line).to_string())?
            ],
        )
    }
}

/// Returns the number of values that aren't shown.
fn conflicts_of(view: &PageView) -> usize {
    match view.life {
        crate::domain::sync::Life::Live => view.conflicts.titles.len() + view.conflicts.texts.len(),
        _ => 0,
    }
}
