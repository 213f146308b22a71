//! Recognises the columns of a table, or the members of an object, by their names.

use super::{
    dates::{Moment, Order, date_of_table},
    row::{ARCHIVE, Row, STARRED, TO_READ},
    values,
};
use crate::transfer::import::secret_names;

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Url,
    Title,
    Tags,
    Note,
    Excerpt,
    Saved,
    Updated,
    Published,
    Site,
    Language,
    /// Pocket's `unread`, `archive` or nothing; Readwise's "location".
    Status,
    /// The path of one folder.
    Folder,
    /// Names of several folders.
    Lists,
    Starred,
    Archived,
    /// Whether it is still to be read.
    ToRead,
    /// Whether it was read.
    Read,
    Other,
}

/// Names of columns without case, accents and signs. If several columns mean the same, the first
/// name is preferred.
const COLUMNS: &[(Column, &str)] = &[
    (
        Column::Url,
        "url href link address uri pageurl linkurl bookmarkurl articleurl weburl websiteurl \
         siteurl fullurl originalurl sourceurl givenurl resolvedurl targeturl longurl urls links \
         webaddress website webpage hyperlink permalink adresse internetadresse webadresse lien \
         enlace vinculo direccion indirizzo collegamento endereco koppeling lank lenke linkki \
         odkaz adres ссылка адрес посилання リンク アドレス 链接 網址 网址 링크 주소",
    ),
    (
        Column::Title,
        "customtitle title name pagetitle linktitle bookmarktitle articletitle headline \
         websitetitle resolvedtitle giventitle titel titre titulo titolo nombre nom nome otsikko \
         tytul nazev cim название назва タイトル 标题 標題 제목",
    ),
    (
        Column::Tags,
        "tags tag labels label keywords documenttags tagnames taglist tagslist hashtags topics \
         categories category keyword schlagworter schlagworte etiketten etiquettes motscles \
         etiquetas etichette categoria kategorie marcadores taggar тег теги метки タグ 标签 標籤 태그",
    ),
    (
        Column::Note,
        "note notes customdescription summary selection highlights highlight documentnote comment \
         comments annotation annotations extended memo remark remarks notiz notizen kommentar \
         bemerkung remarque commentaire nota notas comentario comentarios commento заметка \
         комментарий メモ 备注 備註 메모",
    ),
    (
        Column::Excerpt,
        "excerpt description desc abstract snippet preview beschreibung descripcion descricao \
         descrizione описание 説明 描述 설명",
    ),
    (
        Column::Saved,
        "timeadded created createdat dateadded addedat savedat saveddate datesaved creationdate \
         createddate datecreated createdtime createdon addedon savedon bookmarkedat datebookmarked \
         timecreated insertedat collectedat adddate added timestamp time date datetime importdate \
         lastinteractiondate datum erstellt hinzugefugt fecha fechadecreacion data datedajout cree \
         дата 日付 日期 날짜",
    ),
    (
        Column::Updated,
        "updatedat updated lastupdate lastmodified modifiedat modified datemodified dateupdated \
         modifieddate updateddate editedat",
    ),
    (
        Column::Published,
        "publishedat publisheddate datepublished published pubdate publicationdate publishdate",
    ),
    (
        Column::Site,
        "sitename publisher source domainname websitename",
    ),
    (Column::Language, "lang language sprache langue idioma"),
    (Column::Status, "status location state readstatus"),
    (
        Column::Folder,
        "folder folderpath foldername bookmarkfolder ordner dossier carpeta cartella pasta папка \
         フォルダ 文件夹 폴더",
    ),
    (
        Column::Lists,
        "lists list collections collection collectionname listname folders group groups notebook \
         bucket board",
    ),
    (
        Column::Starred,
        "favorite favourite favorited favourited starred isstarred isfavorite isfavourite isfav \
         important liked isliked favorit favori",
    ),
    (
        Column::Archived,
        "archived isarchived archive isarchive inarchive",
    ),
    (
        Column::ToRead,
        "inqueue toread unread isunread readlater toberead",
    ),
    (Column::Read, "read isread isfinished finished"),
];

/// Names of columns beside a password, besides those of bookmarks.
const LOGIN_NAMES: &str = "username user login loginname loginuri loginusername loginurl email account website \
    websites matchurl hostname httprealm formactionorigin benutzername benutzer anmeldename \
    identifiant utilisateur nomdutilisateur usuario nombredeusuario utente nomeutente \
    gebruikersnaam anvandarnamn brukernavn brugernavn kayttajatunnus uzytkownik \
    nazwauzytkownika uzivatelskejmeno felhasznalonev имяпользователя логин ユーザー名 用户名 使用者名稱 \
    사용자이름 grouping extra fav reprompt";

/// Normalises a name: no case, accents, full width or signs.
fn plain(name: &str) -> String {
    secret_names::words(name).concat()
}

/// Returns the meaning of a name, and how well it fits: lower is better.
pub(super) fn named(name: &str) -> (Column, usize) {
    let plain = plain(name);
    for (column, names) in COLUMNS {
        if let Some(rank) = names.split(' ').position(|name| name == plain) {
            return (*column, rank);
        }
    }
    (Column::Other, 0)
}

/// Returns whether a name occurs in tables of bookmarks or of logins.
pub(super) fn is_known(name: &str) -> bool {
    named(name).0 != Column::Other || is_of_login(name)
}

/// Returns whether a name is that of an address or of a user.
pub(super) fn is_of_login(name: &str) -> bool {
    named(name).0 == Column::Url || is_login_name(name)
}

fn is_login_name(name: &str) -> bool {
    let plain = plain(name);
    LOGIN_NAMES.split(' ').any(|name| name == plain)
}

/// How a program writes the values of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The separator of tags, if it is known.
    pub(super) separator: Option<char>,
    /// The order of day and month, if it is known.
    pub(super) order: Option<Order>,
    /// The text that means no tag.
    pub(super) no_tag: Option<&'static str>,
    /// Whether "read: no" means that it is to be read.
    pub(super) unread: bool,
    /// Whether "read" is the state of a note of ours, and becomes no tag.
    pub(super) has_state: bool,
}

/// Fills a row from the values of columns. `rank` is how well a column's name fits.
pub(super) struct Filling<'a> {
    pub(super) row: &'a mut Row,
    pub(super) dialect: Dialect,
    /// The ranks of the names used so far.
    ranks: [usize; 4],
}

impl<'a> Filling<'a> {
    pub(super) fn new(row: &'a mut Row, dialect: Dialect) -> Self {
        Self {
            row,
            dialect,
            ranks: [usize::MAX; 4],
        }
    }

    /// Returns whether this name fits better than the one used so far.
    fn is_better(&mut self, which: usize, rank: usize) -> bool {
        let better = rank < self.ranks[which];
        if better {
            self.ranks[which] = rank;
        }
        better
    }

    pub(super) fn date(&mut self, column: Column, rank: usize, date: Moment) {
        match column {
            Column::Updated => {
                let before = std::mem::take(&mut self.row.updated);
                self.row.updated = before.or(date);
            }
            _ => {
                let before = std::mem::take(&mut self.row.saved);
                let better = date.at().is_some() && self.is_better(0, rank);
                self.row.saved = if better { date } else { before.or(date) };
            }
        }
    }

    pub(super) fn text(&mut self, column: Column, rank: usize, value: &str) {
        if value.trim().is_empty() {
            return;
        }
        let dialect = self.dialect;
        let row = &mut *self.row;
        match column {
            Column::Url => {
                if self.is_better(1, rank) {
                    value.clone_into(&mut self.row.url);
                }
            }
            Column::Title => {
                if self.is_better(2, rank) {
                    value.clone_into(&mut self.row.title);
                }
            }
            Column::Tags => {
                // Programs that separate tags by semicolons may have commas within a tag.
                let separator = dialect
                    .separator
                    .filter(|sign| *sign != ';' || value.contains(';'));
                self.names(values::tags(value, separator));
            }
            Column::Note => {
                if !row.note.is_empty() {
                    row.note.push_str("\n\n");
                }
                row.note.push_str(value);
            }
            Column::Excerpt => {
                if self.is_better(3, rank) {
                    self.row.excerpt = Some(value.to_owned());
                }
            }
            Column::Saved | Column::Updated => {
                self.date(column, rank, date_of_table(value, dialect.order));
            }
            Column::Published => row.published = Some(value.to_owned()),
            Column::Site => row.site_name = Some(value.to_owned()),
            Column::Language => row.lang = Some(value.to_owned()),
            Column::Status => row.tags.extend(state(value)),
            Column::Folder => folder(value, row),
            Column::Lists => row.folders.extend(values::tags(value, None)),
            Column::Starred if values::is_yes(value) => row.tags.push(STARRED.into()),
            Column::Archived if values::is_yes(value) => row.tags.push(ARCHIVE.into()),
            Column::ToRead if values::is_yes(value) => row.tags.push(TO_READ.into()),
            Column::Read if dialect.has_state => row.kept.read = Some(!values::is_no(value)),
            Column::Read if dialect.unread && values::is_no(value) => {
                row.tags.push(TO_READ.into());
            }
            Column::Starred | Column::Archived | Column::ToRead | Column::Read | Column::Other => {}
        }
    }

    pub(super) fn names(&mut self, names: Vec<String>) {
        let none = self.dialect.no_tag;
        let names = names.into_iter().filter(|name| Some(name.as_str()) != none);
        self.row.tags.extend(names);
    }
}

/// Returns the tag for a state.
pub(super) fn state(text: &str) -> Option<String> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "unread" | "new" | "later" | "shortlist" | "inbox" | "queue" | "to read" => {
            TO_READ.to_owned()
        }
        "archive" | "archived" | "read" => ARCHIVE.to_owned(),
        "starred" | "favorite" => STARRED.to_owned(),
        _ => return None,
    })
}

/// Reads a folder. Raindrop's is a path; three of Instapaper's have a special meaning.
pub(super) fn folder(text: &str, row: &mut Row) {
    match text.trim() {
        "Unread" => row.tags.push(TO_READ.into()),
        "Archive" => row.tags.push(ARCHIVE.into()),
        "Starred" => row.tags.push(STARRED.into()),
        // Raindrop's name for no folder.
        "Unsorted" => {}
        path => {
            let names = path.split('/').map(str::trim);
            let names = names.filter(|name| !name.is_empty());
            row.folders.extend(names.map(str::to_owned));
        }
    }
}
