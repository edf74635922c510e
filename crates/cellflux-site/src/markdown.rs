//! An author's text: `CommonMark` with tables, footnotes, maths, coloured code, and the page's components.
//!
//! A component is a code block whose language is its name in braces, with its settings as TOML:
//!
//! ````text
//! ```{strip}
//! compound = "taxol"
//! caption = "Six moments of the walk."
//! ```
//! ````

use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::config::is_web_address;
use crate::error::SiteError;
use crate::files::AuthorFiles;
use crate::highlight::highlight;
use crate::html::slug;
use crate::maths::Maths;
use crate::source::{Place, Source};

/// What a text may contain beyond itself.
pub trait Surroundings {
    /// A component's HTML.
    ///
    /// # Errors
    /// [`SiteError::At`] with the line of what is wrong.
    fn component(&mut self, name: &str, settings: &Source, at: &Place) -> Result<String, SiteError>;
    /// The author's files.
    fn files(&mut self) -> &mut AuthorFiles;
    /// Formulas.
    fn maths(&mut self) -> &mut Maths;
}

/// How a text is read.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The folder that the text's links start from.
    pub folder: &'a Path,
    /// Whether HTML is passed on; otherwise it is shown as text.
    pub allow_html: bool,
    /// Put before the ids of headings, so that two texts on one page do not share any.
    pub prefix: &'a str,
}

/// Renders a text.
///
/// # Errors
/// [`SiteError::At`] for a picture or file that is not there, a picture of another site, a broken formula or component.
pub fn render(source: &Source, rules: Rules, around: &mut impl Surroundings) -> Result<String, SiteError> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_SMART_PUNCTUATION
        | Options::ENABLE_MATH
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut events = Vec::new();
    let mut heading = None;
    let mut parser = Parser::new_ext(&source.text, options).into_offset_iter();
    while let Some((event, at)) = parser.next() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language,
                    CodeBlockKind::Indented => CowStr::Borrowed(""),
                };
                let (text, first) = code_block(&mut parser, &at);
                let html = match component_name(&language) {
                    Some(name) => {
                        let settings = Source::part(&source.path, source.place(first).line, &text);
                        around.component(name, &settings, &source.place(at.start))?
                    }
                    None => highlight(&text, language.split([' ', ',']).next().unwrap_or_default()),
                };
                events.push(Event::Html(html.into()));
            }
            Event::InlineMath(tex) => events.push(formula(&tex, false, source, &at, around)?),
            Event::DisplayMath(tex) => events.push(formula(&tex, true, source, &at, around)?),
            Event::Html(text) | Event::InlineHtml(text) if !rules.allow_html => {
                events.push(Event::Text(text));
            }
            Event::Start(mut tag @ (Tag::Image { .. } | Tag::Link { .. })) => {
                point(&mut tag, rules, source, &at, around)?;
                events.push(Event::Start(tag));
            }
            Event::Start(Tag::Heading {
                level,
                id,
                classes,
                attrs,
            }) => {
                heading = Some(Heading::new(events.len()));
                events.push(Event::Start(Tag::Heading {
                    level: below_the_sections(level),
                    id,
                    classes,
                    attrs,
                }));
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some(heading) = heading.take() {
                    heading.name(&mut events, rules.prefix);
                }
                events.push(Event::End(TagEnd::Heading(below_the_sections(level))));
            }
            other => {
                if let (Some(heading), Event::Text(text) | Event::Code(text)) = (&mut heading, &other) {
                    heading.words.push_str(text);
                }
                events.push(other);
            }
        }
    }
    let mut text = String::new();
    html::push_html(&mut text, events.into_iter());
    // The page's policy forbids inline style, by which the writer aligns the columns of tables.
    for side in ["left", "center", "right"] {
        text = text.replace(
            &format!(" style=\"text-align: {side}\""),
            &format!(" class=\"{side}\""),
        );
    }
    Ok(text)
}

/// A heading that is being read. It gets its name when its words are known.
struct Heading {
    /// Where its beginning stands among the events.
    start: usize,
    words: String,
}

impl Heading {
    fn new(start: usize) -> Self {
        Self {
            start,
            words: String::new(),
        }
    }

    /// Gives a heading that the author has not named the name of its words.
    fn name(self, events: &mut [Event], prefix: &str) {
        if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(self.start) {
            id.get_or_insert_with(|| format!("{prefix}{}", slug(&self.words)).into());
        }
    }
}

/// The text of a code block and where it starts.
fn code_block<'a>(
    parser: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>,
    at: &Range<usize>,
) -> (String, usize) {
    let mut text = String::new();
    let mut first = None;
    for (event, at) in parser {
        match event {
            Event::Text(part) => {
                first.get_or_insert(at.start);
                text.push_str(&part);
            }
            _ => break,
        }
    }
    (text, first.unwrap_or(at.start))
}

/// `{name}`, when a code block's language is one.
fn component_name(language: &str) -> Option<&str> {
    language.trim().strip_prefix('{')?.strip_suffix('}')
}

/// A section's title is the page's second level; a text's own headings come below it.
fn below_the_sections(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 | HeadingLevel::H3 => HeadingLevel::H3,
        HeadingLevel::H4 => HeadingLevel::H4,
        HeadingLevel::H5 => HeadingLevel::H5,
        HeadingLevel::H6 => HeadingLevel::H6,
    }
}

fn formula(
    tex: &str,
    display: bool,
    source: &Source,
    at: &Range<usize>,
    around: &mut impl Surroundings,
) -> Result<Event<'static>, SiteError> {
    let mathml = around
        .maths()
        .render(tex, display)
        .map_err(|problem| source.wrong(at, format!("formula {tex:?}: {problem}")))?;
    Ok(Event::InlineHtml(mathml.into()))
}

/// Gives a picture or a link the address that it has in the site: of a file of the author's, and for a link also another
/// site's or a place on this page.
fn point(
    tag: &mut Tag,
    rules: Rules,
    source: &Source,
    at: &Range<usize>,
    around: &mut impl Surroundings,
) -> Result<(), SiteError> {
    let (address, what, expected) = match tag {
        Tag::Image { dest_url, .. } => (
            dest_url,
            "picture",
            "a file beside this one; pages ask no other site for anything",
        ),
        Tag::Link { dest_url, .. } if leads_elsewhere(dest_url) => return Ok(()),
        Tag::Link { dest_url, .. } => (
            dest_url,
            "link",
            "https://…, mailto:…, #a-place-on-this-page or a file beside this one",
        ),
        _ => return Ok(()),
    };
    if address.contains(':') || address.starts_with("//") {
        return Err(source.wrong(at, format!("{what} {address}: expected {expected}")));
    }
    let file = rules.folder.join(&**address);
    *address = around.files().add(&file, &source.place(at.start))?.into();
    Ok(())
}

/// Whether a link needs no file of the author's.
fn leads_elsewhere(address: &str) -> bool {
    address.starts_with('#') || address.starts_with("mailto:") || is_web_address(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Plain {
        files: AuthorFiles,
        maths: Maths,
        seen: Vec<(String, String, usize)>,
    }

    impl Surroundings for Plain {
        fn component(&mut self, name: &str, settings: &Source, at: &Place) -> Result<String, SiteError> {
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
    }

    fn rendered(text: &str, allow_html: bool) -> (Result<String, SiteError>, Plain) {
        let mut around = Plain::default();
        let source = Source::part(Path::new("a.md"), 1, text);
        let rules = Rules {
            folder: Path::new("/nowhere"),
            allow_html,
            prefix: "s-",
        };
        (render(&source, rules, &mut around), around)
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
}
