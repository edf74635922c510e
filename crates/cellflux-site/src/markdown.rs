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

mod prose;

use std::ops::Range;
use std::path::Path;

use prose::Prose;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd, html};

use crate::address::{self, Target};
use crate::error::SiteError;
use crate::files::{AuthorFiles, Use};
use crate::footnotes::Footnotes;
use crate::headings::{Heading, below_the_sections, number};
use crate::highlight::highlight;
use crate::ids::Ids;
use crate::maths::Maths;
use crate::mentions::Cited;
use crate::place::Place;
use crate::references::Numbers;
use crate::source::SourceText;
use crate::untaken::Untaken;
use crate::words::Words;

/// What is read beyond `CommonMark`.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_SMART_PUNCTUATION)
    .union(Options::ENABLE_MATH)
    .union(Options::ENABLE_HEADING_ATTRIBUTES);

/// What a text may contain beyond itself.
pub trait Surroundings {
    /// A component's HTML.
    ///
    /// # Errors
    /// [`SiteError::At`] with the line of what is wrong.
    fn component(&mut self, name: &str, settings: &SourceText, at: &Place) -> Result<String, SiteError>;
    /// The author's files.
    fn files(&mut self) -> &mut AuthorFiles;
    /// Formulas.
    fn maths(&mut self) -> &mut Maths;
    /// The ids of the page's elements.
    fn ids(&mut self) -> &mut Ids;
    /// The numbers of the site's figures and equations.
    fn numbers(&mut self) -> &mut Numbers;
    /// What stands for publications that a text cites: `prose` is whether it does so in a sentence and
    /// without brackets. Nothing where the text names none.
    ///
    /// # Errors
    /// [`SiteError::At`] for a publication that is not in the bibliography.
    fn cite(&mut self, _cited: &[Cited], _prose: bool, _at: &Place) -> Result<Option<String>, SiteError> {
        Ok(None)
    }
    /// The toolkit's own words in the page's language.
    fn words(&self) -> Words;
    /// Tells the author what is not wrong but may be a mistake.
    fn note(&mut self, at: &Place, note: &str);
    /// Takes an error. Reading goes on, so that an author hears of all errors at once; the page is not
    /// published then.
    fn fault(&mut self, error: SiteError);
    /// Takes a link to the element of this page that has an id, which may come later.
    fn refer(&mut self, id: &str, at: &Place);
    /// Whether a name is that of one of the site's pages.
    fn is_page(&self, _name: &str) -> bool {
        false
    }
    /// Takes a heading that has been read: its level on the page, its id and its words.
    fn heading(&mut self, _level: u8, _id: &str, _words: &str) {}
}

/// How a text is read.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The folder to which the text's links are relative.
    pub folder: &'a Path,
    /// Whether HTML is passed on; otherwise it is shown as text.
    pub allow_html: bool,
    /// Prefix of the ids of headings, so that two texts on one page share none.
    pub prefix: &'a str,
}

/// Renders a text. What is wrong with it goes to [`Surroundings::fault`], as [`SiteError::At`]: a picture or
/// file that is not there, a picture of another site, a broken formula or component, an id that another
/// element of the page has.
pub fn render(source: &SourceText, rules: Rules, around: &mut impl Surroundings) -> String {
    written(read(&source.text, |at| at, source, rules, around))
}

/// Renders a text that stands within a line: a caption, a cell of a table. Nothing in it begins a block, so
/// `1. x` and `# x` stay plain text. Errors are reported as by [`render`].
pub fn render_inline(source: &SourceText, rules: Rules, around: &mut impl Surroundings) -> String {
    /// Begins no block, and as punctuation lets emphasis begin behind it.
    const GUARD: &str = ",";
    let one_line: String = source
        .text
        .trim_end()
        .chars()
        .map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c })
        .collect();
    let start = one_line.len() - one_line.trim_start().len();
    let text = format!("{GUARD}{}", one_line.trim_start());
    let in_source = |at: usize| (at + start).saturating_sub(GUARD.len());
    let mut events = read(&text, in_source, source, rules, around);
    events.retain(|event| {
        !matches!(
            event,
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph)
        )
    });
    if let Some(Event::Text(first)) = events.first_mut() {
        *first = first.strip_prefix(GUARD).unwrap_or(first).to_owned().into();
    }
    written(events)
}

/// The events of a text, with the page's addresses, ids, formulas and components. `in_source` turns a place
/// in `text` into one in `source`.
fn read<'a>(
    text: &'a str,
    in_source: impl Fn(usize) -> usize,
    source: &SourceText,
    rules: Rules,
    around: &mut impl Surroundings,
) -> Vec<Event<'a>> {
    let moved = |at: Range<usize>| in_source(at.start)..in_source(at.end);
    let mut events = Vec::new();
    let mut heading: Option<Heading> = None;
    let mut picture: Option<(usize, Place)> = None;
    let mut plain = Untaken::default();
    let mut footnotes = Footnotes::new(rules.prefix);
    let mut prose = Prose::of(text);
    let place = |at: usize| source.place(in_source(at));
    let mut parser = Parser::new_ext(text, OPTIONS).into_offset_iter();
    while let Some((event, at)) = parser.next() {
        let before = text.get(..at.start).and_then(|text| text.chars().next_back());
        let raw = at.clone();
        let at = moved(at);
        if let Some(note) = plain.see(&event, before) {
            around.note(&source.place(at.start), &note);
        }
        if let (Event::Text(words), None) = (&event, &heading)
            && prose.is_open()
        {
            prose.take(words, raw, &mut events, &place, around);
            continue;
        }
        prose.settle(&mut events, &place, around);
        prose.see(&event, rules.allow_html);
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                events.push(Event::Html(code(&kind, &mut parser, &at, source, around).into()));
            }
            Event::InlineMath(tex) => events.push(formula(&tex, false, source, &at, around)),
            Event::DisplayMath(tex) => {
                let shown = formula(&tex, true, source, &at, around);
                events.push(prose.formula(shown, raw.end, &source.place(at.start), around));
            }
            Event::Html(text) | Event::InlineHtml(text) if !rules.allow_html => {
                around.note(&source.place(at.start), &shown_as_text(&text));
                events.push(Event::Text(text));
            }
            Event::Start(mut tag @ (Tag::Image { .. } | Tag::Link { .. })) => {
                let pointed = point(&mut tag, rules, source, &at, around);
                if kept(pointed, around).is_none() {
                    without_address(&mut tag);
                }
                if matches!(tag, Tag::Image { .. }) {
                    picture = Some((events.len(), source.place(at.start)));
                }
                events.push(Event::Start(tag));
            }
            Event::End(TagEnd::Image) => {
                if let Some((start, place)) = picture.take() {
                    kept(has_words(events.get(start..).unwrap_or_default(), &place), around);
                }
                events.push(Event::End(TagEnd::Image));
            }
            Event::FootnoteReference(name) => {
                events.push(footnotes.reference(&name, around.ids(), &source.place(at.start)));
            }
            Event::Start(Tag::FootnoteDefinition(name)) => {
                let place = source.place(at.start);
                let claimed = around.ids().claim(&footnotes.id(&name), &place);
                kept(claimed, around);
                events.push(footnotes.begin(&name, place));
            }
            Event::End(TagEnd::FootnoteDefinition) => footnotes.end(&mut events),
            Event::Start(mut tag @ Tag::Heading { .. }) => {
                let place = source.place(at.start);
                settle_heading(&mut tag, &place, around);
                heading = Some(Heading::new(events.len(), place));
                events.push(Event::Start(tag));
            }
            Event::End(TagEnd::Heading(level)) => {
                let level = below_the_sections(level);
                if let Some(heading) = heading.take() {
                    let (id, words) = heading.name(&mut events, rules.prefix, around.ids());
                    around.heading(number(level), &id, &words);
                }
                events.push(Event::End(TagEnd::Heading(level)));
            }
            other => {
                if let (Some(heading), Event::Text(text) | Event::Code(text)) = (&mut heading, &other) {
                    heading.words.push_str(text);
                }
                events.push(other);
            }
        }
    }
    prose.settle(&mut events, &place, around);
    for (name, at) in footnotes.finish(&mut events, &around.words()) {
        let note = format!("the note [^{name}] is shown where it stands, since no text refers to it");
        around.note(&at, &note);
    }
    events
}

/// What was made; nothing where it is wrong, and then the error is reported.
fn kept<T>(made: Result<T, SiteError>, around: &mut impl Surroundings) -> Option<T> {
    made.map_err(|error| around.fault(error)).ok()
}

/// Puts a heading below the sections' titles, claims the name that it was given, and leaves out its other
/// attributes.
fn settle_heading(tag: &mut Tag, place: &Place, around: &mut impl Surroundings) {
    let Tag::Heading { level, id, attrs, .. } = tag else {
        return;
    };
    if let Some((name, _)) = attrs.first() {
        let note = format!(
            "the attribute {:?} of a heading is left out, expected #id and .class only",
            &**name
        );
        around.note(place, &note);
    }
    attrs.clear();
    if let Some(id) = id {
        let claimed = around.ids().claim(id, place);
        kept(claimed, around);
    }
    *level = below_the_sections(*level);
}

/// The note about HTML that is not passed on.
fn shown_as_text(html: &str) -> String {
    let shown: String = html.trim().chars().take(40).collect();
    format!("HTML is shown as text, {shown:?}; `allow_html = true` in site.toml passes it on")
}

/// Events as HTML.
fn written(events: Vec<Event>) -> String {
    let mut text = String::new();
    html::push_html(&mut text, events.into_iter());
    // The page's policy forbids inline style, with which the writer aligns the columns of tables.
    for side in ["left", "center", "right"] {
        text = text.replace(
            &format!(" style=\"text-align: {side}\""),
            &format!(" class=\"{side}\""),
        );
    }
    text
}

/// Refuses a picture without words in its brackets: people who cannot see it would not know what it shows.
fn has_words(picture: &[Event], place: &Place) -> Result<(), SiteError> {
    let worded = picture.iter().any(|event| {
        matches!(event, Event::Text(text) | Event::Code(text) if !text.trim().is_empty())
            || matches!(event, Event::InlineHtml(_))
    });
    if worded {
        Ok(())
    } else {
        Err(place.wrong("a picture without words, expected ![what it shows](its file)"))
    }
}

/// A code block as HTML: a component, or coloured code.
fn code<'a>(
    kind: &CodeBlockKind,
    parser: &mut impl Iterator<Item = (Event<'a>, Range<usize>)>,
    at: &Range<usize>,
    source: &SourceText,
    around: &mut impl Surroundings,
) -> String {
    let language: &str = match kind {
        CodeBlockKind::Fenced(language) => language,
        CodeBlockKind::Indented => "",
    };
    let (text, first) = code_block(parser, at);
    match component_name(language) {
        Some(name) => {
            let settings = SourceText::part(&source.path, source.place(first).line, &text);
            let html = around.component(name, &settings, &source.place(at.start));
            kept(html, around).unwrap_or_default()
        }
        None => highlight(&text, language.split([' ', ',']).next().unwrap_or_default()),
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

fn formula(
    tex: &str,
    display: bool,
    source: &SourceText,
    at: &Range<usize>,
    around: &mut impl Surroundings,
) -> Event<'static> {
    let mathml = around
        .maths()
        .render(tex, display)
        .map_err(|problem| source.wrong(at, format!("formula {tex:?}: {problem}")));
    Event::InlineHtml(kept(mathml, around).unwrap_or_default().into())
}

/// The address that a picture or a link has in the site: that of an author's file; for a link also another
/// site's, or a place on this page.
fn point(
    tag: &mut Tag,
    rules: Rules,
    source: &SourceText,
    at: &Range<usize>,
    around: &mut impl Surroundings,
) -> Result<(), SiteError> {
    let (address, what, purpose, expected) = match tag {
        Tag::Image { dest_url, .. } => (
            dest_url,
            "picture",
            Use::Picture,
            "a file beside this one; pages ask no other site for anything",
        ),
        Tag::Link { dest_url, .. } if address::target(dest_url) == Target::Elsewhere => {
            if let Some(id) = address::on_this_page(dest_url) {
                around.refer(&id, &source.place(at.start));
            }
            return Ok(());
        }
        Tag::Link { dest_url, .. } => (
            dest_url,
            "link",
            Use::Link,
            "https://…, mailto:…, #a-place-on-this-page or a file beside this one",
        ),
        _ => return Ok(()),
    };
    let Target::File(name, rest) = address::target(address) else {
        let hint = match (purpose, address::elsewhere(address)) {
            (Use::Picture, Some(hint)) if hint.contains("video") => format!("; {hint}"),
            _ => String::new(),
        };
        return Err(source.wrong(at, format!("{what} {address}: expected {expected}{hint}")));
    };
    if purpose == Use::Link && around.is_page(name) {
        return Ok(());
    }
    let file = address::file(rules.folder, name);
    *address = (around.files().add(&file, purpose, &source.place(at.start))? + rest).into();
    Ok(())
}

/// A refused address is replaced by none, even in a page that is never published.
fn without_address(tag: &mut Tag<'_>) {
    if let Tag::Image { dest_url, .. } | Tag::Link { dest_url, .. } = tag {
        *dest_url = "".into();
    }
}

#[cfg(test)]
mod tests;
