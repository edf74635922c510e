//! The author's texts as HTML, page by page: abstract, sections, footer.

use std::path::PathBuf;

use crate::citations::{self, Bibliography};
use crate::components::contents::filled;
use crate::components::{self, Components, Uses};
use crate::config::{INDEX, Page, Project, RESERVED_IDS, Section};
use crate::error::SiteError;
use crate::files::AuthorFiles;
use crate::ids::Ids;
use crate::markdown::{self, Rules, Surroundings};
use crate::place::Place;
use crate::references::Numbers;
use crate::source::SourceText;
use crate::words::Words;

/// The texts of one page as HTML.
pub(crate) struct Texts {
    /// The page's file.
    pub file: String,
    /// What stands above the abstract.
    pub teaser: Option<String>,
    pub summary: Option<String>,
    pub footer: String,
    /// Id, title, whether it is wide, text.
    pub sections: Vec<(String, String, bool, String)>,
    pub sources: Vec<PathBuf>,
    /// What they use, which decides the page's scripts.
    pub uses: Uses,
}

impl Texts {
    /// Renders every text of the first page; what is wrong with them goes to the components' faults.
    pub fn render(project: &Project, components: &mut Components) -> Self {
        Self::of_page(project, components, INDEX, &project.config.sections, true)
    }

    /// The same of a further page.
    pub fn render_page(project: &Project, page: &Page, components: &mut Components) -> Self {
        Self::of_page(project, components, &page.file(), &page.sections, false)
    }

    fn of_page(
        project: &Project,
        components: &mut Components,
        file: &str,
        parts: &[Section],
        first: bool,
    ) -> Self {
        let config = &project.config;
        let ids = own_ids(project, parts);
        let ids = components.gathered(ids).unwrap_or_default();
        components.begin_page(file, ids);
        let mut sources = Vec::new();
        let mut short = |text: &Option<toml::Spanned<String>>, prefix: &str| {
            let text = text.as_ref()?;
            Some(rendered(project, &project.text(text), prefix, components))
        };
        let teaser = config.teaser.clone().filter(|_| first);
        let teaser = short(&teaser, "teaser-");
        let summary = config.summary.clone().filter(|_| first);
        let summary = short(&summary, "abstract-");
        let footer = short(&config.footer, "footer-").unwrap_or_default();
        let mut sections = Vec::new();
        for section in parts {
            let source = text_of(project, section, &mut components.files);
            let Some(source) = components.gathered(source) else {
                continue;
            };
            if section.file.is_some() {
                sources.push(source.path.clone());
            }
            let id = section.id.get_ref().clone();
            components.heading(2, &id, &section.title);
            let html = rendered(project, &source, &format!("{id}-"), components);
            sections.push((id, section.title.clone(), section.wide, html));
        }
        let mut texts = Self {
            file: file.to_owned(),
            teaser,
            summary,
            footer,
            sections,
            sources,
            uses: Uses::default(),
        };
        texts.list_citations(components);
        for (_, _, _, html) in &mut texts.sections {
            *html = filled(std::mem::take(html), &components.headings, &components.words);
        }
        texts.uses = components.end_page();
        texts
    }

    /// Every text of the page.
    fn all(&mut self) -> impl Iterator<Item = &mut String> {
        let sections = self.sections.iter_mut().map(|(_, _, _, html)| html);
        self.teaser
            .iter_mut()
            .chain(&mut self.summary)
            .chain(std::iter::once(&mut self.footer))
            .chain(sections)
    }

    /// Puts the page's citations in their places, and the list of what it cites at its end.
    fn list_citations(&mut self, components: &mut Components) {
        let Some((citations, list)) = components
            .bibliography
            .as_ref()
            .and_then(|bibliography| bibliography.written(&components.citations))
        else {
            return;
        };
        for html in self.all() {
            *html = citations::filled(std::mem::take(html), &citations);
        }
        let title = components.words.references;
        let at = Place {
            path: self.file.clone().into(),
            line: 1,
        };
        let id = components.ids.free("references", &at);
        components.heading(2, &id, title);
        self.sections.push((id, title.to_owned(), false, list));
    }

    /// Puts the words for numbered elements in their places, when all pages have been read.
    pub fn refer(&mut self, numbers: &Numbers, words: &Words) {
        let file = self.file.clone();
        for html in self.all() {
            *html = numbers.filled(html, &file, words);
        }
    }
}

/// What the texts may cite; nothing without a `bibliography`.
///
/// # Errors
/// [`SiteError::At`] for a file that cannot be read or a style that is not known.
pub(crate) fn bibliography(
    project: &Project,
    files: &mut AuthorFiles,
) -> Result<Option<Bibliography>, SiteError> {
    let config = &project.config;
    let style =
        match &config.citation_style {
            Some(name) => citations::style(name.get_ref())
                .map_err(|problem| project.source.wrong(&name.span(), problem))?,
            None if config.bibliography.is_none() => return Ok(None),
            None => citations::style(citations::STYLE)
                .map_err(|problem| project.source.wrong(&(0..0), problem))?,
        };
    let Some(file) = &config.bibliography else {
        return Ok(None);
    };
    let at = project.source.place(file.span().start);
    let source = files.text(&project.path(file.get_ref()), &at)?;
    Bibliography::read(&source, style, config.language.get_ref()).map(Some)
}

/// The ids that a page's template and its sections have, before any text.
fn own_ids(project: &Project, sections: &[Section]) -> Result<Ids, SiteError> {
    let mut ids = Ids::default();
    let page = project.source.place(0);
    for id in RESERVED_IDS {
        ids.claim(id, &page)?;
    }
    for section in sections {
        let at = project.source.place(section.id.span().start);
        ids.claim(section.id.get_ref(), &at)?;
    }
    Ok(ids)
}

fn text_of(project: &Project, section: &Section, files: &mut AuthorFiles) -> Result<SourceText, SiteError> {
    if let Some(text) = &section.text {
        return Ok(project.text(text));
    }
    let Some(file) = &section.file else {
        return Ok(SourceText::part(&project.source.path, 1, ""));
    };
    let at = project.source.place(file.span().start);
    files.text(&project.path(file.get_ref()), &at)
}

fn rendered(project: &Project, source: &SourceText, prefix: &str, components: &mut Components) -> String {
    let folder = components::folder_of(source);
    components.folder.clone_from(&folder);
    prefix.clone_into(&mut components.prefix);
    let rules = Rules {
        folder: &folder,
        allow_html: project.config.allow_html,
        prefix,
    };
    markdown::render(source, rules, components)
}
