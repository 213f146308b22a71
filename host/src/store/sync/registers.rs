//! Registers of things that aren't pages: what all devices said of them, and what is shown here.
//!
//! What is shown here follows from the registers and from the tag edits that the notes here show. So
//! what differs from that is what the user has changed since, and is said anew.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params};

use super::{
    derived::{Derived, Values},
    history::{differing, later_version, load_history, parsed_id},
    searches,
    setup::{Restoring, restoring},
    states::load_lists,
};
use crate::{
    domain::{
        Implication, NoteId, Tag, TagGraph,
        sync::{
            EditLists, HOLDS, IMPLIES, ImpliedTags, KnownEdits, Moment, RegisterKey, Registers,
            Said, TagHistory, implication_key,
        },
    },
    error::{Error, Result},
    store::{connection::reader::Reader, notes::tag_sets::tag_graph, transaction::Writer},
};

/// A kind of things that this program shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Implications,
    Searches,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Implications, Self::Searches];

    fn name(self) -> &'static str {
        match self {
            Self::Implications => IMPLIES,
            Self::Searches => searches::SEARCH,
        }
    }

    /// Returns what this database has.
    fn own(self, conn: &Connection) -> Result<Values> {
        match self {
            Self::Implications => Ok(values_of(tag_graph(conn)?.iter())),
            Self::Searches => searches::own(conn),
        }
    }

    fn derived(self, registers: &Registers, history: &TagHistory) -> Derived {
        match self {
            Self::Implications => {
                let found = ImpliedTags::of(registers, history);
                let left_out = values_of(found.left_out.into_iter());
                Derived {
                    values: values_of(found.graph.iter()),
                    left_out: left_out.into_keys().collect(),
                }
            }
            Self::Searches => searches::derived(registers),
        }
    }

    /// Returns how many things the user has changed since the registers were last shown.
    fn changed(self, conn: &Connection) -> Result<u64> {
        let own = self.own(conn)?;
        let registers = load_registers(conn, Some(self.name()))?;
        if own.is_empty() && registers.is_empty() {
            return Ok(0);
        }
        let history = load_history(conn, true)?;
        Ok(differing(&own, &self.derived(&registers, &history).values))
    }
}

fn values_of(pairs: impl Iterator<Item = Implication>) -> Values {
    let named = pairs.filter_map(|pair| implication_key(&pair));
    named.map(|key| (key, HOLDS.to_owned())).collect()
}

/// Returns how many things that registers are about the user has changed.
pub(super) fn changed_things(conn: &Connection) -> Result<u64> {
    let mut changed = 0;
    for kind in Kind::ALL {
        changed += kind.changed(conn)?;
    }
    Ok(changed)
}

/// Returns whether something that another device said is new.
pub(super) fn has_news(conn: &Connection, incoming: &Registers) -> Result<bool> {
    if incoming.is_empty() {
        return Ok(false);
    }
    let mut known = load_registers(conn, None)?;
    let mut incoming = incoming.iter();
    Ok(incoming.any(|(key, said)| known.add(key.clone(), said.clone())))
}

/// Reads what was said, of one kind or of all. Rows that can't be read are left out: a check reports
/// them, and what is shown here is said again.
pub(super) fn load_registers(conn: &Connection, kind: Option<&str>) -> Result<Registers> {
    let found = registers(conn, "WHERE ?1 IS NULL OR kind = ?1", kind)?;
    let mut registers = Registers::default();
    for (key, said) in found {
        registers.add(key, said);
    }
    Ok(registers)
}

/// Reads the registers that fit a condition on its one parameter.
pub(super) fn registers(
    conn: &Connection,
    condition: &str,
    parameter: impl rusqlite::ToSql,
) -> Result<Vec<(RegisterKey, Said)>> {
    let sql =
        format!("SELECT kind, name, micros, version, value, list FROM sync_registers {condition}");
    let mut query = conn.prepare_cached(&sql)?;
    let mut rows = query.query([parameter])?;
    let mut found = Vec::new();
    let mut lists: Option<EditLists> = None;
    while let Some(row) = rows.next()? {
        if lists.is_none() {
            lists = Some(load_lists(conn)?);
        }
        match register(row, lists.as_ref()) {
            Ok(register) => found.push(register),
            Err(error) => log::error!("sync: a register can't be read: {}", error.chain()),
        }
    }
    Ok(found)
}

fn register(row: &Row<'_>, lists: Option<&EditLists>) -> Result<(RegisterKey, Said)> {
    let key = RegisterKey {
        kind: row.get(0)?,
        name: row.get(1)?,
    };
    let at = Moment {
        micros: row.get(2)?,
        version: parsed_id(row.get_ref(3)?.as_str().map_err(Error::internal)?)?,
    };
    let list: Option<usize> = row.get(5)?;
    // A lost list becomes an empty one: what a file says replaces it.
    let edits = list.and_then(|list| lists?.get(list).cloned());
    let said = Said {
        at,
        value: row.get(4)?,
        edits: edits.unwrap_or_default(),
    };
    Ok((key, said))
}

/// Returns whether there are the lists that registers refer to.
pub(in crate::store) fn has_lists_of_registers(conn: &Connection) -> Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sync_registers
                   WHERE list IS NOT NULL AND list NOT IN (SELECT number FROM sync_lists))";
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

impl Reader {
    /// Returns the implied tags that devices have set and that are left out here, because they would
    /// close a circle or break a limit.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn left_out_implications(&self) -> Result<Vec<Implication>> {
        self.read_transaction(|reader| left_out_implications(&reader.conn))
    }
}

fn left_out_implications(conn: &Connection) -> Result<Vec<Implication>> {
    let is_synced: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM sync)")?
        .query_row([], |row| row.get(0))?;
    if !is_synced {
        return Ok(Vec::new());
    }
    let registers = load_registers(conn, Some(IMPLIES))?;
    if registers.is_empty() {
        return Ok(Vec::new());
    }
    let found = ImpliedTags::of(&registers, &load_history(conn, true)?);
    Ok(found.left_out.into_iter().collect())
}

impl Writer<'_> {
    /// Says what the user has changed of what registers are about.
    pub(super) fn absorb_registers(&self) -> Result<()> {
        let exact = match restoring(&self.tx)? {
            Restoring::No => false,
            Restoring::Reading => return Ok(()),
            Restoring::Read => true,
        };
        for kind in Kind::ALL {
            if kind.changed(&self.tx)? > 0 {
                self.absorb_kind(kind, exact)?;
            }
        }
        Ok(())
    }

    /// Says what the user has changed of a kind. What other devices said and what couldn't be shown
    /// beside what the user has removed is shown now, unless `exact`.
    fn absorb_kind(&self, kind: Kind, mut exact: bool) -> Result<()> {
        let own = kind.own(&self.tx)?;
        let history = load_history(&self.tx, true)?;
        let mut registers = load_registers(&self.tx, Some(kind.name()))?;
        let mut left_out: Option<BTreeSet<RegisterKey>> = None;
        let mut said: BTreeSet<RegisterKey> = BTreeSet::new();
        let derived = loop {
            let derived = kind.derived(&registers, &history);
            let left_out = left_out.get_or_insert(derived.left_out);
            // A register of another name may have said it until now, so what is said here may need
            // more to be said.
            let set = (own.iter())
                .filter(|(key, value)| derived.values.get(*key) != Some(*value))
                .map(|(key, value)| (key.clone(), Some(value.clone())));
            let removed = (derived.values.keys())
                .filter(|key| !own.contains_key(*key) && (exact || !left_out.contains(*key)))
                .map(|key| (key.clone(), None));
            let mut changes: Vec<(RegisterKey, Option<String>)> = removed.chain(set).collect();
            changes.retain(|(key, _)| !said.contains(key));
            if changes.is_empty() {
                let is_shown =
                    |(key, value): (&RegisterKey, &String)| derived.values.get(key) == Some(value);
                if exact || own.iter().all(is_shown) {
                    break derived.values;
                }
                exact = true;
                continue;
            }
            let edits = match kind {
                Kind::Implications => history.known(),
                Kind::Searches => KnownEdits::default(),
            };
            self.say(&mut registers, &changes, &edits)?;
            said.extend(changes.into_iter().map(|(key, _)| key));
        };
        if derived != own {
            self.show_kind(kind, &derived)?;
        }
        Ok(())
    }

    /// Says something at this moment. What is set counts as later than what is removed: a removed pair
    /// may get the name of one that is set.
    fn say(
        &self,
        registers: &mut Registers,
        changes: &[(RegisterKey, Option<String>)],
        edits: &KnownEdits,
    ) -> Result<()> {
        let newest = registers.iter().map(|(_, said)| said.at.micros + 1).max();
        let now = newest.unwrap_or(0).max(self.now.as_microsecond());
        for (key, value) in changes {
            let known = registers.get(key).map(|said| said.at.version);
            let micros = now + i64::from(value.is_some());
            let said = Said {
                at: Moment {
                    micros: micros.min(NoteId::MAX.0),
                    version: later_version(known),
                },
                value: value.clone(),
                edits: edits.clone(),
            };
            self.put_said(key, &said, true)?;
            registers.add(key.clone(), said);
        }
        Ok(())
    }

    /// Writes a register.
    pub(super) fn put_said(&self, key: &RegisterKey, said: &Said, unpublished: bool) -> Result<()> {
        let list = match said.edits.is_empty() {
            true => None,
            false => Some(self.number_of_list(&said.edits)?),
        };
        self.execute(
            "INSERT INTO sync_registers (kind, name, micros, version, value, list, unpublished)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (kind, name) DO UPDATE SET micros = excluded.micros,
                 version = excluded.version, value = excluded.value, list = excluded.list,
                 unpublished = excluded.unpublished",
            params![
                key.kind,
                key.name,
                said.at.micros,
                said.at.version.to_string(),
                said.value,
                list,
                unpublished
            ],
        )
    }

    /// Adds what another device said.
    pub(super) fn join_registers(&self, incoming: &Registers) -> Result<()> {
        let mut known = load_registers(&self.tx, None)?;
        for (key, said) in incoming.iter() {
            if known.add(key.clone(), said.clone()) {
                let said = known.get(key).unwrap_or(said);
                self.put_said(key, said, false)?;
            }
        }
        Ok(())
    }

    /// Shows what all devices together say.
    pub(super) fn show_registers(&self) -> Result<()> {
        for kind in Kind::ALL {
            let registers = load_registers(&self.tx, Some(kind.name()))?;
            let own = kind.own(&self.tx)?;
            if own.is_empty() && registers.is_empty() {
                continue;
            }
            let derived = kind.derived(&registers, &load_history(&self.tx, true)?);
            if derived.values != own {
                self.show_kind(kind, &derived.values)?;
            }
        }
        Ok(())
    }

    fn show_kind(&self, kind: Kind, values: &Values) -> Result<()> {
        match kind {
            Kind::Implications => self.show_implications(values),
            Kind::Searches => self.show_searches(values),
        }
    }

    fn show_implications(&self, values: &Values) -> Result<()> {
        let mut graph = TagGraph::default();
        let pairs = values.keys().filter_map(|key| {
            let names: [String; 2] = serde_json::from_str(&key.name).ok()?;
            Some(names.map(Tag::from_stored))
        });
        // Those of older versions, which devices don't exchange, stay.
        let own = tag_graph(&self.tx)?;
        let apart = own.iter().filter(|pair| implication_key(pair).is_none());
        let apart = apart.map(|pair| [pair.tag, pair.implied]);
        for [tag, implied] in pairs.chain(apart) {
            if let Err(refused) = graph.add(&tag, &implied) {
                log::warn!("sync: an implied tag is left out: {refused:?}");
            }
        }
        self.store_graph(&graph)
    }

    /// Has the notes here show again what a repair has lost of what registers are about.
    pub(in crate::store) fn complete_from_registers(
        &self,
        implications: bool,
        searches: bool,
    ) -> Result<()> {
        for (kind, is_lost) in [
            (Kind::Implications, implications),
            (Kind::Searches, searches),
        ] {
            if !is_lost {
                continue;
            }
            let registers = load_registers(&self.tx, Some(kind.name()))?;
            let mut values = (kind.derived(&registers, &load_history(&self.tx, true)?)).values;
            values.extend(kind.own(&self.tx)?);
            self.show_kind(kind, &values)?;
        }
        Ok(())
    }

    /// Removes an implication that other devices have set and that is left out here. Returns whether
    /// there was one.
    pub(in crate::store) fn remove_left_out(&self, pair: &Implication) -> Result<bool> {
        if !left_out_implications(&self.tx)?.contains(pair) {
            return Ok(false);
        }
        let Some(key) = implication_key(pair) else {
            return Ok(false);
        };
        let mut registers = load_registers(&self.tx, Some(IMPLIES))?;
        let edits = load_history(&self.tx, true)?.known();
        self.say(&mut registers, &[(key, None)], &edits)?;
        Ok(true)
    }
}
