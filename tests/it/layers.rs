//! Checks imports between modules: the table of layers in ARCHITECTURE.md, and no circles.
//!
//! A Rust parser reads the imports from `use` declarations, from paths in code and from the tokens
//! of macros. Code under `#[cfg(test)]` doesn't count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, ItemMod, ItemUse, Macro, UseTree,
    visit::{self, Visit},
};

/// A module's path below the crate: `["store", "notes"]`. The crate itself is empty.
type Module = Vec<String>;
/// The modules that each module imports from.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the modules below a source folder with their files.
fn modules(source: &Path) -> BTreeMap<Module, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(source).unwrap().with_extension("");
                let mut module: Module = below
                    .iter()
                    .map(|part| part.to_str().unwrap().to_owned())
                    .collect();
                if ["mod", "lib", "main"].contains(&&**module.last().unwrap()) {
                    module.pop();
                }
                if path.file_name().unwrap() != "main.rs" {
                    found.insert(module, path);
                }
            }
        }
    }
    found
}

/// Collects the imports of one file.
struct Reader<'a> {
    modules: &'a BTreeMap<Module, PathBuf>,
    /// The file's module.
    file: &'a Module,
    /// The inline modules around the current code.
    inline: Vec<String>,
    found: BTreeSet<Module>,
}

impl Reader<'_> {
    /// Adds the module that a path leads to: the longest prefix that is a module's file.
    fn add(&mut self, segments: &[String]) {
        let mut base = self.file.clone();
        base.extend(self.inline.iter().cloned());
        let mut rest = segments;
        match rest.first().map(String::as_str) {
            Some("crate") => {
                base.clear();
                rest = &rest[1..];
            }
            Some("self") => rest = &rest[1..],
            Some("super") => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            Some(first) => {
                let mut child = self.file.clone();
                child.push(first.to_owned());
                if !self.modules.contains_key(&child) {
                    return; // A crate, or a name that was imported.
                }
                base = self.file.clone();
            }
            None => return,
        }
        base.extend(rest.iter().cloned());
        while !self.modules.contains_key(&base) {
            base.pop();
        }
        if base != *self.file {
            self.found.insert(base);
        }
    }

    fn add_tree(&mut self, before: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_tree(before, &path.tree);
                before.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(before, tree);
                }
            }
            UseTree::Name(_) | UseTree::Rename(_) | UseTree::Glob(_) => {
                let last = match tree {
                    UseTree::Name(name) => Some(name.ident.to_string()),
                    UseTree::Rename(rename) => Some(rename.ident.to_string()),
                    _ => None,
                };
                let mut path = before.clone();
                path.extend(last.filter(|last| last != "self"));
                self.add(&path);
            }
        }
    }

    /// Collects paths among the tokens of a macro.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add_path_of_tokens(&path);
                        path.clear();
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.add_path_of_tokens(&path);
                    path.clear();
                    self.add_tokens(group.stream());
                }
                _ => {
                    self.add_path_of_tokens(&path);
                    path.clear();
                    colons = 0;
                }
            }
        }
        self.add_path_of_tokens(&path);
    }

    fn add_path_of_tokens(&mut self, path: &[String]) {
        if path.len() > 1 {
            self.add(path);
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() {
            self.inline.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.inline.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_tree(&mut Vec::new(), &item.tree);
    }

    /// `pub(in crate::store)` names a module but imports nothing from it.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if segments.len() > 1 {
            self.add(&segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.add_tokens(item.tokens.clone());
    }
}

/// Returns the imports of every module below a source folder, except modules of tests.
fn imports(source: &Path) -> Imports {
    let modules = modules(source);
    let mut imports = Imports::new();
    for (module, file) in &modules {
        if module.iter().any(|part| part == "tests" || part == "fuzz") {
            continue;
        }
        let parsed = syn::parse_file(&fs::read_to_string(file).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut reader = Reader {
            modules: &modules,
            file: module,
            inline: Vec::new(),
            found: BTreeSet::new(),
        };
        reader.visit_file(&parsed);
        imports.insert(module.clone(), reader.found);
    }
    imports
}

fn name(module: &[String]) -> String {
    if module.is_empty() {
        "lib".to_owned()
    } else {
        module.join("::")
    }
}

/// Returns the circles as `a → b → a`, each once.
fn circles(imports: &Imports) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut seen: BTreeSet<&Module> = BTreeSet::new();
    for start in imports.keys() {
        if seen.contains(start) {
            continue;
        }
        // Breadth first, so that the reported circle is a shortest one.
        let mut from: BTreeMap<&Module, &Module> = BTreeMap::new();
        let mut queue: Vec<&Module> = vec![start];
        let mut at = 0;
        while at < queue.len() {
            let module = queue[at];
            at += 1;
            for next in imports.get(module).into_iter().flatten() {
                if next == start {
                    let mut circle = vec![name(start)];
                    let mut back = module;
                    while back != start {
                        circle.push(name(back));
                        seen.insert(back);
                        back = from[back];
                    }
                    circle.push(name(start));
                    circle.reverse();
                    found.push(circle.join(" → "));
                    queue.clear();
                    at = 1;
                    break;
                }
                if next != start && !from.contains_key(next) {
                    from.insert(next, module);
                    queue.push(next);
                }
            }
        }
        seen.insert(start);
    }
    found
}

/// Returns the layers of ARCHITECTURE.md: each module of the crate with those it may import.
fn layers() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, table) = text
        .split_once("| module | may import |\n|---|---|\n")
        .expect("ARCHITECTURE.md has the table of layers");
    let names = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .flat_map(|line| {
            let mut cells = line.trim_matches('|').split('|');
            let (modules, may) = (cells.next().unwrap(), cells.next().unwrap());
            let may = names(may);
            names(modules)
                .into_iter()
                .map(move |module| (module, may.clone()))
        })
        .collect()
}

#[test]
fn no_module_imports_in_a_circle() {
    for source in ["host/src", "net/src"] {
        let circles = circles(&imports(&root().join(source)));
        assert!(circles.is_empty(), "\n{}\n", circles.join("\n"));
    }
}

/// What else a part of the program for the network may import, besides the command line.
const NET_IMPORTS: [(&str, &str); 6] = [
    ("feed", "encoding"),
    ("links", "encoding"),
    ("links", "wall"),
    ("page_text", "encoding"),
    ("page_text", "links"),
    ("page_text", "wall"),
];

#[test]
fn of_the_program_for_the_network_only_the_command_line_knows_the_rest() {
    for (module, imported) in imports(&root().join("net/src")) {
        for other in imported {
            let is_own = module.first() == other.first();
            let is_cli = module.first().is_some_and(|top| top == "cli");
            let tops = module.first().zip(other.first());
            let is_allowed = tops.is_some_and(|(module, other)| {
                NET_IMPORTS.contains(&(module.as_str(), other.as_str()))
            });
            assert!(
                is_own || is_cli || is_allowed,
                "{} imports {}",
                name(&module),
                name(&other)
            );
        }
    }
}

#[test]
fn modules_import_only_what_the_table_of_layers_allows() {
    let layers = layers();
    let mut wrong = Vec::new();
    for (module, imported) in imports(&root().join("host/src")) {
        let Some(top) = module.first() else { continue };
        let may = layers
            .get(top)
            .unwrap_or_else(|| panic!("ARCHITECTURE.md has no layer for {top}"));
        for other in imported {
            if let Some(other_top) = other.first()
                && other_top != top
                && !may.contains(other_top)
            {
                wrong.push(format!("{} imports {}", name(&module), name(&other)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_table_of_layers_has_no_circle_and_no_layer_that_is_gone() {
    let layers = layers();
    let as_imports: Imports = layers
        .iter()
        .map(|(module, may)| {
            let may = may.iter().map(|other| vec![other.clone()]).collect();
            (vec![module.clone()], may)
        })
        .collect();
    assert_eq!(circles(&as_imports), [""; 0]);
    let modules = modules(&root().join("host/src"));
    for layer in layers.keys() {
        assert!(modules.contains_key(std::slice::from_ref(layer)), "{layer}");
    }
}

#[test]
fn a_circle_is_found_in_declarations_code_and_macros() {
    let dir = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let found = |second: &str| {
        write("lib.rs", "mod a; mod b;");
        write("a/mod.rs", "mod one;");
        write("a/one.rs", "use crate::b::{self, Thing};");
        write("b.rs", second);
        circles(&imports(dir.path()))
    };
    let circle = ["a::one → b → a::one"];
    assert_eq!(found("use std::fs;"), [""; 0]);
    assert_eq!(found("use crate::a::{one::Other};"), circle);
    assert_eq!(found("fn f() { super::a::one::g() }"), circle);
    assert_eq!(
        found("fn f() { write!(x, \"\", crate::a::one::G) }"),
        circle
    );
    assert_eq!(
        found("#[cfg(test)] mod tests { use crate::a::one::Other; }"),
        [""; 0]
    );
    write("a/one.rs", "use super::two::Two;");
    write("a/two.rs", "use super::one::One;");
    assert_eq!(found(""), [""; 0], "b imports nothing");
    write("a/one.rs", "use super::two::Two;");
    assert_eq!(circles(&imports(dir.path())), ["a::one → a::two → a::one"]);
}
