use expect_test::{Expect, expect};
use url::Url;

use super::*;

fn base() -> Url {
    Url::parse("https://example.org/a/page?x=1").unwrap()
}

fn article(html: &str) -> String {
    let read = ReadText::of_article(html, Some(&base()));
    assert!(read.whole, "{html}");
    read.markdown
}

#[track_caller]
fn check(html: &str, markdown: &Expect) {
    markdown.assert_eq(&article(html));
}

#[test]
fn headings_paragraphs_lists_and_quotes_become_markdown() {
    check(
        "<h1>A <i>title</i> #</h1><p>One\n  <b>two</b>,\tthree&nbsp;four.<p>Five<br>six<br><br>seven\
         <ul><li>a<li><p>b</p><ul><li>c</li></ul><li></ul><ol start=3><li>d</li><li><p>e</p><p>f</p></li></ol>\
         <blockquote><p>g</p><p>h</p></blockquote><hr><hr>i",
        &expect![[r#"
            # A *title* \#

            One **two**, three four.

            Five\
            six

            seven

            - a
            - b
              - c

            3. d

            4. e

               f

            > g
            >
            > h

            ---

            i"#]],
    );
}

#[test]
fn code_keeps_its_lines_and_its_language() {
    check(
        "<p>Call <code>a`b</code> or <code> c </code>.</p>\
         <div class='highlight language-rust'><pre>\nfn a() {\n    b();\n}\n</pre></div>\
         <pre><code class=\"lang-js\">let a = `b`;<br>// ``` &lt;b&gt;</code></pre><pre> </pre>",
        &expect![[r#"
            Call ``a`b`` or `c`.

            ```rust
            fn a() {
                b();
            }
            ```

            ````js
            let a = `b`;
            // ``` <b>
            ````"#]],
    );
}

#[test]
fn tables_with_data_stay_tables_and_others_become_their_content() {
    check(
        "<table><caption>Sizes</caption><thead><tr><th>a<th>b|c</tr></thead><tbody>\
         <tr><td>1<td><p>2</p><p>3</p></tr><tr><td><a href='/x|y'>4</a></tbody></table>\
         <table><tr><td>k<td>v</tr><tr><td>l<td>w</tr></table>\
         <table><tr><td><p>left</p><td><h2>right</h2></tr></table>\
         <table><tr><td>only</td></tr></table>",
        &expect![[r#"
            Sizes

            | a | b\|c |
            | --- | --- |
            | 1 | 2 3 |
            | [4](https://example.org/x\|y) |  |

            |  |  |
            | --- | --- |
            | k | v |
            | l | w |

            left

            ## right

            only"#]],
    );
}

#[test]
fn links_lead_to_the_web_and_nowhere_else() {
    let long = format!("<a href='/{}'>long</a>", "x".repeat(300));
    check(
        &format!(
            "<p><a href=\"b\"> b </a><a href='//e.org/(c)'>c</a> <a href='#top'>here</a> \
             <a href='/a/page?x=1#top'>here too</a> <a href='JaVaScRiPt:alert(1)'>d</a> \
             <a href='data:text/html,x'>e</a> <a href='mailto:a@e.org'>f</a> {long} \
             <a href='https://me:secret@e.org/'>g</a> <a href='h'><img src=i alt=j></a>\
             <a href='k'><h2>K</h2><p>text</p></a>"
        ),
        &expect![[r#"
            [b](https://example.org/a/b) [c](<https://e.org/(c)>) here here too d e f long [g](https://e.org/)

            ## K

            text"#]],
    );
}

#[test]
fn text_that_looks_like_markup_stays_text() {
    for (text, markdown) in [
        ("*a* _b_ c_d_e", "\\*a\\* \\_b\\_ c_d_e"),
        ("[a](b) ![c](d) `e`", "\\[a\\](b) \\!\\[c\\](d) \\`e\\`"),
        ("# a", "\\# a"),
        ("#tag", "#tag"),
        ("1. a", "1\\. a"),
        ("1.5 a", "1.5 a"),
        ("- a", "\\- a"),
        ("> a", "\\> a"),
        ("=====", "\\====="),
        ("~~a~~ ~b", "\\~\\~a\\~\\~ ~b"),
        (
            "&lt;b&gt; &amp;amp; AT&amp;T a & b",
            "\\<b> \\&amp; AT\\&T a & b",
        ),
        ("| a |", "\\| a |"),
        ("a\\b", "a\\\\b"),
    ] {
        assert_eq!(article(&format!("<p>{text}</p>")), markdown);
        let plain = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        assert_eq!(ReadText::of_plain(&plain).markdown, markdown);
    }
}

#[test]
fn nothing_is_left_of_scripts_images_forms_and_hidden_parts() {
    check(
        "<title>t</title><style>a{}</style><p>a<script>b</script><img alt=c src=d><svg><title>e</title></svg>\
         <textarea>f</textarea><select><option>g</select><button>h</button><template><p>i</p></template>\
         <span hidden>j</span><span style='Display: none'>k</span><span aria-hidden=true>l</span>\
         <div contenteditable>m</div><noscript>n</noscript><iframe>o</iframe><!-- p --><ruby>漢<rt>かん</rt></ruby>q",
        &expect!["a\n\n漢q"],
    );
}

#[test]
fn emphasis_is_marked_only_where_a_renderer_sees_it() {
    for (html, markdown) in [
        ("<b>Note:</b> a", "**Note**: a"),
        ("a<i>b</i>c", "a*b*c"),
        ("<b>「日本」</b>の", "「**日本**」の"),
        ("a <b> b </b>c", "a **b** c"),
        ("<b>a</b><b>b</b>", "**a**b"),
        ("<b>...</b> <i></i>x", "... x"),
        ("<i><b>a</b></i> <b>b<br>c</b>", "**a** b\\\nc"),
        ("<b><p>a</b> b</p><p>c</p>", "a b\n\nc"),
    ] {
        assert_eq!(article(html), markdown, "{html}");
    }
}

#[test]
fn a_saved_page_gives_its_main_text() {
    let words = "These are the words of the article, which go on for a while. ".repeat(8);
    let page = |content: &str| {
        format!(
            "<!doctype html><title>t</title><body><header><a href=/>Site</a></header>\
             <nav><ul><li><a href=/a>Menu</a></ul></nav>{content}\
             <div class='related-posts'>More</div><div id=cookie-banner>Accept</div>\
             <form>Subscribe</form><footer>Imprint</footer>"
        )
    };
    for content in [
        format!("<main><h1>Head</h1><p>{words}</p><aside>Aside</aside></main>"),
        format!("<div role=main><h1>Head</h1><p>{words}</p></div>"),
        format!(
            "<div><article><header><h1>Head</h1></header><p>{words}</p></article><article>Other</article></div>"
        ),
        format!("<div><h1>Head</h1><p>{words}</p></div>"),
    ] {
        let read = ReadText::of_page(&page(&content), Some(&base()));
        assert_eq!(
            read.markdown,
            format!("# Head\n\n{}", words.trim()),
            "{content}"
        );
    }
    // A page that is a form, or has nothing but what looks secondary, is kept.
    let form = format!("<form>{}</form>", format!("<p>{words}</p>").repeat(10));
    assert_eq!(
        ReadText::of_page(&form, None)
            .markdown
            .matches("These")
            .count(),
        80
    );
    assert_eq!(
        ReadText::of_page("<nav>Only this</nav>", None).markdown,
        "Only this"
    );
}

#[test]
fn end_tags_may_be_left_out_also_of_what_is_skipped() {
    for (html, markdown) in [
        ("<html><head><title>x</title><body><p>Hello", "Hello"),
        ("<head><title>x</title><body class=a>Hello", "Hello"),
        ("<head><title>x</title><p>Hello<p>b", "Hello\n\nb"),
        ("<head><title>x</title>Hello", "Hello"),
        (
            "<head><style>a{}</style><a href=b>c</a>",
            "[c](https://example.org/a/b)",
        ),
        (
            "<head>\n<meta charset=utf-8>\n<base href=/><link rel=x><body>a",
            "a",
        ),
        (
            "<head><script>a</script><template><p>b<p>c</template><noscript><p>d</noscript>\
             <title>e</title></head><p>f",
            "f",
        ),
        ("<head></head><head><p>a", "a"),
        ("<p hidden>a<p>b", "b"),
        (
            "<ul><li hidden>a<li>b<li aria-hidden=true>c<li>d</ul>e",
            "- b\n- d\n\ne",
        ),
        ("<dl><dt hidden>a<dd>b</dl>", "b"),
        (
            "<table><tr><th>a<th>b<tr hidden><td>c<td>d<tr><td>e<td hidden>f</table><p>g",
            "| a | b |\n| --- | --- |\n| e |  |\n\ng",
        ),
        ("<p>a<button><p>b</button> c", "a c"),
        ("<p>a <ruby>b<rt>c<rt>d</ruby> e", "a b e"),
        ("<span hidden><p>a</span>b", "b"),
    ] {
        assert_eq!(article(html), markdown, "{html}");
    }
}

#[test]
fn control_characters_and_reversed_directions_are_left_out() {
    let text = "a\u{0}b\u{1b}[1m\u{202E}c\u{202C}\u{2066}d\u{2069}\u{FEFF}\u{7f}\u{85}e\tf\r\ng";
    assert_eq!(ReadText::of_markdown(text).markdown, "ab[1mcde\tf\ng");
    assert_eq!(article("<p>a&#x202E;b&#1;c"), "abc");
    // Joiners and marks of direction belong to languages.
    assert_eq!(
        ReadText::of_markdown("می\u{200C}خواهم \u{200F}").markdown,
        "می\u{200C}خواهم \u{200F}"
    );
}

#[test]
fn a_long_text_is_cut_at_a_block() {
    let paragraph = "word ".repeat(100);
    let html = format!("<p>{paragraph}</p>").repeat(1_000);
    let read = ReadText::of_article(&html, None);
    assert!(!read.whole);
    assert!(read.markdown.len() <= MAX_TEXT_BYTES);
    assert!(read.markdown.len() > MAX_TEXT_BYTES - 1_000);
    assert!(
        read.markdown
            .split("\n\n")
            .all(|block| block == paragraph.trim())
    );
    let read = ReadText::of_markdown(&"字".repeat(200_000));
    assert!(!read.whole && read.markdown.len() <= MAX_TEXT_BYTES);
    let read = ReadText::of_plain(&format!("{paragraph}\n\n").repeat(1_000));
    assert!(!read.whole && read.markdown.ends_with("word"));
    assert!(ReadText::of_plain(&"a\n\n".repeat(80_000)).whole);
}

#[test]
fn pages_of_a_pdf_become_paragraphs() {
    let read = ReadText::of_plain("One\r\ntwo\n\n\u{c}  Three\n\n\n# four\n");
    assert_eq!(read.markdown, "One\ntwo\n\nThree\n\n\\# four");
    assert!(ReadText::of_plain(" \n\u{c}\n").is_empty());
}

/// To print how long each takes: `cargo test --release any_nesting -- --nocapture`.
#[test]
fn any_nesting_and_any_length_ends_soon() {
    let much = if cfg!(debug_assertions) {
        1 << 20
    } else {
        50 << 20
    };
    let filled = |part: &str| part.repeat(much / part.len());
    for (name, html) in [
        (
            "tables",
            format!(
                "{}deep{}",
                "<table><tr><td>".repeat(1_000),
                "</table>".repeat(1_000)
            ),
        ),
        ("lists", format!("{}deep", "<ul><li>x".repeat(1_000))),
        ("quotes", format!("{}deep", "<blockquote>".repeat(10_000))),
        ("divs", format!("{}deep", filled("<div>"))),
        ("open tables", format!("{}deep", filled("<table><tr><td>x"))),
        ("inline", format!("{}deep", filled("<b><i>"))),
        ("links", filled("<a href=x>y")),
        (
            "ends",
            format!("<p><table><td>{}", filled("<b></p></div></b>")),
        ),
        ("paragraphs", filled("<p>x")),
        ("text", filled("words and more ")),
        ("spaces", filled(" ")),
        ("lines", filled("<br>")),
        ("backticks", filled("`")),
        ("code", format!("<pre>{}", filled("`x`"))),
        ("cells", format!("<table><tr>{}", filled("<td>x"))),
        ("rows", format!("<table>{}", filled("<tr><td>x<td>y"))),
        (
            "nested and filled",
            format!("{}{}", "<table><tr><td>".repeat(120), filled("<p>x</p>")),
        ),
        (
            "lists in lists",
            format!("{}{}", "<ul><li>".repeat(120), filled("<li>x")),
        ),
        ("attributes", format!("<p {}>x", filled("a b c=d "))),
        ("comment", format!("<!--{}", filled("-"))),
        ("entities", filled("&amp;&lt;")),
    ] {
        let started = std::time::Instant::now();
        let page = ReadText::of_page(&html, Some(&base()));
        let took = started.elapsed().as_secs_f64() * 1e3;
        eprintln!("{took:8.1} ms {:9} bytes {name}", page.markdown.len());
        assert!(page.markdown.len() <= MAX_TEXT_BYTES);
        if html.len() < 1 << 20 {
            assert!(
                page.markdown.contains("deep") || !html.contains("deep"),
                "{name}"
            );
        }
    }
}

#[test]
fn fuzz_page_texts() {
    crate::fuzz::text(
        &[
            "<main><h1>a</h1><p>b <b>c</b><ul><li>d<li>e</ul><pre class=language-x>f</pre></main>",
            "<table><tr><th>a<td>b</table><blockquote>c<a href='/d'>e</a></blockquote><nav>f</nav>",
            "<svg/><script>x</script><template><b><p></b></p></template><br><hr>&amp;",
        ],
        |html| {
            for read in [
                ReadText::of_page(html, Some(&base())),
                ReadText::of_article(html, None),
                ReadText::of_plain(html),
                ReadText::of_markdown(html),
            ] {
                assert!(read.markdown.len() <= MAX_TEXT_BYTES);
                assert_eq!(
                    read.markdown,
                    ReadText::of_markdown(&read.markdown).markdown
                );
            }
        },
    );
}
