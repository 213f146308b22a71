//! Edits of tags on many notes at once: rename, merge, remove; and aliases wherever a tag is typed.

use std::path::Path;

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, run, run_ok};

fn json_of(dir: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&run_ok(dir, &arguments)).unwrap()
}

/// Adds the page `https://e.org/{page}`.
fn add(dir: &Path, page: &str, tags: &[&str]) {
    let url = format!("https://e.org/{page}");
    let tags = tags.iter().flat_map(|tag| ["--tag", tag]);
    let arguments: Vec<&str> = ["add", url.as_str()].into_iter().chain(tags).collect();
    run_ok(dir, &arguments);
}

#[track_caller]
fn check_tags(dir: &Path, page: &str, tags: &[&str]) {
    let note = json_of(dir, &["show", &format!("https://e.org/{page}")]);
    assert_eq!(note["tags"], json!(tags), "{page}");
}

/// Returns names and counts of `tag list`.
fn tag_list(dir: &Path, arguments: &[&str]) -> Vec<(String, u64)> {
    let list = json_of(dir, &[&["tag", "list"], arguments].concat());
    let tag = |tag: &Value| {
        let name = tag["name"].as_str().unwrap().to_owned();
        (name, tag["count"].as_u64().unwrap())
    };
    list.as_array().unwrap().iter().map(tag).collect()
}

/// Returns the error sentence of a command that is refused.
#[track_caller]
fn refusal(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {sentence}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(sentence.ends_with(".\n"), "{sentence}");
    sentence
}

/// Returns everything that an edit of tags could change.
fn everything(dir: &Path) -> Value {
    json!([
        json_of(dir, &["list", "--limit", "1000"]),
        json_of(dir, &["tag", "list"]),
        json_of(dir, &["tag", "alias"]),
        json_of(dir, &["stats"])["tags"],
    ])
}

#[test]
fn lists_tags_in_each_order_filtered_and_cut() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert_eq!(run_ok(dir, &["tag", "list"]), "");
    add(dir, "1", &["gpu", "Gödel"]);
    add(dir, "2", &["gpu", "amd"]);
    add(dir, "3", &["zfs"]);
    let names = |arguments: &[&str]| -> Vec<String> {
        let list = tag_list(dir, arguments);
        list.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&[]), ["gpu", "amd", "gödel", "zfs"]);
    assert_eq!(names(&["--sort", "name"]), ["amd", "gpu", "gödel", "zfs"]);
    assert_eq!(names(&["--sort", "recent"]), ["zfs", "amd", "gpu", "gödel"]);
    assert_eq!(names(&["--filter", " G"]), ["gpu", "gödel"]);
    assert_eq!(names(&["--filter", "GO\u{308}"]), ["gödel"]);
    assert_eq!(names(&["--filter", "a,b"]), [""; 0]);
    assert_eq!(names(&["--limit", "2"]), ["gpu", "amd"]);
    assert_eq!(names(&["--limit", "0"]), [""; 0]);
    assert_eq!(
        run_ok(dir, &["tag", "list", "--limit", "2"]),
        "      2  gpu\n      1  amd\n"
    );
}

#[test]
fn a_renamed_tag_has_its_new_name_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "1", &["a", "ml", "z"]);
    add(dir, "2", &["ml"]);
    add(dir, "3", &["ml", "b"]);
    run_ok(dir, &["rm", "https://e.org/3"]);
    let updated = json_of(dir, &["show", "https://e.org/1"])["updatedAt"].clone();

    let before = everything(dir);
    let rename = ["tag", "rename", "ML", "Machine  Learning"];
    let reported = run_ok(dir, &[&rename[..], &["--dry-run"]].concat());
    assert_eq!(
        reported,
        "Would rename \"ml\" to \"machine learning\" on 2 notes and 1 in the trash.\n\
         Nothing was changed.\n"
    );
    assert_eq!(everything(dir), before);
    let reported = run_ok(dir, &rename);
    assert_eq!(
        reported,
        "Renamed \"ml\" to \"machine learning\" on 2 notes and 1 in the trash.\n\
         If you type \"ml\" again, it becomes a new tag. To make it an alias, run `url-notes tag alias ml 'machine learning'`.\n\
         To undo, run `url-notes tag rename 'machine learning' ml`.\n"
    );
    check_tags(dir, "1", &["a", "machine learning", "z"]);
    check_tags(dir, "2", &["machine learning"]);
    // It doesn't count as an edit of the note.
    assert_eq!(
        json_of(dir, &["show", "https://e.org/1"])["updatedAt"],
        updated
    );
    run_ok(dir, &["restore", "https://e.org/3"]);
    check_tags(dir, "3", &["machine learning", "b"]);
    let count = |arguments: &[&str]| json_of(dir, arguments).as_array().unwrap().len();
    assert_eq!(count(&["list", "--tag", "machine learning"]), 3);
    assert_eq!(count(&["list", "--tag", "ml"]), 0);
    assert_eq!(count(&["search", "machine"]), 3);
    assert_eq!(count(&["search", "ml"]), 0);
    assert_eq!(tag_list(dir, &[])[0], ("machine learning".into(), 3));

    assert_eq!(
        json_of(dir, &["tag", "rename", "machine learning", "ml"]),
        json!({"gone": ["machine learning"], "tag": "ml", "notes": 3, "trash": 0,
               "aliases": [], "dryRun": false})
    );
    check_tags(dir, "1", &["a", "ml", "z"]);
    assert_eq!(
        run_ok(dir, &["tag", "rename", "ml", "ML "]),
        "Nothing to do: the tag is already \"ml\".\n"
    );
}

#[test]
fn merged_tags_stand_once_where_the_first_of_them_stood() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "1", &["x", "ml", "y", "machine learning", "ai"]);
    add(dir, "2", &["ai", "x"]);
    add(dir, "3", &["machine learning"]);
    add(dir, "4", &["x", "ai", "ml"]);
    run_ok(dir, &["rm", "https://e.org/4"]);
    let merge = ["tag", "merge", "ml", "AI", "machine learning", "--alias"];
    assert_eq!(
        json_of(dir, &[&merge[..], &["--dry-run"]].concat()),
        json!({"gone": ["ml", "ai"], "tag": "machine learning", "notes": 2, "trash": 1,
               "aliases": ["ai", "ml"], "dryRun": true})
    );
    assert_eq!(
        run_ok(dir, &merge),
        "Merged \"ml\", \"ai\" into \"machine learning\" on 2 notes and 1 in the trash.\n\
         Aliases of \"machine learning\": \"ai\", \"ml\".\n\
         To undo this, you need an older backup and `url-notes restore-backup`.\n"
    );
    check_tags(dir, "1", &["x", "machine learning", "y"]);
    check_tags(dir, "2", &["machine learning", "x"]);
    check_tags(dir, "3", &["machine learning"]);
    run_ok(dir, &["restore", "https://e.org/4"]);
    check_tags(dir, "4", &["x", "machine learning"]);
    assert_eq!(
        tag_list(dir, &[]),
        [
            ("machine learning".into(), 4),
            ("x".into(), 3),
            ("y".into(), 1)
        ]
    );
    // A repeated command has nothing left to do.
    assert_eq!(
        run_ok(dir, &merge),
        "Nothing to do: the tag is already \"machine learning\".\n"
    );
}

#[test]
fn a_removed_tag_is_removed_from_all_notes_and_the_notes_stay() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "1", &["a", "ml", "z"]);
    add(dir, "2", &["ml"]);
    add(dir, "3", &["ml", "z"]);
    run_ok(dir, &["rm", "https://e.org/3"]);
    run_ok(dir, &["tag", "alias", "learning", "ml"]);
    let before = everything(dir);
    assert_eq!(
        run_ok(dir, &["tag", "rm", "ml", "--dry-run"]),
        "Would remove \"ml\" from 2 notes and 1 in the trash; the notes stay.\n\
         Its aliases would be removed too: \"learning\".\n\
         Nothing was changed.\n"
    );
    assert_eq!(everything(dir), before);
    assert_eq!(
        run_ok(dir, &["tag", "rm", "ml"]),
        "Removed \"ml\" from 2 notes and 1 in the trash; the notes stay.\n\
         Its aliases were removed too: \"learning\".\n\
         To undo this, you need an older backup and `url-notes restore-backup`.\n"
    );
    check_tags(dir, "1", &["a", "z"]);
    check_tags(dir, "2", &[]);
    run_ok(dir, &["restore", "https://e.org/3"]);
    check_tags(dir, "3", &["z"]);
    assert_eq!(json_of(dir, &["tag", "alias"]), json!([]));
    assert_eq!(json_of(dir, &["search", "ml"]), json!([]));
}

#[test]
fn an_alias_leads_to_the_tag_wherever_it_is_typed() {
    let mut host = TestHost::new();
    let dir = host.dir().to_owned();
    let dir = dir.as_path();
    add(dir, "1", &["machine learning"]);
    assert_eq!(
        run_ok(dir, &["tag", "alias", "ML", "Machine Learning"]),
        "\"ml\" leads to \"machine learning\", the tag of 1 note.\n"
    );
    assert_eq!(run_ok(dir, &["tag", "alias"]), "ml → machine learning\n");
    assert_eq!(
        json_of(dir, &["tag", "alias"]),
        json!([{"name": "ml", "tag": "machine learning", "count": 1}])
    );

    // The response has the tag, even if both names were sent.
    let both = ["x", "ML", "machine learning", "y"];
    let saved = host.save("https://e.org/2", "", &both);
    let right = json!(["x", "machine learning", "y"]);
    assert_eq!(saved["note"]["tags"], right);
    let again = host.save("https://e.org/2", "", &["ml"]);
    assert_eq!(again["note"]["tags"], right);
    let added = run_ok(dir, &["add", "https://e.org/3", "--tag", "ml"]);
    assert!(added.contains("machine learning"), "{added}");

    // Typed in part, the alias completes to its tag.
    let offered = host.call("completeTags", json!({"text": "m", "exclude": ["x", "y"]}));
    assert_eq!(
        offered["tags"],
        json!([{"name": "machine learning", "count": 3}])
    );
    let offered = host.call("completeTags", json!({"text": "ML"}));
    assert_eq!(offered["tags"][0]["name"], "machine learning");

    // A popup continues to show and send the name that was typed.
    let id = &saved["note"]["id"];
    let mut update = |tags: &[&str], seen: &[&str]| {
        let params = json!({"opId": op_id(), "id": id, "tags": tags, "seen": {"tags": seen}});
        host.call("updateNote", params)["note"]["tags"].clone()
    };
    assert_eq!(
        update(&["ml", "x", "z"], &["x", "ml", "y"]),
        json!(["machine learning", "x", "z"])
    );
    assert_eq!(
        update(&["x", "z"], &["ml", "x", "z"]),
        json!(["x", "z"]),
        "taken back under the name that was typed"
    );

    let urls = |arguments: &[&str]| -> Vec<String> {
        let notes = json_of(dir, arguments);
        let url = |note: &Value| note["url"].as_str().unwrap().to_owned();
        notes.as_array().unwrap().iter().map(url).collect()
    };
    assert_eq!(
        urls(&["list", "--tag", "ml"]),
        ["https://e.org/3", "https://e.org/1"]
    );
    assert_eq!(
        urls(&["search", "tag:ml"]),
        ["https://e.org/3", "https://e.org/1"]
    );
    assert_eq!(urls(&["search", "-tag:ml"]), ["https://e.org/2"]);

    assert_eq!(
        run_ok(dir, &["tag", "alias", "--rm", "ml"]),
        "\"ml\" is no longer an alias; notes with \"machine learning\" keep it.\n"
    );
    add(dir, "4", &["ml"]);
    check_tags(dir, "4", &["ml"]);
}

#[test]
fn aliases_follow_their_tag_and_never_lead_to_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let aliases = || run_ok(dir, &["tag", "alias"]);
    // No note has the tag yet.
    run_ok(dir, &["tag", "alias", "ml", "machine learning"]);
    add(dir, "1", &["ml"]);
    check_tags(dir, "1", &["machine learning"]);
    // By one of its aliases.
    run_ok(dir, &["tag", "alias", "learning", "ml"]);
    assert_eq!(
        aliases(),
        "learning → machine learning\nml → machine learning\n"
    );
    run_ok(dir, &["tag", "rename", "machine learning", "statistics"]);
    assert_eq!(aliases(), "learning → statistics\nml → statistics\n");
    add(dir, "2", &["maths"]);
    run_ok(dir, &["tag", "merge", "statistics", "maths"]);
    assert_eq!(aliases(), "learning → maths\nml → maths\n");
    // The two names are swapped.
    assert_eq!(
        run_ok(dir, &["tag", "rename", "maths", "ml"]),
        "Renamed \"maths\" to \"ml\" on 2 notes.\n\
         Aliases of \"ml\": \"learning\", \"maths\".\n\
         To undo, run `url-notes tag rename ml maths`.\n"
    );
    assert_eq!(aliases(), "learning → ml\nmaths → ml\n");
    check_tags(dir, "2", &["ml"]);
    // A reassigned alias leads only to the new tag.
    assert_eq!(
        run_ok(dir, &["tag", "alias", "maths", "algebra"]),
        "\"maths\" leads to \"algebra\" (no longer to \"ml\"), the tag of 0 notes.\n"
    );
    // An alias of a tag without notes follows when the tag becomes an alias.
    run_ok(dir, &["tag", "alias", "algebra", "ml"]);
    assert_eq!(aliases(), "algebra → ml\nlearning → ml\nmaths → ml\n");
}

#[test]
fn edits_that_would_merge_tags_unasked_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "1", &["gpu", "large model"]);
    add(dir, "2", &["cpu"]);
    run_ok(dir, &["tag", "alias", "gfx", "gpu"]);
    let before = everything(dir);
    for (arguments, sentence) in [
        (
            &["rename", "cpu", "large model"][..],
            "\"large model\" is already a tag of some notes. To merge the two, use `url-notes tag merge cpu 'large model'`.",
        ),
        (
            &["rename", "cpu", "gfx"],
            "\"gfx\" is an alias of \"gpu\". To merge the two, use `url-notes tag merge cpu gfx`.",
        ),
        (
            &["rename", "nothing", "x"],
            "No note has the tag \"nothing\".",
        ),
        (
            &["rename", "nothing", "cpu"],
            "No note has the tag \"nothing\".",
        ),
        (
            &["rename", "nothing", "nothing"],
            "No note has the tag \"nothing\".",
        ),
        (
            &["rename", "gfx", "graphics"],
            "\"gfx\" is only an alias of \"gpu\". To remove it, use `url-notes tag alias --rm gfx`.",
        ),
        (
            &["merge", "cpu", "nothing", "gpu"],
            "No note has the tag \"nothing\".",
        ),
        (
            &["merge", "cpu", "gfx", "large model"],
            "\"gfx\" is only an alias of \"gpu\". To remove it, use `url-notes tag alias --rm gfx`.",
        ),
        (&["rm", "nothing"], "No note has the tag \"nothing\"."),
        (
            &["rm", "gfx"],
            "\"gfx\" is only an alias of \"gpu\". To remove it, use `url-notes tag alias --rm gfx`.",
        ),
        (
            &["alias", "cpu", "gpu"],
            "\"cpu\" is a tag of some notes. To merge the two, use `url-notes tag merge --alias cpu gpu`.",
        ),
        (
            &["alias", "gpu", "GPU"],
            "\"gpu\" can't be an alias of itself.",
        ),
        (
            &["alias", "gpu", "gfx"],
            "\"gfx\" is already an alias of \"gpu\". To swap the two, use `url-notes tag rename gpu gfx`.",
        ),
        (
            &["alias", "--rm", "gpu"],
            "\"gpu\" is not an alias. To list all aliases, run `url-notes tag alias`.",
        ),
        (
            &["rename", "gpu", "a,b"],
            "This can't be a tag: a tag can't contain a comma.",
        ),
        (&["merge", "gpu", ""], "This can't be a tag: it is empty."),
    ] {
        let said = refusal(dir, &[&["tag"], arguments].concat());
        assert_eq!(said, format!("url-notes: {sentence}\n"));
        if arguments[0] != "alias" {
            let dry_run = [&["tag"], arguments, &["--dry-run"]].concat();
            assert_eq!(refusal(dir, &dry_run), said);
        }
        assert_eq!(everything(dir), before, "{arguments:?}");
    }
    for usage in [
        &["tag"][..],
        &["tag", "rename", "gpu"],
        &["tag", "merge", "gpu"],
        &["tag", "rm"],
        &["tag", "alias", "gpu"],
        &["tag", "alias", "a", "b", "--rm", "c"],
        &["tag", "list", "--sort", "size"],
    ] {
        assert_eq!(run(dir, usage).status.code(), Some(2), "{usage:?}");
    }
}

#[test]
fn tags_that_look_like_options_are_tags() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "1", &["-y", "-dashed", "it's"]);
    run_ok(dir, &["tag", "rename", "-y", "-z", "--alias"]);
    check_tags(dir, "1", &["-z", "-dashed", "it's"]);
    let said = refusal(dir, &["tag", "rename", "-dashed", "-z"]);
    assert!(
        said.contains("`url-notes tag merge -- -dashed -z`"),
        "{said}"
    );
    run_ok(dir, &["tag", "merge", "--", "-dashed", "-z"]);
    check_tags(dir, "1", &["-z", "it's"]);
    let reported = run_ok(dir, &["tag", "rename", "it's", "mine"]);
    assert!(
        reported.contains(r"`url-notes tag rename mine 'it'\''s'`"),
        "{reported}"
    );
    run_ok(dir, &["tag", "alias", "-q", "-z"]);
    run_ok(dir, &["tag", "alias", "--rm", "-q"]);
    run_ok(dir, &["tag", "rm", "-z"]);
    check_tags(dir, "1", &["mine"]);
}

#[test]
fn a_host_continues_while_tags_are_edited_on_the_command_line() {
    let mut host = TestHost::new();
    let dir = host.dir().to_owned();
    for page in 0..70 {
        // More notes than are held in memory at once.
        host.save(&format!("https://e.org/{page}"), "A page", &["first", "ml"]);
    }
    run_ok(&dir, &["tag", "merge", "ml", "machine learning", "--alias"]);
    let saved = host.save("https://e.org/new", "", &["ml"]);
    assert_eq!(saved["note"]["tags"], json!(["machine learning"]));
    run_ok(&dir, &["tag", "merge", "first", "machine learning"]);
    let completed = host.call("completeTags", json!({"text": ""}));
    assert_eq!(
        completed["tags"],
        json!([{"name": "machine learning", "count": 71}])
    );
    let found = host.call("searchNotes", json!({"query": "machine", "limit": 100}));
    assert_eq!(found["notes"].as_array().unwrap().len(), 71);
    let found = host.call("searchNotes", json!({"query": "first"}));
    assert_eq!(found["notes"], json!([]));
}

#[test]
fn tags_that_look_the_same_are_found_and_merged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let saved = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/databases/schema-5.db");
    std::fs::copy(saved, dir.join("notes.db")).unwrap();
    run_ok(dir, &["list", "--limit", "1"]);
    run_ok(dir, &["check", "--repair"]);
    let (old, new) = ("zero\u{200b}width", "zerowidth");
    assert_eq!(json_of(dir, &["check"])["lookAlikes"], json!([[old, new]]));
    let reported = run_ok(dir, &["check"]);
    assert!(
        reported.contains("2 tags look like \"zerowidth\"")
            && reported.contains("U+200B")
            && reported.contains("url-notes tag merge $'zero\\u200Bwidth' zerowidth\n"),
        "{reported}"
    );
    // Both exist under their exact names; what is typed now is the other one.
    let count = |name: &str| {
        json_of(dir, &["list", "--tag", name])
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count(old), count(new)), (1, 1));
    add(dir, "new", &["zero\u{200b}\u{200e}width"]);
    check_tags(dir, "new", &[new]);
    assert_eq!((count(old), count(new)), (1, 2));

    let before = everything(dir);
    let dry_run = json_of(dir, &["tag", "merge", old, new, "--dry-run"]);
    assert_eq!(dry_run["gone"], json!([old]));
    assert_eq!(
        json_of(dir, &["tag", "merge", "--look-alikes", "--dry-run"]),
        json!([dry_run])
    );
    assert_eq!(everything(dir), before);
    let merged = run_ok(dir, &["tag", "merge", old, new]);
    assert!(
        merged.starts_with("Merged") && !merged.contains("Typed again"),
        "{merged}"
    );
    assert_eq!(json_of(dir, &["check"])["lookAlikes"], json!([]));
    assert_eq!(
        run_ok(dir, &["tag", "merge", "--look-alikes"]),
        "No tags look alike.\n"
    );
    assert_eq!((count(old), count(new)), (2, 2));
}

#[test]
fn a_tag_is_made_of_what_can_be_seen() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(
        dir,
        "1",
        &[
            "\u{feff}machine\u{ad} learning\u{200f}",
            "👩\u{200d}💻",
            "می\u{200c}خواهم",
        ],
    );
    check_tags(
        dir,
        "1",
        &["machine learning", "👩\u{200d}💻", "می\u{200c}خواهم"],
    );
    for name in ["\u{200b}", "\u{2060}\u{feff} ", "\u{3164}"] {
        let sentence = refusal(dir, &["add", "https://e.org/2", "--tag", name]);
        assert!(sentence.contains("no visible characters"), "{sentence}");
    }
    add(dir, "3", &["機械学習，深層学習", "絵、本"]);
    check_tags(dir, "3", &["機械学習", "深層学習", "絵", "本"]);
    refusal(dir, &["tag", "rename", "本", "絵、本"]);
}
