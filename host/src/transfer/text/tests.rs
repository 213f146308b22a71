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
            | [4](https://example.org/x%7Cy) |  |

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
            [b](https://example.org/a/b) [c](https://e.org/%28c%29) here here too d e f long g

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
fn an_exclamation_mark_before_a_link_makes_no_image_of_it() {
    for (html, markdown) in [
        ("Wow!<a href=b>c</a>", "Wow\\![c](https://example.org/a/b)"),
        (
            "Wow!<b><a href=b>c</a></b>",
            "Wow\\![c](https://example.org/a/b)",
        ),
        (
            "<i>Wow!</i><span><a href=b>c</a>",
            "*Wow*\\![c](https://example.org/a/b)",
        ),
        (
            "Wow! <a href=b>c</a>!",
            "Wow! [c](https://example.org/a/b)!",
        ),
        (
            "a\\!<a href=b>c</a>",
            "a\\\\\\![c](https://example.org/a/b)",
        ),
        (
            "<a href=b>c!</a><a href=b>d</a>",
            "[c!](https://example.org/a/b)[d](https://example.org/a/b)",
        ),
        ("!<a href=javascript:b>c</a>", "!c"),
        (
            "<table><tr><td>a!<a href=b>c</a><td>d<tr><td>e<td>f</table>",
            "|  |  |\n| --- | --- |\n| a\\![c](https://example.org/a/b) | d |\n| e | f |",
        ),
    ] {
        let found = article(&format!("<p>{html}"));
        assert_eq!(found, markdown, "{html}");
        assert_eq!(without_loading(&found), found);
    }
}

#[test]
fn markdown_that_someone_gave_loads_nothing() {
    for (given, inert) in [
        ("a ![b *c*](https://t.example/x \"y\") d", "a b c d"),
        (
            "[![b](https://t.example/x)](https://e.org/)",
            "[b](https://e.org/)",
        ),
        ("![![b](c)](d)", "b"),
        (
            "![b][c] ![c] ![c][]\n\n[c]: https://t.example/x",
            "b c c\n\n[c]: https://t.example/x",
        ),
        ("| a |\n| - |\n| ![b\\|c](d) |", "| a |\n| - |\n| b\\|c |"),
        ("![# b](c)", "\\# b"),
        ("![b!](c)[d](e)", "b\\![d](e)"),
        ("`![b](c)`\n\n    <img>", "`![b](c)`\n\n    <img>"),
        ("\\![b](c)", "\\![b](c)"),
        (
            "a <img src=x> <https://e.org/>",
            "a &lt;img src=x> <https://e.org/>",
        ),
        ("<div>\n![b](c)\n</div>", "&lt;div>\n&#33;[b](c)\n&lt;/div>"),
        ("<p>\\<img src=x>", "&lt;p>\\&lt;img src=x>"),
        ("![b]\n\n<p>\n\n[b]: c", "b\n\n&lt;p>\n\n[b]: c"),
        ("<p>\n[b]: c\n\n![b]", "&lt;p>\n[b]: c\n\n![b]"),
    ] {
        let found = without_loading(given);
        assert_eq!(found, inert, "{given}");
        assert_eq!(without_loading(&found), found);
    }
    // Nested too deep to be read.
    let deep = format!("{}![b](c) <img src=x>", "> ".repeat(100));
    let found = without_loading(&deep);
    assert!(found.ends_with("> &#33;[b](c) &lt;img src=x>"), "{found}");
}

#[test]
fn emphasis_is_marked_only_where_a_renderer_sees_it() {
    for (html, markdown) in [
        ("<b>Note:</b> a", "**Note:** a"),
        ("<b>Note:</b>a", "**Note**:a"),
        ("x<b>(a)</b>, <i>b!</i>", "x(**a**), *b!*"),
        ("<b>“a”</b>", "**“a”**"),
        (
            "<a href=b><b>a.</b></a>b",
            "[**a.**](https://example.org/a/b)b",
        ),
        ("<i><b>a.</b></i>b", "**a**.b"),
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
fn quotations_deletions_and_raised_numbers_are_marked() {
    for (html, markdown) in [
        ("the word <q>home</q>.", "the word \"home\"."),
        ("<del>old</del> <s>older</s>", "~~old~~ ~~older~~"),
        ("10<sup>−5</sup> m<sup>2</sup>", "10^−5 m^2"),
        ("said<sup><a href=#n>1</a></sup>.", "said\\[1\\]."),
        ("1<sup>st</sup> <sup>2</sup>", "1st 2"),
    ] {
        assert_eq!(article(html), markdown, "{html}");
    }
}

#[test]
fn formulas_become_their_source() {
    let source = "<annotation encoding='application/x-tex'>{\\displaystyle a^{2} }</annotation>";
    for (html, markdown) in [
        (
            format!("<math><semantics><mi>a</mi>{source}</semantics></math> b"),
            "`a^{2}` b",
        ),
        (
            "<math><mn>0.002</mn>\n<mo>x</mo></math>".into(),
            "`0.002 x`",
        ),
        (
            format!(
                "<span class=mwe-math-mathml-inline style='display: none'><math>{source}</math></span>"
            ),
            "`a^{2}`",
        ),
        (format!("<p hidden><math>{source}</math></p>b"), "b"),
        ("<math></math>a".into(), "a"),
        ("a<math><mi>b".into(), "a`b`"),
        (
            "<math><annotation encoding=x-tex>a<p>b</math>c".into(),
            "`a`c",
        ),
    ] {
        assert_eq!(article(&html), markdown, "{html}");
    }
}

#[test]
fn cells_that_cover_others_leave_their_places_empty() {
    check(
        "<table><tr><th rowspan=2>a<th colspan=2>b<th>c<tr><th>d<th>e<th>f<tr><td>g<td>h<td>i<td>j</table>\
         <table><tr><td rowspan=999>k<td>l<tr><td>m<tr><td colspan=-1>n</table>",
        &expect![[r#"
            | a | b |  | c |
            | --- | --- | --- | --- |
            |  | d | e | f |
            | g | h | i | j |

            |  |  |
            | --- | --- |
            | k | l |
            |  | m |
            |  | n |"#]],
    );
}

#[test]
fn signs_beside_headings_and_numbers_of_lines_are_left_out() {
    check(
        "<h2>a<a href=#a>¶</a> <a href=b>c</a></h2><h3><button>d</button><span class=mw-editsection>[e]</span></h3>\
         <details><summary>f?</summary>g</details>\
         <table><tr><td class=gutter><pre>1\n2</pre><td><pre class=\"brush: js\"><i class=lineno>1</i>h  \n\n</pre></table>\
         <p style='white-space: pre-line'>i\nj</p><p>k<a href=#l>#</a>",
        &expect![[r#"
            ## a [c](https://example.org/a/b)

            ### d

            **f?**

            g

            ```js
            h
            ```

            i\
            j

            k#"#]],
    );
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
        ("<dl><dt hidden>a<dd>b</dl>", "- b"),
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
fn exactly_the_invisible_characters_that_the_extension_removes_are_removed() {
    let ranges: Vec<[String; 2]> = serde_json::from_str(include_str!(
        "../../../../tests/fixtures/invisible-characters.json"
    ))
    .unwrap();
    let code = |hex: &str| u32::from_str_radix(hex, 16).unwrap();
    let is_removed = |c: char| {
        let is_in = |[first, last]: &[String; 2]| (code(first)..=code(last)).contains(&c.into());
        ranges.iter().any(is_in)
    };
    // A carriage return is a line break.
    let all: String = ('\0'..=char::MAX).filter(|c| *c != '\r').collect();
    let kept: String = all.chars().filter(|c| !is_removed(*c)).collect();
    assert!(without_controls(&all) == kept);
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
fn elements_nested_too_deep_keep_their_words_apart() {
    let deep = "<div>".repeat(200);
    for (html, markdown) in [
        ("a<p>b<p>c", "a\\\nb\\\nc"),
        ("a<div>b</div>c", "a\\\nb\\\nc"),
        ("a<b>b</b>c", "abc"),
        ("a<ul><li>b<li>c</ul>d", "a\\\nb\\\nc\\\nd"),
        ("a<script>b</script><p>c", "a\\\nc"),
        (
            "a<div><svg><g>b</g></svg></div>c<p hidden>d<p>e",
            "a\\\nc\\\ne",
        ),
    ] {
        assert_eq!(article(&format!("{deep}{html}")), markdown, "{html}");
    }
    assert_eq!(
        article(&format!("{deep}a<p>b{}<p>c", "</div>".repeat(200))),
        "a\\\nb\n\nc"
    );
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
            "<dl><dt><button>a</button>?<dd>b<dd>c</dl><b>「d。」</b><q>e</q><s>f</s>10<sup>-2</sup><sup><a>1</a></sup>",
            "<math><annotation encoding=tex>{\\displaystyle a}</annotation><mi>b</math><p style='white-space:pre'>c\nd",
            "<table><tr><td rowspan=3 colspan=2>a<td class=gutter><pre class=lineno>1<tr><td>b</table><details><summary>c</details>",
        ],
        |html| {
            for read in [
                ReadText::of_page(html, Some(&base())),
                ReadText::of_article(html, None),
                ReadText::of_plain(html),
                ReadText::of_markdown(html),
            ] {
                let inert = without_loading(&read.markdown);
                assert_eq!(without_loading(&inert), inert);
                assert!(read.markdown.len() <= MAX_TEXT_BYTES);
                assert_eq!(
                    read.markdown,
                    ReadText::of_markdown(&read.markdown).markdown
                );
            }
        },
    );
}
