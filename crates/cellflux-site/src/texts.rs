//! The author's texts as HTML: abstract, sections, footer.

use std::path::PathBuf;

use crate::components::{self, Components};
use crate::config::{Project, Section};
use crate::error::SiteError;
use crate::files::AuthorFiles;
use crate::markdown::{self, Rules};
use crate::source::SourceText;

/// The author's texts as HTML.
pub(crate) struct Texts {
    pub summary: Option<String>,
    pub footer: String,
    pub sections: Vec<(String, String, bool, String)>,
    pub sources: Vec<PathBuf>,
}

impl Texts {
    /// Renders every text; what is wrong with them goes to the components' faults.
    pub fn render(project: &Project, components: &mut Components) -> Self {
        let config = &project.config;
        let mut sources = Vec::new();
        let mut short = |text: &Option<toml::Spanned<String>>, prefix: &str| {
            let text = text.as_ref()?;
            Some(rendered(project, &project.text(text), prefix, components))
        };
        let summary = short(&config.summary, "abstract-");
        let footer = short(&config.footer, "footer-").unwrap_or_default();
        let mut sections = Vec::new();
        for section in &config.sections {
            let source = text_of(project, section, &mut components.files);
            let Some(source) = components.gathered(source) else {
                continue;
            };
            if section.file.is_some() {
                sources.push(source.path.clone());
            }
            let prefix = format!("{}-", section.id.get_ref());
            let html = rendered(project, &source, &prefix, components);
            sections.push((
                section.id.get_ref().clone(),
                section.title.clone(),
                section.wide,
                html,
            ));
        }
        Self {
            summary,
            footer,
            sections,
            sources,
        }
    }
}

fn text_of(project: &Project, section: &Section, files: &mut AuthorFiles) -> Result<SourceText, SiteError> {
    if let Some(text) = &section.text {
        return Ok(project.text(text));
    }
    let Some(file) = &section.file else {
        return Ok(SourceText::part(&project.source.path, 1, ""));
    };
    let path = project.path(file.get_ref());
    let bytes = files.content(&path, &project.source.place(file.span().start))?;
    SourceText::decoded(&path, &bytes).map_err(|error| project.source.wrong(&file.span(), error.to_string()))
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
