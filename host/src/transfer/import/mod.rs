//! Import: turns a file in one of many formats into notes. `formats.rs` has the table of formats,
//! `detect.rs` finds the format of a file. Files are read as a stream, one bookmark at a time, and
//! everything that comes from others is limited.

mod buku;
mod columns;
mod csv;
mod dates;
mod delicious;
mod detect;
mod elcurator;
mod encoding;
mod fields;
mod formats;
mod goodlinks;
mod html;
mod html_input;
mod html_markup;
mod json;
mod json_list;
mod karakeep;
mod lines;
mod linkding;
mod linkwarden;
mod markdown;
mod netscape;
mod omnivore;
mod opml;
mod outline;
mod own_entry;
mod pinboard;
mod pinboard_xml;
mod readability;
mod redirects;
mod report;
mod row;
mod row_text;
mod run;
mod secret_names;
mod secrets;
mod sessions;
mod shaarli;
mod source;
mod surrogates;
mod tree;
mod url_notes;
mod values;
mod wallabag;
mod xbel;
mod xml;
mod zip;

pub use detect::detect;
pub use formats::{FORMATS, Format, format_named};
pub use report::{Remark, Report};
pub use row::FileReport;
pub use row::ImportOptions;
pub use run::run;
pub use source::Source;
