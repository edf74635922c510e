//! How texts are rendered, and what is refused with its line.

use super::*;

#[derive(Default)]
struct Plain {
    files: AuthorFiles,
    maths: Maths,
    ids: Ids,
    numbers: Numbers,
    notes: Vec<String>,
    faults: Vec<SiteError>,
    links: Vec<(String, usize)>,
    seen: Vec<(String, String, usize)>,
}

impl Surroundings for Plain {
    fn component(&mut self, name: &str, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        self.seen
            .push((name.into(), settings.text.clone(), settings.place(0).line));
        if name == "strip" {
            Ok("<b>strip</b>".into())
        } else {
            Err(at.wrong("no such component"))
        }
    }
    fn files(&mut self) -> &mut AuthorFiles {
        &mut self.files
    }
    fn maths(&mut self) -> &mut Maths {
        &mut self.maths
    }
    fn ids(&mut self) -> &mut Ids {
        &mut self.ids
    }
    fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }
    fn words(&self) -> Words {
        Words::or_english("en")
    }
    fn note(&mut self, at: &Place, note: &str) {
        self.notes.push(format!("{at}: {note}"));
    }
    fn fault(&mut self, error: SiteError) {
        self.faults.push(error);
    }
    fn refer(&mut self, id: &str, at: &Place) {
        self.links.push((id.to_owned(), at.line));
    }
}

/// The text, or the first thing that is wrong with it.
fn settled(html: String, around: &mut Plain) -> Result<String, SiteError> {
    match around.faults.drain(..).next() {
        Some(error) => Err(error),
        None => Ok(html),
    }
}

fn rendered(text: &str, allow_html: bool) -> (Result<String, SiteError>, Plain) {
    let mut around = Plain::default();
    let source = SourceText::part(Path::new("a.md"), 1, text);
    let rules = Rules {
        folder: Path::new("/nowhere"),
        allow_html,
        prefix: "s-",
    };
    let html = render(&source, rules, &mut around);
    (settled(html, &mut around), around)
}

#[test]
fn commonmark_tables_footnotes_and_maths_become_html() {
    let (html, _) = rendered(
        "# Head\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\nText[^1] with $x^2$.\n\n[^1]: A note.\n",
        false,
    );
    let html = html.unwrap();
    for part in [
        "<h3 id=\"s-head\">",
        "<table>",
        "<td class=\"right\">",
        "<math",
        "footnote",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("style="), "{html}");
}

#[test]
fn html_is_shown_as_text_unless_it_is_allowed() {
    let text = "before <script>alert(1)</script>\n\n<div>block</div>\n";
    let escaped = rendered(text, false).0.unwrap();
    assert!(
        !escaped.contains("<script>") && !escaped.contains("<div>"),
        "{escaped}"
    );
    assert!(escaped.contains("&lt;script&gt;"), "{escaped}");
    assert!(rendered(text, true).0.unwrap().contains("<script>"));
    let heading = rendered("# A <script>alert(1)</script> heading\n", false)
        .0
        .unwrap();
    assert!(!heading.contains("<script>"), "{heading}");
}

#[test]
fn a_heading_is_read_like_any_other_text() {
    let (html, _) = rendered(
        "## The `steps` of $x$ and [all](#all)\n\n## Named {#by-hand}\n",
        false,
    );
    let html = html.unwrap();
    for part in [
        "<h3 id=\"s-the-steps-of-and-all\">",
        "<code>steps</code>",
        "<math",
        "<a href=\"#all\">",
        "<h3 id=\"by-hand\">",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let error = rendered("# ![x](missing.png)\n", false)
        .0
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("a.md:1: /nowhere/missing.png"), "{error}");
}

#[test]
fn a_component_gets_its_settings_with_the_line_they_stand_on() {
    let (html, around) = rendered("Text.\n\n```{strip}\ncompound = 'taxol'\n```\n", false);
    assert!(html.unwrap().contains("<b>strip</b>"));
    assert_eq!(around.seen, [("strip".into(), "compound = 'taxol'\n".into(), 4)]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, expected) in [
        ("a\n\n![x](missing.png)\n", "a.md:3: /nowhere/missing.png"),
        (
            "a\n\n![x](https://cdn.example/x.png)\n",
            "a.md:3: picture https://cdn.example/x.png: expected a file",
        ),
        (
            "[x](javascript:alert)\n",
            "a.md:1: link javascript:alert: expected",
        ),
        ("one\ntwo $\\nosuch x$\n", "a.md:2: formula"),
        ("\n```{stripe}\n```\n", "a.md:2: no such component"),
    ] {
        let error = rendered(text, false).0.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}

fn inline(text: &str) -> String {
    let mut around = Plain::default();
    let rules = Rules {
        folder: Path::new("/nowhere"),
        allow_html: false,
        prefix: "s-",
    };
    render_inline(&SourceText::part(Path::new("a.md"), 1, text), rules, &mut around)
}

#[test]
fn a_caption_or_cell_takes_markdown_and_begins_no_block() {
    for (text, expected) in [
        ("**12.5**", "<strong>12.5</strong>"),
        ("_a_ and `b`", "<em>a</em> and <code>b</code>"),
        ("1. x", "1. x"),
        ("12.", "12."),
        ("# x", "# x"),
        ("- 3", "- 3"),
        ("    x", "x"),
        ("one\n\ntwo", "one  two"),
        ("A & B <i>", "A &amp; B &lt;i&gt;"),
        ("", ""),
    ] {
        assert_eq!(inline(text), expected, "{text}");
    }
    assert!(inline("$x_0$ of [it](https://example.org)").contains("<msub>"));
}

#[test]
fn footnotes_of_two_texts_have_ids_of_their_own_and_ids_given_twice_are_refused_with_both_places() {
    let mut around = Plain::default();
    let mut of = |prefix: &str, text: &str| {
        let rules = Rules {
            folder: Path::new("/nowhere"),
            allow_html: false,
            prefix,
        };
        let html = render(&SourceText::part(Path::new("a.md"), 1, text), rules, &mut around);
        settled(html, &mut around)
    };
    let one = of("one-", "A[^1].\n\n[^1]: N.\n").unwrap();
    let two = of("two-", "B[^1].\n\n[^1]: M.\n").unwrap();
    assert!(
        one.contains("id=\"one-note-1\"") && one.contains("href=\"#one-note-1\" role=\"doc-noteref\">1</a>"),
        "{one}"
    );
    assert!(two.contains("id=\"two-note-1\""), "{two}");
    let twice = of("x-", "# Same\n\n# Same\n").unwrap();
    assert!(
        twice.contains("id=\"x-same\"") && twice.contains("id=\"x-same-2\""),
        "{twice}"
    );
    of("x-", "# A {#chosen}\n").unwrap();
    let error = of("y-", "\n# B {#chosen}\n").unwrap_err().to_string();
    assert!(
        error.starts_with("a.md:2: ") && error.contains("the first is at a.md:1"),
        "{error}"
    );
}

#[test]
fn a_note_leads_back_to_every_place_that_refers_to_it() {
    let (html, _) = rendered("A[^n] and[^m] B[^n].\n\n[^n]: One.\n\n[^m]: Two.\n", false);
    let html = html.unwrap();
    for part in [
        "id=\"s-note-n-ref\"",
        "id=\"s-note-n-ref-2\"",
        "href=\"#s-note-n-ref\" role=\"doc-backlink\" aria-label=\"Back to the text (1)\"",
        "href=\"#s-note-n-ref-2\" role=\"doc-backlink\" aria-label=\"Back to the text (2)\"",
        "href=\"#s-note-m-ref\" role=\"doc-backlink\" aria-label=\"Back to the text\"",
    ] {
        assert_eq!(html.matches(part).count(), 1, "{part}: {html}");
    }
    // The link ends the note's paragraph and does not stand below it.
    assert!(html.contains("<p>Two. <a class=\"footnote-back\""), "{html}");
    assert!(html.trim_end().ends_with("</a></p>\n</div>"), "{html}");
}

#[test]
fn everything_that_is_wrong_with_a_text_is_told_at_once_in_its_order() {
    let mut around = Plain::default();
    let text = "![x](one.png)\n\n[y](two.pdf) and ![](three.png)\n\n$\\nosuch$\n\n```{stripe}\n```\n";
    let rules = Rules {
        folder: Path::new("/nowhere"),
        allow_html: false,
        prefix: "s-",
    };
    render(&SourceText::part(Path::new("a.md"), 1, text), rules, &mut around);
    let told: Vec<String> = around.faults.iter().map(ToString::to_string).collect();
    let expected = [
        "a.md:1: ",
        "a.md:3: ",
        "a.md:3: ",
        "a.md:3: a picture without words",
        "a.md:5: ",
        "a.md:7: ",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told} for {expected}");
    }
}

#[test]
fn links_to_the_page_itself_are_known_with_their_lines() {
    let (html, around) = rendered("a\n\n[b](#one) [c](#a%20b) [d](https://example.org/#x)\n", false);
    assert!(html.is_ok());
    assert_eq!(around.links, [("one".to_owned(), 3), ("a b".to_owned(), 3)]);
}

#[test]
fn what_may_not_be_meant_is_said_with_its_line() {
    for (text, expected) in [
        ("a\n\n<sub>x</sub>\n", "a.md:3: HTML is shown as text, \"<sub>\""),
        ("# H {onclick=alert(1)}\n", "a.md:1: the attribute \"onclick\""),
        ("a\n\n![x](fig 1.png)\n", "a.md:3: (fig 1.png) is shown as text"),
        ("a\n\nb[^none] c\n", "a.md:3: [^none] is shown as text"),
        (
            "a[^1]\n\n[^1]: b\n\n[^3]: c\n",
            "a.md:5: the note [^3] is shown where it stands",
        ),
        ("a\n\n$$ x^2\n\nb\n", "a.md:3: $$ is shown as text"),
        ("a\n\nOne $\\frac{a$ two.\n", "a.md:3: $\\frac{a is shown as text"),
    ] {
        let (html, around) = rendered(text, false);
        assert!(!html.unwrap().contains("onclick"), "{text}");
        assert!(
            around.notes.iter().any(|note| note.starts_with(expected)),
            "{text}: {:?}",
            around.notes
        );
    }
    for text in [
        "A [link](https://example.org) and (some words).\n",
        "A[^1] has `$$` and `[^x]`, or \\$\\$.\n\n[^1]: $$x$$\n",
        "```\n$$ [^x]\n```\n",
        "A file of $HOME\\data costs $5.\n",
    ] {
        let (_, around) = rendered(text, false);
        assert!(around.notes.is_empty(), "{text}: {:?}", around.notes);
    }
}

#[test]
fn a_picture_is_found_by_its_decoded_name_and_needs_words() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("fig 1.svg"),
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    )
    .unwrap();
    let of = |text: &str| {
        let mut around = Plain {
            files: AuthorFiles::of(folder.path()),
            ..Plain::default()
        };
        let rules = Rules {
            folder: folder.path(),
            allow_html: false,
            prefix: "s-",
        };
        let html = render(&SourceText::part(Path::new("a.md"), 1, text), rules, &mut around);
        settled(html, &mut around)
    };
    for text in ["![x](fig%201.svg)", "![x](<fig 1.svg>)", "[x](fig%201.svg#a)"] {
        assert!(of(text).unwrap().contains("=\"files/fig-1-"), "{text}");
    }
    let error = of("a\n\n![](fig%201.svg)\n").unwrap_err().to_string();
    assert!(error.starts_with("a.md:3: a picture without words"), "{error}");
}

#[test]
fn a_bare_address_becomes_a_link_and_one_in_a_link_or_in_code_stays() {
    let html = rendered(
        "See https://a.org/x_y_z--1?q=1. `https://b.org` [https://c.org](https://d.org)",
        false,
    )
    .0
    .unwrap();
    assert!(
        html.contains("<a href=\"https://a.org/x_y_z--1?q=1\">https://a.org/x_y_z--1?q=1</a>."),
        "{html}"
    );
    assert_eq!(html.matches("<a ").count(), 2, "{html}");
    let quoted = rendered("\"Well\" -- said", false).0.unwrap();
    assert_eq!(quoted, "<p>“Well” – said</p>\n");
}

#[test]
fn a_formula_with_an_id_has_a_number_and_the_text_behind_it_stays() {
    let (html, around) = rendered("Then\n\n$$x = 1$$ {#eq-one} follows, see @eq-one.\n", false);
    let html = html.unwrap();
    assert!(
        html.contains("<span class=\"equation\" id=\"eq-one\">") && html.contains("(1)</span>"),
        "{html}"
    );
    assert!(
        html.contains("</span> follows, see <!--cellflux ref eq-one-->."),
        "{html}"
    );
    assert!(around.ids.has("eq-one"));
    let (plain, _) = rendered("$$x$$ and mail@example.org [@key]", false);
    assert!(plain.unwrap().contains("mail@example.org [@key]"));
}
