//! What elements mean for a text, by their names, classes and attributes.

/// What an element means for the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text; not an element.
    Text,
    /// `h1` to `h6`.
    Heading(usize),
    Paragraph,
    /// An element that begins on a line of its own.
    Block,
    Article,
    /// A list, and the first number of an ordered one.
    List(Option<u64>),
    Item,
    Quote,
    Preformatted,
    Code,
    Table,
    /// `thead`, `tbody` or `tfoot`.
    RowGroup,
    Caption,
    Row,
    /// A cell of a table, and whether it is a header.
    Cell(bool),
    Link,
    Emphasis,
    Strong,
    LineBreak,
    Rule,
    /// `dt` or `summary`.
    Term,
    /// `dd`.
    Definition,
    /// `q`.
    Quotation,
    Deleted,
    Superscript,
    /// A formula, with its source as detail.
    Formula,
    /// An element without a line of its own.
    Inline,
    /// Its content isn't part of the text.
    Skipped,
}

impl Kind {
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"h1" => Self::Heading(1),
            b"h2" => Self::Heading(2),
            b"h3" => Self::Heading(3),
            b"h4" => Self::Heading(4),
            b"h5" => Self::Heading(5),
            b"h6" => Self::Heading(6),
            b"p" => Self::Paragraph,
            b"article" => Self::Article,
            b"html" | b"body" | b"div" | b"section" | b"main" | b"header" | b"footer" | b"nav"
            | b"aside" | b"form" | b"fieldset" | b"dialog" | b"figure" | b"figcaption"
            | b"details" | b"address" | b"hgroup" | b"center" | b"dl" | b"search" => Self::Block,
            b"ul" | b"menu" | b"dir" => Self::List(None),
            b"ol" => Self::List(Some(1)),
            b"li" => Self::Item,
            b"blockquote" => Self::Quote,
            b"pre" | b"listing" | b"xmp" => Self::Preformatted,
            b"code" | b"kbd" | b"samp" | b"tt" => Self::Code,
            b"table" => Self::Table,
            b"thead" | b"tbody" | b"tfoot" => Self::RowGroup,
            b"caption" => Self::Caption,
            b"tr" => Self::Row,
            b"td" => Self::Cell(false),
            b"th" => Self::Cell(true),
            b"a" => Self::Link,
            b"em" | b"i" => Self::Emphasis,
            b"strong" | b"b" => Self::Strong,
            b"br" => Self::LineBreak,
            b"hr" => Self::Rule,
            b"dt" | b"summary" => Self::Term,
            b"dd" => Self::Definition,
            b"q" => Self::Quotation,
            b"del" | b"s" | b"strike" => Self::Deleted,
            b"sup" => Self::Superscript,
            b"math" => Self::Formula,
            b"head" | b"title" | b"script" | b"style" | b"template" | b"noscript" | b"svg"
            | b"textarea" | b"select" | b"datalist" | b"button" | b"iframe" | b"object"
            | b"embed" | b"canvas" | b"audio" | b"video" | b"map" | b"rt" | b"rp"
            | b"annotation" | b"annotation-xml" | b"noembed" | b"noframes" => Self::Skipped,
            _ => Self::Inline,
        }
    }

    /// Returns whether it begins on a line of its own.
    pub(super) fn is_block(self) -> bool {
        !matches!(
            self,
            Self::Text
                | Self::Code
                | Self::Link
                | Self::Emphasis
                | Self::Strong
                | Self::LineBreak
                | Self::Inline
                | Self::Quotation
                | Self::Deleted
                | Self::Superscript
                | Self::Formula
                | Self::Skipped
        )
    }

    /// Returns whether its start ends an open paragraph.
    pub(super) fn ends_paragraph(self) -> bool {
        self.is_block()
            && !matches!(
                self,
                Self::RowGroup | Self::Row | Self::Cell(_) | Self::Caption
            )
    }
}

/// Elements without content.
pub(super) fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

/// Returns whether a class is that of the numbers of lines of code.
pub(super) fn is_margin(class: &[u8]) -> bool {
    let class = String::from_utf8_lossy(&class[..class.len().min(512)]).to_ascii_lowercase();
    class.split_ascii_whitespace().any(|class| {
        matches!(
            class,
            "gutter"
                | "lineno"
                | "linenos"
                | "linenodiv"
                | "line-number"
                | "line-numbers"
                | "linenumber"
                | "linenumbers"
                | "hljs-ln-numbers"
        )
    })
}

/// Returns the language of code, by the classes and attributes that highlighters write.
pub(super) fn language<'a>(attribute: impl Fn(&[u8]) -> Option<&'a [u8]>) -> String {
    let text = |name: &[u8]| {
        let value = attribute(name)?;
        let value = String::from_utf8_lossy(&value[..value.len().min(256)]);
        Some(value.into_owned()).filter(|value| !value.is_empty())
    };
    if let Some(language) = text(b"data-lang").or_else(|| text(b"data-language")) {
        return language;
    }
    let classes = text(b"class").unwrap_or_default();
    let mut words = classes.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word == "brush:" {
            return words.next().unwrap_or_default().to_owned();
        }
        let named = [
            "language-",
            "lang-",
            "highlight-source-",
            "highlight-",
            "brush:",
        ]
        .iter()
        .find_map(|before| word.strip_prefix(before));
        if let Some(named) = named {
            return named.to_owned();
        }
    }
    String::new()
}

/// Elements that may be in `head`. Any other one ends it (HTML standard, "in head").
pub(super) fn belongs_to_head(name: &[u8]) -> bool {
    matches!(
        name,
        b"base"
            | b"basefont"
            | b"bgsound"
            | b"link"
            | b"meta"
            | b"noframes"
            | b"noscript"
            | b"script"
            | b"style"
            | b"template"
            | b"title"
    )
}
