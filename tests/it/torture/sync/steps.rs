//! What happens to the devices, at random.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};

use super::{
    DAY, DEVICES, Place, World,
    device::Popup,
    oracle::{Fact, conflicting_titles, facts_of, url, words},
    places::{Carrying, Copy, git, pick},
};
use crate::host::op_id;

/// Pages that devices share.
const PAGES: u64 = 7;
/// Pages of imports begin here.
const IMPORTED: u64 = 100;
/// Tags that many notes have.
const SHARED: [&str; 5] = ["ml", "ai", "gpu", "machine learning", "todo"];
/// Names of aliases.
const OTHER_NAMES: [&str; 3] = ["neural nets", "graphics", "later"];
/// More lines or tags than these are cut by half.
const MANY_LINES: usize = 30;
const MANY_TAGS: usize = 20;
/// How far clocks are ahead, in seconds.
const CLOCKS: [i64; 8] = [
    -20 * 365 * DAY,
    -DAY,
    -3600,
    0,
    3600,
    9 * DAY,
    40 * DAY,
    73 * 365 * DAY,
];

impl World {
    pub(super) fn step(&mut self) {
        let d = self.below(DEVICES);
        let kind = match self.dice.below(146) {
            122..130 if self.is_calm => 20,
            kind => kind,
        };
        self.log.push(format!("step {kind} on device {d}"));
        match kind {
            0..14 => self.save(d),
            14..34 => self.edit(d),
            34..40 => drop(self.open_popup(d)),
            40..48 => self.send_oldest_popup(d),
            48..52 => self.type_title(d),
            52..57 => self.delete(d),
            57..60 => self.restore(d),
            60..65 => self.edit_tags(d),
            65..67 => self.edit_aliases(d),
            67..71 => self.edit_many(d),
            71 => self.undo_edit(d),
            72..74 => self.import(d),
            74 => self.undo_import(d),
            75 => self.keep_shown(d),
            76..86 => self.start_run(d, &[]),
            86 => self.start_run(d, &["--all"]),
            87..94 => self.run_on_many(),
            94..98 => self.kill_a_run(d),
            98..104 => self.kill_a_writer(d),
            104..117 => self.carry_some(),
            117 => self.cut_off(d),
            118..121 => self.reconnect_some(),
            121 => self.set_clock(d),
            122 => self.copy_folder(d),
            123 => self.put_folder_back(d),
            124 => self.back_up(d),
            125 => self.restore_backup(d),
            126 => self.restore_everywhere(d),
            127 => self.damage(d),
            128 => self.lose_files(d),
            129 => self.rejoin(d),
            130 => {
                self.devices[d].rest();
                let repaired = self.devices[d].run(&["check", "--repair"]);
                assert!(repaired.status.success(), "{repaired:?}");
            }
            131..133 => {
                let with_kill = self.dice.coin();
                self.devices[d].close_host(with_kill);
            }
            133..137 if self.oracle.mixes_pages => self.merge_notes(d),
            137..140 if self.oracle.mixes_pages => self.change_address(d),
            140..144 => self.change_implied_tags(d),
            144.. => self.change_searches(d),
            _ => self.edit(d),
        }
    }

    // ---- Notes

    fn page(&mut self) -> u64 {
        match self.dice.below(12) {
            0 if self.imported > 0 => IMPORTED + self.dice.below(self.imported),
            _ => self.dice.below(PAGES),
        }
    }

    fn shared_tag(&mut self) -> &'static str {
        SHARED[self.below(SHARED.len())]
    }

    fn save_params(&mut self, page: u64) -> Value {
        let mut tags = vec![self.words.tag()];
        if self.dice.coin() {
            tags.push(self.shared_tag().to_owned());
        }
        let line = self.words.line();
        json!({
            "opId": op_id(),
            "url": url(page),
            "title": format!("Page {page}"),
            "tags": tags,
            "summary": format!("{line} saved"),
            "excerpt": self.dice.coin().then(|| format!("Excerpt {line}")),
        })
    }

    pub(super) fn save(&mut self, d: usize) {
        let page = self.page();
        let params = self.save_params(page);
        self.note(&params);
        let saved = self.devices[d].call("saveNote", params);
        self.oracle.promise(facts_of(&saved["note"]));
    }

    /// Reads a page's note as a popup does, and keeps the popup open.
    fn open_popup(&mut self, d: usize) -> Option<()> {
        let page = self.page();
        let found = self.devices[d].call("noteForUrl", json!({ "url": url(page) }));
        let note = found["note"].clone();
        note.is_object().then(|| {
            self.devices[d].popups.push(Popup { page, note });
        })
    }

    fn edit(&mut self, d: usize) {
        if self.open_popup(d).is_some() {
            let popup = self.devices[d].popups.pop().unwrap();
            self.send_popup(d, &popup);
        }
    }

    fn send_oldest_popup(&mut self, d: usize) {
        if !self.devices[d].popups.is_empty() {
            let popup = self.devices[d].popups.remove(0);
            self.send_popup(d, &popup);
        }
    }

    /// Returns how a user changes a note, and what is removed by that.
    fn change(&mut self, note: &Value) -> (Value, Vec<Fact>) {
        let mut params = json!({ "opId": op_id(), "id": note["id"] });
        let mut after = note.clone();
        let text = note["summary"].as_str().unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut tags: Vec<Value> = note["tags"].as_array().unwrap().clone();
        let new = format!("{} edited", self.words.line());
        let at = self.below(lines.len() + 1);
        let is_tags = match self.dice.below(14) {
            _ if lines.len() > MANY_LINES => {
                lines.truncate(MANY_LINES / 2);
                false
            }
            _ if tags.len() > MANY_TAGS => {
                tags.truncate(MANY_TAGS / 2);
                true
            }
            0 => {
                let read = !note["read"].as_bool().unwrap();
                params["read"] = json!(read);
                return (params, Vec::new());
            }
            1..=3 => {
                let at = self.below(tags.len() + 1);
                tags.insert(at, json!(self.words.tag()));
                let shared = json!(self.shared_tag());
                if self.dice.coin() && !tags.contains(&shared) {
                    tags.insert(0, shared);
                }
                true
            }
            4 => {
                for at in (1..tags.len()).rev() {
                    let other = self.below(at + 1);
                    tags.swap(at, other);
                }
                if self.dice.coin() {
                    tags.pop();
                }
                true
            }
            5 if at < lines.len() => {
                lines.remove(at);
                false
            }
            6 | 7 if at < lines.len() => {
                lines[at] = new;
                false
            }
            8 => {
                lines.insert(at, "same".to_owned());
                false
            }
            9 => {
                lines.extend([String::new(), new]);
                false
            }
            10 if lines.len() > 1 => {
                let other = self.below(lines.len());
                let at = at % lines.len();
                lines.swap(at, other);
                false
            }
            _ => {
                lines.insert(at, new);
                false
            }
        };
        match is_tags {
            true => {
                params["tags"] = json!(tags);
                params["seen"] = json!({ "tags": note["tags"] });
                after["tags"] = json!(tags);
            }
            false => {
                let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                params["summary"] = json!(text);
                params["seen"] = json!({ "summary": note["summary"] });
                after["summary"] = json!(text);
            }
        }
        let (before, after) = (facts_of(note), facts_of(&after));
        let removed = before.difference(&after).cloned().collect();
        (params, removed)
    }

    fn send_popup(&mut self, d: usize, popup: &Popup) {
        let (params, removed) = self.change(&popup.note);
        self.note(format_args!("{params} removes {removed:?}"));
        let changed = self.devices[d].ask("updateNote", params.clone());
        let changed = changed.unwrap_or_else(|error| panic!("{d}: {params}: {error}"));
        self.oracle.release(removed);
        self.oracle.promise(facts_of(&changed["note"]));
    }

    /// Changes a title, which settles those that other devices typed.
    fn type_title(&mut self, d: usize) {
        let page = self.page();
        self.devices[d].rest();
        let found = self.devices[d].call("noteForUrl", json!({ "url": url(page) }));
        if !found["note"].is_object() {
            return;
        }
        let title = format!("{} typed", self.words.title());
        let params = json!({ "opId": op_id(), "id": found["note"]["id"], "title": title });
        self.note(&params);
        let changed = self.devices[d].call("updateNote", params);
        self.oracle.release(titles_of(page, &found));
        self.oracle.promise(facts_of(&changed["note"]));
    }

    fn delete(&mut self, d: usize) {
        let page = self.page();
        let found = self.devices[d].call("noteForUrl", json!({ "url": url(page) }));
        if !found["note"].is_object() {
            return;
        }
        let params = json!({ "opId": op_id(), "id": found["note"]["id"] });
        // A run may have deleted it meanwhile.
        match self.devices[d].ask("deleteNote", params) {
            Ok(deleted) => {
                let (before, after) = (facts_of(&found["note"]), facts_of(&deleted["note"]));
                self.note(format_args!("deleted {before:?}, {after:?}"));
                self.oracle.release(before);
                self.oracle.release(after);
                self.oracle.release_titles(page);
            }
            Err(error) => assert_eq!(error["data"]["kind"], "not_found", "{error}"),
        }
        // Popups that show the note as another page, since it has several addresses, are closed, too.
        let is_same = |popup: &Popup| {
            ["id", "url"]
                .iter()
                .any(|field| popup.note[field] == found["note"][field])
        };
        self.devices[d]
            .popups
            .retain(|popup| !is_same(popup) && popup.page != page);
    }

    fn restore(&mut self, d: usize) {
        let address = url(self.page());
        self.changing(d, |world| world.devices[d].run(&["restore", &address]));
    }

    fn keep_shown(&mut self, d: usize) {
        let address = url(self.page());
        let arguments = ["sync", "conflicts", "--keep", &address];
        self.changing(d, |world| world.devices[d].run(&arguments));
    }

    fn merge_notes(&mut self, d: usize) {
        let (keep, drop) = (url(self.page()), url(self.page()));
        let lives = self.lives();
        self.note(format_args!("merge {keep} {drop}"));
        self.changing(d, |world| {
            world.devices[d].run_dying(&["merge", &keep, &drop], lives)
        });
        self.devices[d].popups.clear();
    }

    fn change_address(&mut self, d: usize) {
        let (old, new) = (url(self.page()), url(self.page()));
        let lives = self.lives();
        self.note(format_args!("{old} becomes {new}"));
        self.changing(d, |world| {
            world.devices[d].run_dying(&["edit", &old, "--url", &new], lives)
        });
        self.devices[d].popups.clear();
    }

    // ---- Tags and many notes

    /// Returns how long a command lives, if it is to be killed.
    fn lives(&mut self) -> Option<Duration> {
        let is_killed = self.dice.below(4) == 0;
        let lives = Duration::from_micros(self.dice.below(40_000));
        if is_killed {
            self.count.kills += 1;
        }
        is_killed.then_some(lives)
    }

    /// Returns a tag that notes have on this device.
    fn used_tag(&mut self, d: usize) -> Option<String> {
        let tags = self.devices[d].json(&["tag", "list"]);
        let tags = tags.as_array().unwrap().iter();
        let names: Vec<String> = tags
            .map(|tag| tag["name"].as_str().unwrap().to_owned())
            .collect();
        pick(&mut self.dice, names)
    }

    fn edit_tags(&mut self, d: usize) {
        let Some(from) = self.used_tag(d) else { return };
        let lives = self.lives();
        let fresh = self.words.tag();
        let mut to = match self.dice.below(3) {
            0 => fresh.clone(),
            1 => self.shared_tag().to_owned(),
            _ => self.used_tag(d).unwrap_or_else(|| fresh.clone()),
        };
        // Nothing is promised of tags that many notes have, so they don't become others.
        if words(&from).is_empty() && !words(&to).is_empty() {
            to = fresh.replace('t', "shared ");
        }
        let with_alias: &[&str] = if self.dice.coin() { &["--alias"] } else { &[] };
        let mut arguments = vec!["tag"];
        match self.dice.below(5) {
            0 => {
                arguments.extend(["rm", &from]);
                self.oracle.remove(&from);
            }
            1 | 2 => {
                arguments.extend(["merge", &from, &to]);
                arguments.extend(with_alias);
                self.oracle.rename(&from, &to);
            }
            _ => {
                arguments.extend(["rename", &from, &to]);
                arguments.extend(with_alias);
                self.oracle.rename(&from, &to);
            }
        }
        self.note(arguments.join(" "));
        self.changing(d, |world| world.devices[d].run_dying(&arguments, lives));
    }

    fn edit_aliases(&mut self, d: usize) {
        let name = OTHER_NAMES[self.below(OTHER_NAMES.len())];
        let tag = self.shared_tag();
        let arguments = match self.dice.below(3) {
            0 => vec!["tag", "alias", "--rm", name],
            _ => vec!["tag", "alias", name, tag],
        };
        self.changing(d, |world| world.devices[d].run(&arguments));
    }

    /// Has a tag imply another one, or no longer. What would close a circle is refused.
    fn change_implied_tags(&mut self, d: usize) {
        let (tag, implied) = (self.shared_tag(), self.shared_tag());
        let arguments = match self.dice.below(4) {
            0 => vec!["tag", "imply", "--rm", tag, implied],
            _ => vec!["tag", "imply", tag, implied],
        };
        self.note(arguments.join(" "));
        self.changing(d, |world| world.devices[d].run(&arguments));
    }

    fn change_searches(&mut self, d: usize) {
        let name = OTHER_NAMES[self.below(OTHER_NAMES.len())];
        let query = format!("tag:{}", self.words.tag());
        let arguments = match self.dice.below(4) {
            0 => vec!["search", "--forget", name],
            _ => vec!["search", "--save", name, &query],
        };
        self.note(arguments.join(" "));
        self.changing(d, |world| world.devices[d].run(&arguments));
    }

    fn edit_many(&mut self, d: usize) {
        let query = match self.dice.below(3) {
            0 => String::new(),
            1 => "is:unread".to_owned(),
            _ => format!("tag:{}", self.shared_tag().replace(' ', "-")),
        };
        let (tag, shared) = (self.words.tag(), self.shared_tag());
        let change: &[&str] = match self.dice.below(7) {
            0 => &["--tag", &tag],
            1 => &["--tag", &tag, "--untag", shared],
            2 => &["--read"],
            3 => &["--unread"],
            4 => &["--untag", shared],
            5 => &["--tag", shared],
            // Rarely of all.
            _ if !query.is_empty() || self.dice.below(5) == 0 => &["--delete"],
            _ => return,
        };
        let arguments = [&["edit", "--query", &query, "--yes", "--json"], change].concat();
        let lives = self.lives();
        self.note(arguments.join(" "));
        let done = self.changing(d, |world| world.devices[d].run_dying(&arguments, lives));
        if let Some(done) = done
            && let Ok(done) = serde_json::from_str::<Value>(&done)
            && let Some(edit) = done["edit"].as_i64()
        {
            self.devices[d].edit = Some(edit.to_string());
        }
        self.devices[d].popups.clear();
    }

    fn undo_edit(&mut self, d: usize) {
        if let Some(edit) = self.devices[d].edit.take() {
            self.changing(d, |world| world.devices[d].run(&["edit", "--undo", &edit]));
            self.devices[d].popups.clear();
        }
    }

    /// Imports bookmarks, some of pages that are saved, or another device's export.
    fn import(&mut self, d: usize) {
        let lives = self.lives();
        let file = self.dir.path().join("import");
        match self.dice.coin() {
            true => {
                let mut csv = "url,title,note,tags\n".to_owned();
                for _ in 0..=self.dice.below(5) {
                    let page = match self.dice.coin() {
                        true => self.page(),
                        false => {
                            self.imported += 1;
                            IMPORTED + self.imported - 1
                        }
                    };
                    let (line, tag) = (self.words.line(), self.words.tag());
                    csv += &format!("{},Page {page},{line} imported,{tag}\n", url(page));
                }
                fs::write(&file, csv).unwrap();
            }
            false => {
                let from = self.below(DEVICES);
                fs::write(&file, self.devices[from].ok(&["export", "json", "-"])).unwrap();
            }
        }
        let file = file.to_str().unwrap();
        self.changing(d, |world| {
            world.devices[d].run_dying(&["import", file], lives)
        });
        self.devices[d].has_imported = true;
    }

    fn undo_import(&mut self, d: usize) {
        if std::mem::take(&mut self.devices[d].has_imported) {
            self.changing(d, |world| world.devices[d].run(&["import", "--undo"]));
            self.devices[d].popups.clear();
        }
    }

    // ---- Runs and kills

    fn start_run(&mut self, d: usize, arguments: &[&str]) {
        let lives = (self.dice.below(5) == 0).then(|| self.dice.below(150_000));
        let dies_with_all = self.dice.coin();
        if self.devices[d].running() < 3 {
            self.count.runs += 1;
            self.count.kills += u64::from(lives.is_some());
            let lives = lives.map(Duration::from_micros);
            self.devices[d].start_run(arguments, lives, dies_with_all);
        }
    }

    fn run_on_many(&mut self) {
        for d in 0..DEVICES {
            match self.dice.below(4) {
                0 => {}
                1 => self.start_run(d, &["--quiet"]),
                _ => self.start_run(d, &[]),
            }
        }
    }

    /// Runs, and kills at a moment at which the run does something.
    fn kill_a_run(&mut self, d: usize) {
        self.devices[d].rest();
        self.count.runs += 1;
        self.count.kills += 1;
        let lives = Duration::from_micros(self.dice.below(60_000));
        let dies_with_all = self.dice.coin();
        self.devices[d].start_run(&[], Some(lives), dies_with_all);
        self.devices[d].rest();
    }

    /// Kills a host after a request. What it answered counts; what it was asked to remove may be gone.
    fn kill_a_writer(&mut self, d: usize) {
        let page = self.page();
        let lives = Duration::from_micros(self.dice.below(12_000));
        let kind = self.dice.below(4);
        if kind == 3 {
            // What it deletes is known.
            self.devices[d].rest();
        }
        let found = self.devices[d].call("noteForUrl", json!({ "url": url(page) }));
        let note = found["note"].clone();
        self.count.kills += 1;
        let (method, params) = match kind {
            _ if !note.is_object() => ("saveNote", self.save_params(page)),
            0 => ("saveNote", self.save_params(page)),
            3 => {
                self.oracle.release(facts_of(&note));
                self.oracle.release_titles(page);
                ("deleteNote", json!({ "opId": op_id(), "id": note["id"] }))
            }
            _ => {
                let (params, removed) = self.change(&note);
                self.oracle.release(removed);
                ("updateNote", params)
            }
        };
        let answer = self.devices[d].ask_dying(method, &params, lives);
        let was_answered = answer.is_some();
        self.note(format_args!("killed by {method} {params}: {was_answered}"));
        self.devices[d].popups.clear();
        if let Some(answer) = answer
            && kind != 3
        {
            self.oracle.promise(facts_of(&answer["note"]));
        }
    }

    // ---- The place

    fn carry_some(&mut self) {
        let how = match self.dice.below(3) {
            0 => Carrying::Well,
            _ => Carrying::Badly,
        };
        for _ in 0..=self.dice.below(7) {
            let (from, to) = (self.below(DEVICES), self.below(DEVICES));
            self.carry(from, to, how);
        }
    }

    fn reconnect_some(&mut self) {
        for d in 0..DEVICES {
            if self.dice.below(3) > 0 {
                self.reconnect(d);
            }
        }
    }

    fn damage(&mut self, d: usize) {
        if self.devices[d].is_cut_off {
            return;
        }
        self.destroy(|world| {
            let mut dice = world.dice.clone();
            if let Some(copy) = world.copy_of(d) {
                copy.damage(&mut dice);
            }
            world.dice = dice;
        });
    }

    /// A folder of some device, a whole copy or all copies are lost.
    fn lose_files(&mut self, d: usize) {
        let kind = self.dice.below(4);
        self.note(format_args!("kind {kind}"));
        if kind == 3 || matches!(self.place, Place::Git(_)) {
            self.lose_place();
            return;
        }
        self.destroy(|world| {
            if world.devices[d].is_cut_off {
                return;
            }
            let mut dice = world.dice.clone();
            let Some(copy) = world.copy_of(d) else { return };
            match kind {
                2 => {
                    copy.empty();
                    // The folder is there again, at first without files.
                    fs::create_dir(copy.root()).unwrap();
                }
                _ => copy.lose_folder(&mut dice),
            }
            world.dice = dice;
        });
    }

    /// The place is lost for good: all begin anew, as the manual says.
    fn lose_place(&mut self) {
        for d in 0..DEVICES {
            self.reconnect(d);
        }
        if let Place::Git(_) = self.place {
            // What is only in the repository isn't known here.
            for d in 0..DEVICES {
                self.run_well(d);
            }
        }
        self.destroy(|world| match &mut world.place {
            Place::Folder(copies) => copies.iter_mut().for_each(Copy::empty),
            Place::Git(repository) => {
                git(repository, &["update-ref", "-d", "refs/heads/url-notes"]);
            }
        });
        for d in 0..DEVICES {
            let failed = self.devices[d].run(&["sync", "now"]);
            let said = String::from_utf8_lossy(&failed.stderr);
            assert!(said.contains("no notes at the place"), "{said}");
            self.devices[d].ok(&["sync", "stop"]);
        }
        let first = self.below(DEVICES);
        self.init(first);
        for d in (0..DEVICES).filter(|d| *d != first) {
            self.join(d);
        }
    }

    /// Stops to sync, and joins as another device. Another one may remove the files of the old one.
    fn rejoin(&mut self, d: usize) {
        self.reconnect(d);
        self.settle(d);
        let old = self.devices[d].id();
        self.devices[d].ok(&["sync", "stop"]);
        self.join(d);
        let other = self.below(DEVICES);
        if other != d && self.dice.coin() && !self.devices[other].is_cut_off {
            self.settle(other);
            self.destroy(|world| {
                let forget = ["sync", "forget", &old, "--unread"];
                let output = world.devices[other].run(&forget);
                // Its files may be gone from the place before the other device has seen any.
                let said = String::from_utf8_lossy(&output.stderr);
                let is_unknown = said.contains("no such device");
                assert!(output.status.success() || is_unknown, "{output:?}");
            });
        }
    }

    // ---- The computer

    fn set_clock(&mut self, d: usize) {
        self.devices[d].rest();
        self.devices[d].close_host(false);
        let ahead = CLOCKS[self.below(CLOCKS.len())];
        self.note(format_args!("{ahead} s ahead"));
        self.devices[d].ahead = ahead;
    }

    fn copy_folder(&mut self, d: usize) {
        self.devices[d].rest();
        self.devices[d].close_host(false);
        let copy = tempfile::tempdir().unwrap();
        copy_all(&self.devices[d].folder(), copy.path());
        self.devices[d].copy = Some(copy);
    }

    fn put_folder_back(&mut self, d: usize) {
        let Some(copy) = self.devices[d].copy.take() else {
            return;
        };
        self.settle(d);
        self.destroy(|world| {
            world.devices[d].close_host(false);
            let folder = world.devices[d].folder();
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => fs::remove_dir_all(path).unwrap(),
                    false => fs::remove_file(path).unwrap(),
                }
            }
            copy_all(copy.path(), &folder);
        });
        self.went_back(d);
    }

    /// Waits for runs, and for what killed runs have left behind. What is only in the repository isn't
    /// known here, so nothing stays unpublished that is going to be put back.
    fn settle(&mut self, d: usize) {
        self.devices[d].rest();
        if matches!(self.place, Place::Git(_)) {
            self.reconnect(d);
            self.run_well(d);
        }
    }

    fn went_back(&mut self, d: usize) {
        self.devices[d].edit = None;
        self.devices[d].has_imported = false;
        self.devices[d].popups.clear();
        // It may be older than the sync.
        if !self.devices[d].is_synced() {
            self.reconnect(d);
            self.join(d);
        }
        self.synced(d);
    }

    fn back_up(&mut self, d: usize) {
        let file = self.devices[d].backup_file();
        self.devices[d].ok(&["backup", "--force", file.to_str().unwrap()]);
        self.devices[d].has_backup = true;
    }

    fn restore_backup(&mut self, d: usize) {
        if !self.devices[d].has_backup {
            return;
        }
        let file = self.devices[d].backup_file();
        let lives = self.lives();
        self.settle(d);
        self.destroy(|world| {
            let arguments = ["restore-backup", file.to_str().unwrap()];
            world.devices[d].run_dying(&arguments, lives);
        });
        self.went_back(d);
    }

    /// What the device has read and its backup lacks goes on all devices.
    fn restore_everywhere(&mut self, d: usize) {
        if !self.devices[d].has_backup {
            return;
        }
        self.reconnect(d);
        self.settle(d);
        let file = self.devices[d].backup_file();
        self.rest_all();
        let mut seen = self.devices[d].facts();
        seen.extend(match &self.place {
            Place::Folder(copies) if !self.shares_folder => copies[d].facts(&self.pages),
            _ => self.present(),
        });
        self.devices[d].ok(&[
            "restore-backup",
            "--everywhere",
            "--yes",
            file.to_str().unwrap(),
        ]);
        self.run_well(d);
        let kept = self.devices[d].facts();
        self.oracle.release(seen.difference(&kept).cloned());
        self.went_back(d);
    }
}

/// Returns the titles of a page that a popup shows, also those beside the note.
fn titles_of(page: u64, found: &Value) -> Vec<Fact> {
    let titles = found["conflicts"]["titles"].as_array();
    let titles = titles
        .into_iter()
        .flatten()
        .map(|title| title["text"].clone());
    let conflict = json!({ "url": url(page), "titles": titles.collect::<Vec<_>>() });
    let title = json!({ "url": url(page), "title": found["note"]["title"] });
    (conflicting_titles(&conflict).into_iter())
        .chain(facts_of(&title))
        .collect()
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => {
                fs::create_dir_all(&copy).unwrap();
                copy_all(&path, &copy);
            }
            false => drop(fs::copy(&path, &copy).unwrap()),
        }
    }
}
