//! The rows of `sync_pages`.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Map, Value};

use crate::{
    domain::{
        NoteId,
        sync::{EditLists, KnownEdits, MAX_STATE_BYTES, PageId, PageView, State, TagNames},
    },
    error::{Error, Result},
    store::{
        notes::texts::{deflated, inflated_within},
        transaction::Writer,
    },
};

/// What is known about a page here.
#[derive(Debug, Clone, PartialEq)]
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
    /// The device that changed the note last, and when that was read, in µs since 1970.
    pub(super) arrived: Option<(String, i64)>,
    /// What the note shows.
    pub(super) state: State,
    /// The state joined with what other devices wrote and the note can't show.
    pub(super) hidden: Option<State>,
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
            arrived: None,
            state: State::default(),
            hidden: None,
        }
    }

    /// Returns all that is known about the page.
    pub(super) fn known(&self) -> State {
        let mut known = self.state.clone();
        if let Some(hidden) = &self.hidden {
            known.join(hidden);
        }
        known
    }
}

const COLUMNS: &str =
    "page, note_id, mark, unpublished, own, remotely, device, arrived_at, state, hidden";

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

impl Writer<'_> {
    /// Returns the number of a list of tag edits, which is stored if it is new.
    pub(super) fn number_of_list(&self, edits: &KnownEdits) -> Result<usize> {
        let mut lists = load_lists(&self.tx)?;
        let stored = lists.len();
        let number = lists.number_of(edits);
        self.store_lists(&lists, stored)?;
        Ok(number)
    }

    /// Stores the lists from this number on.
    fn store_lists(&self, lists: &EditLists, from: usize) -> Result<()> {
        for (list, number) in lists.from_number(from).zip(from..) {
            let list = serde_json::to_string(&list).map_err(Error::internal)?;
            self.execute(
                "INSERT INTO sync_lists (number, edits) VALUES (?, ?)",
                params![number, list],
            )?;
        }
        Ok(())
    }
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
fn read_state(body: &[u8], lists: &EditLists) -> Result<(PageId, State)> {
    let line: Map<String, Value> =
        serde_json::from_str(&inflated_within(body, MAX_STATE_BYTES)?).map_err(Error::internal)?;
    State::from_json(line, lists).map_err(Error::internal)
}

/// Reads all that is known about a page from its columns. `None` if the state can't be read: it is made
/// again from the note, see [`page_row`].
pub(super) fn known_state(
    page: PageId,
    body: &[u8],
    hidden: Option<&[u8]>,
    lists: &EditLists,
) -> Option<State> {
    let read = |body| match read_state(body, lists) {
        Ok((id, state)) if id == page => Some(state),
        Ok(_) => None,
        Err(error) => {
            log::error!("sync: a state can't be read: {}", error.chain());
            None
        }
    };
    let mut state = read(body)?;
    if let Some(hidden) = hidden.and_then(read) {
        state.join(&hidden);
    }
    Some(state)
}

/// Returns the id of a page from its column.
pub(super) fn page_of(row: &Row<'_>, column: usize) -> rusqlite::Result<PageId> {
    row.get(column).map(PageId)
}

/// Returns a row. One whose state can't be read says nothing, and its mark is no note's: the note then
/// counts as saved here for the first time, so that a fault of one page stops nothing.
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
            let found = PageRow {
                page: page_of(row, 0)?,
                note_id: row.get::<_, Option<i64>>(1)?.map(NoteId),
                mark: row.get(2)?,
                unpublished: row.get(3)?,
                own: row.get(4)?,
                remotely: row.get(5)?,
                arrived: device.zip(arrived_at),
                state: State::default(),
                hidden: None,
            };
            Ok((found, body, row.get::<_, Option<Vec<u8>>>(9)?))
        })
        .optional()?;
    let Some((mut found, body, hidden)) = found else {
        return Ok(None);
    };
    let Some(state) = known_state(found.page, &body, None, lists) else {
        found.mark = 0;
        return Ok(Some(found));
    };
    found.hidden = hidden.and_then(|body| known_state(found.page, &body, None, lists));
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
        let state = self.body_of(row.page, &row.state)?;
        let hidden = row.hidden.as_ref();
        let hidden = hidden
            .map(|state| self.body_of(row.page, state))
            .transpose()?;
        self.writer.store_lists(&self.lists, self.stored_lists)?;
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
        self.writer.execute(
            "INSERT INTO sync_pages (page, note_id, mark, unpublished, own, conflicts, remotely,
                 device, arrived_at, state, hidden)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (page) DO UPDATE SET note_id = excluded.note_id, mark = excluded.mark,
                 unpublished = excluded.unpublished, own = excluded.own,
                 conflicts = excluded.conflicts, remotely = excluded.remotely,
                 device = excluded.device, arrived_at = excluded.arrived_at,
                 state = excluded.state, hidden = excluded.hidden",
            params![
                row.page.0,
                row.note_id.map(|id| id.0),
                row.mark,
                row.unpublished,
                row.own,
                conflicts,
                row.remotely,
                device,
                arrived_at,
                state,
                hidden
            ],
        )
    }

    fn body_of(&mut self, page: PageId, state: &State) -> Result<Vec<u8>> {
        let text = Value::Object(state.to_json(page, &mut self.lists)).to_string();
        if text.len() > MAX_STATE_BYTES {
            return Err(Error::TooLarge {
                field: "page's history",
                limit: "4 MiB",
            });
        }
        deflated(&text)
    }
}

/// Returns the number of values that aren't shown.
fn conflicts_of(view: &PageView) -> usize {
    match view.life {
        crate::domain::sync::Life::Live => view.conflicts.titles.len() + view.conflicts.texts.len(),
        _ => 0,
    }
}
