//! Texts on which parsers and renderers of Markdown have taken minutes or gigabytes, each as long
//! as a note may be. Based on the pathological tests of commonmark (`test/pathological_tests.py` of
//! cmark) and on texts that were slow in the popup's own former parser.

use super::MAX_SUMMARY_BYTES;

/// Returns the texts with their names.
pub(crate) fn pathological_texts() -> Vec<(String, String)> {
    let long = |piece: &str| piece.repeat(MAX_SUMMARY_BYTES / piece.len());
    let mut texts: Vec<(String, String)> = [
        ">",
        "> ",
        "- ",
        "1. ",
        "* + ",
        "[",
        "]",
        "![",
        "[](",
        "[a](",
        "[a](<b",
        "](",
        "*",
        "**",
        "*a ",
        "a* ",
        "*a_ ",
        "_a*",
        "a**b",
        "***a ",
        "*_~~`",
        "~~",
        "~~a ",
        "~",
        "`",
        "` ``",
        "a` ",
        "<",
        "<a ",
        "<!--",
        "<!-- a",
        "<?",
        "<![CDATA[",
        "<!A",
        "</",
        "<a b=\"",
        "&",
        "&amp;",
        "&#1;",
        "\\",
        "\\[",
        "#",
        "# a\n",
        "a\n=\n",
        "-\n",
        "\t",
        " \n",
        "|",
        "|a",
        "|-",
        "a|b\n",
        "\0",
        "- [ ] ",
        "[^a]",
        "![[]()",
        "[[[]()",
        "(a",
        "[a]: b\n",
        "[a]:",
        "[]: ",
        "http://a ",
        "<a@b.c>",
        "<https://e.org/>",
        "[a](https://e.org) ",
        "`a`",
        "**a** ",
        "```\n",
        "~~~\n",
        "    a\n",
        "\u{301}",
    ]
    .iter()
    .map(|piece| ((*piece).to_owned(), long(piece)))
    .collect();
    let half = MAX_SUMMARY_BYTES / 2;
    let mut put = |name: &str, mut text: String| {
        text.truncate(MAX_SUMMARY_BYTES);
        texts.push((name.to_owned(), text));
    };
    let nest = |open: &str, close: &str| {
        let times = MAX_SUMMARY_BYTES / (open.len() + close.len());
        format!("{}{}", open.repeat(times), close.repeat(times))
    };
    for (open, close) in [
        ("[", "]"),
        ("[", "](a)"),
        ("![", "](a)"),
        ("*", "*"),
        ("**a", "b**"),
        ("*a _b ", "c_ d*"),
        ("(", ")"),
    ] {
        put(&format!("{open}…{close}"), nest(open, close));
    }
    put(
        "one long address, linked often",
        format!(
            "[a]: https://e.org/{}\n\n{}",
            "x".repeat(half),
            "[a]".repeat(half / 3)
        ),
    );
    put("many addresses, linked", {
        let many: String = (0..2000)
            .map(|n| format!("[{n}]: https://e.org/{n}\n"))
            .collect();
        let links: String = (0..4000).map(|n| format!("[{}]", n % 2000)).collect();
        format!("{many}\n{links}")
    });
    put("a wide table of empty rows", {
        let columns = half / 4;
        format!(
            "|{}\n|{}\n{}",
            "a|".repeat(columns),
            "-|".repeat(columns),
            "|\n".repeat(half / 4)
        )
    });
    put(
        "backquotes of every length",
        (1..400).map(|n| "`".repeat(n) + "a").collect(),
    );
    put(
        "lists that go deeper",
        (0..360).map(|n| " ".repeat(n) + "- a\n").collect(),
    );
    put(
        "lists that go deeper by two",
        (0..250).map(|n| "  ".repeat(n) + "* a\n").collect(),
    );
    put(
        "quotes that go deeper",
        (0..360).map(|n| "> ".repeat(n / 2) + "a\n").collect(),
    );
    put(
        "deep once, then lazy",
        format!("{}a\n{}", "> ".repeat(half / 4), "a\n".repeat(half / 2)),
    );
    put(
        "deep list, then blank",
        format!("{}a\n{}", "- ".repeat(half / 4), "\n".repeat(half)),
    );
    put("html begun often", "<a href=\"x\" ".repeat(half / 6));
    put(
        "entities",
        "&CounterClockwiseContourIntegral;".repeat(half / 16),
    );
    let blanks = " ".repeat(MAX_SUMMARY_BYTES - 100);
    for (before, after) in [
        ("[a](", "x y"),
        ("[a](b", "x"),
        ("# a", "b"),
        ("#", "#"),
        ("a|b\n-|-", "x"),
        ("[a]: x", "y"),
        ("a", "\nb"),
        ("***", "x"),
        ("` ", "a"),
        ("> - [a](\u{a0}", "x y"),
    ] {
        let text = format!("{before}{blanks}{after}");
        texts.push((format!("{before:?}, blanks, {after:?}"), text));
    }
    texts.extend(growing());
    texts
}

/// Returns the part of a text with this number.
type Line = fn(usize) -> String;

/// Returns texts with growing or distinct lines or words.
fn growing() -> Vec<(String, String)> {
    let kinds: [(&str, Line); 31] = [
        ("a code span that begins with a blank", |k| match k {
            0 => "` ".into(),
            _ => "a ".into(),
        }),
        ("rows of backticks", |k| "`".repeat(k + 1) + " "),
        ("fences of every length", |k| "`".repeat(k + 3) + "\n"),
        ("runs of tildes", |k| "~".repeat(k + 1) + "a "),
        ("runs of stars", |k| "*".repeat(k % 50 + 1) + "a "),
        ("runs of stars and underscores", |k| {
            "*".repeat(k % 7 + 1) + "a" + &"_".repeat(k % 5 + 1) + " "
        }),
        ("headings of blanks and signs", |k| {
            format!("#{}#\n", " ".repeat(k))
        }),
        ("headings of signs", |k| {
            format!("# {}\n", "# ".repeat(k % 100))
        }),
        ("lists of one item each", |k| {
            format!("{} a\n", ["-", "+", "*", "1.", "1)"][k % 5])
        }),
        ("empty lists of one item each", |k| {
            format!("{}\n", ["-", "+", "*", "1.", "1)"][k % 5])
        }),
        ("a loose list", |_| "- a\n\n".into()),
        ("lists that go deeper by tabs", |k| "\t".repeat(k) + "- a\n"),
        ("lists that go deeper, then lines", |k| match k {
            0..200 => "  ".repeat(k) + "- a\n",
            _ => "a\n".into(),
        }),
        ("sixty lists, then lazy lines", |k| match k {
            0 => "- ".repeat(60) + "a\n",
            _ => "a\n".into(),
        }),
        ("sixty quotes, then lazy lines", |k| match k {
            0 => "> ".repeat(60) + "a\n",
            _ => "a\n".into(),
        }),
        ("sixty lists again and again", |_| "- ".repeat(60) + "a\n"),
        ("sixty quotes again and again", |_| "> ".repeat(60) + "a\n"),
        ("definitions and their uses", |k| {
            format!("[{k}]: x\n\n[{k}] [{}]\n\n", k / 2)
        }),
        ("definitions over several lines", |k| {
            format!("[{k}\nb]:\nx\n'a\nb'\n")
        }),
        ("definitions with an open title", |k| {
            format!("[{k}]: x 'a\n")
        }),
        ("footnotes", |k| format!("[^{k}]: x\n\n[^{k}]\n")),
        ("open titles of links", |k| format!("[a](b{k} \"c")),
        ("tags, comments and instructions", |k| {
            ["<![CDATA[", "<?", "<!--", "<!X ", "<a b=\"", "</a"][k % 6].into()
        }),
        ("addresses in angle brackets", |k| {
            format!("<https://e.org/{k}> <a{k}@b.c> ")
        }),
        ("tables that get wider", |k| {
            "|a".repeat(k + 1) + "\n" + &"|-".repeat(k + 1) + "\n"
        }),
        ("a table of ten columns and short rows", |k| match k {
            0 => "a|".repeat(10) + "\n" + &"-|".repeat(10) + "\n",
            _ => "x\n".into(),
        }),
        (
            "a table of a thousand columns and short rows",
            |k| match k {
                0 => "a|".repeat(1000) + "\n" + &"-|".repeat(1000) + "\n",
                _ => "x\n".into(),
            },
        ),
        ("links with titles, by reference", |k| match k {
            0 => "[a]: http:a \"\u{1}\"\n\n".into(),
            _ => "[a]".into(),
        }),
        ("cells in the middle", |k| match k {
            0 => "|\u{1}".repeat(20) + "\n" + &"|:-:".repeat(20) + "\n",
            1..1190 => "|\u{1}\n".into(),
            _ => String::from("\u{1}"),
        }),
        ("quotes just not too deep", |_| ">".repeat(59) + "\n\n"),
        ("emphasis in emphasis", |_| "*a **a ".into()),
    ];
    kinds
        .into_iter()
        .map(|(name, part)| {
            let mut text = String::new();
            for number in 0.. {
                if text.len() >= MAX_SUMMARY_BYTES {
                    break;
                }
                text.push_str(&part(number));
            }
            text.truncate(MAX_SUMMARY_BYTES);
            (name.to_owned(), text)
        })
        .collect()
}
