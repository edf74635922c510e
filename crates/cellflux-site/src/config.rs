//! `site.toml`: what an author says about a page. Values that may be wrong keep their place in the file, for
//! errors.

mod hidden;
mod languages;
mod look;
mod page;
mod pictures;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cellflux_bundle::quantise::WeightDtype;
use serde::Deserialize;
use toml::Spanned;

use crate::error::SiteError;
use crate::identity::{Doi, Email, HomePage, Orcid};
use crate::model::LARGEST_FILE;
use crate::precompute::Recordings;
use crate::source::SourceText;
use crate::walk_request::WalkRequest;

pub use look::{Colour, Font, Mode, Theme};
pub use page::Page;
pub use pictures::Pictures;

/// The file's name.
pub const FILE: &str = "site.toml";

/// The whole of `site.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The page's heading and title.
    pub title: Spanned<String>,
    /// A line below the heading.
    #[serde(default)]
    pub subtitle: String,
    /// One or two sentences for search engines and link previews.
    #[serde(default)]
    pub description: String,
    /// The language of the text, as in HTML's `lang`.
    #[serde(default = "english")]
    pub language: Spanned<String>,
    /// The language of the page's own words where it is not that of the text, one of
    /// [`LANGUAGES`](crate::words::LANGUAGES).
    pub words: Option<Spanned<String>>,
    /// The address that the page will have, where known: canonical URL, sitemap, absolute links for
    /// previews.
    pub url: Option<Spanned<String>>,
    /// Where the work appeared, for example `ICML 2025`.
    #[serde(default)]
    pub venue: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: Option<Spanned<String>>,
    /// The paper's DOI, with or without `https://doi.org/`.
    #[serde(default)]
    pub doi: Doi,
    /// The abstract, in Markdown.
    #[serde(default, rename = "abstract")]
    pub summary: Option<Spanned<String>>,
    /// The reference as BibTeX; shown with a button that copies it.
    #[serde(default)]
    pub bibtex: String,
    /// A line at the end of the page, in Markdown.
    pub footer: Option<Spanned<String>>,
    /// The tab's icon, a file beside `site.toml`; a default one where this is absent.
    pub icon: Option<Spanned<PathBuf>>,
    /// Whether a service worker keeps the page, so that it works without a network after one visit.
    #[serde(default)]
    pub offline: bool,
    /// Whether the page says nothing of its authors, for reviewers who must not know them: authors, `url`,
    /// `doi`, `bibtex` and links to other sites are left out, as are notes inside the author's pictures and
    /// videos.
    #[serde(default)]
    pub anonymous: bool,
    /// Whether HTML in Markdown is passed on; otherwise it is shown as text.
    #[serde(default)]
    pub allow_html: bool,
    /// Who wrote the paper.
    #[serde(default, rename = "author")]
    pub authors: Vec<Author>,
    /// Buttons below the authors.
    #[serde(default, rename = "link")]
    pub links: Vec<Link>,
    /// Colours and fonts.
    #[serde(default)]
    pub theme: Theme,
    /// The models; explorers show the first where they name none.
    #[serde(default, rename = "bundle")]
    pub bundles: Vec<BundleRequest>,
    /// Trajectories to compute while building: one `[precompute]`, or a `[[precompute]]` for each bundle.
    #[serde(default)]
    pub precompute: Recordings,
    /// The picture of link previews; the first precomputed trajectory where this is absent.
    pub card: Option<Spanned<WalkRequest>>,
    /// Whose photographs `--data` adds, and under which licence they may be shown.
    pub crops: Option<CropsStatement>,
    /// The page's parts, in order.
    #[serde(default, rename = "section")]
    pub sections: Vec<Section>,
    /// What stands above the abstract, in Markdown.
    pub teaser: Option<Spanned<String>>,
    /// A folder beside `site.toml` whose files are published under their own names.
    #[serde(rename = "static")]
    pub static_files: Option<Spanned<PathBuf>>,
    /// How the author's pictures are published.
    #[serde(default)]
    pub pictures: Pictures,
    /// The largest file of the author's in MiB; 24, which every known host takes, where this is absent.
    pub largest_file_mib: Option<Spanned<u64>>,
    /// What the texts cite, a `.bib` file.
    pub bibliography: Option<Spanned<PathBuf>>,
    /// How they cite it: the name of a style, numbers in square brackets where this is absent.
    pub citation_style: Option<Spanned<String>>,
    /// Further pages, which every page leads to.
    #[serde(default, rename = "page")]
    pub pages: Vec<Page>,
}

fn english() -> Spanned<String> {
    Spanned::new(0..0, "en".into())
}

/// A person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// The name as it is printed.
    pub name: String,
    /// Their page.
    #[serde(default)]
    pub url: HomePage,
    /// ORCID iD, `0000-0000-0000-0000`, or its address.
    pub orcid: Option<Orcid>,
    /// Institutions by name; the page numbers them.
    #[serde(default)]
    pub affiliations: Vec<String>,
    /// Their mail address, where they are a corresponding author.
    #[serde(default)]
    pub email: Email,
    /// Whether they contributed equally with the others that are marked so.
    #[serde(default)]
    pub equal: bool,
}

/// A button.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it goes: an address, or a file beside `site.toml`.
    pub href: Spanned<String>,
    /// What it is, which decides what the page's metadata say of it.
    #[serde(default)]
    pub kind: LinkKind,
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkKind {
    /// The paper's page.
    Paper,
    /// The paper as PDF.
    Pdf,
    /// Source code.
    Code,
    /// Data.
    Data,
    /// A video.
    Video,
    /// A poster.
    Poster,
    /// Slides of a talk.
    Slides,
    /// The paper on arXiv.
    Arxiv,
    /// A model or data at Hugging Face.
    HuggingFace,
    /// A supplement.
    Supplement,
    /// Anything else.
    #[default]
    Other,
}

/// A model on the page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleRequest {
    /// The bundle's folder, relative to `site.toml`.
    pub path: Spanned<PathBuf>,
    /// How to store the weights, if not as the bundle does.
    pub dtype: Option<Spanned<String>>,
    /// Whether to accept weights whose measured error is above the bound.
    #[serde(default)]
    pub force: bool,
}

impl BundleRequest {
    /// The storage asked for.
    ///
    /// # Errors
    /// [`SiteError::At`] for a name that is none.
    pub fn dtype(&self, source: &SourceText) -> Result<Option<WeightDtype>, SiteError> {
        let read = |name: &Spanned<String>| {
            let wrong = |_| {
                source.wrong(
                    &name.span(),
                    format!("dtype {:?}, expected f32, f16 or int8", name.get_ref()),
                )
            };
            name.get_ref().parse().map_err(wrong)
        };
        self.dtype.as_ref().map(read).transpose()
    }
}

/// A part of the page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its name in links, `#id`.
    pub id: Spanned<String>,
    /// Its heading; none without.
    #[serde(default)]
    pub title: String,
    /// Its text, a Markdown file beside `site.toml`.
    pub file: Option<Spanned<PathBuf>>,
    /// Its text, in place of a file.
    pub text: Option<Spanned<String>>,
    /// Whether it takes the whole width, as an explorer should.
    #[serde(default)]
    pub wide: bool,
}

/// The text beside every photographed cell that `--data` adds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropsStatement {
    /// Where the photographs come from, and who made them.
    pub source: String,
    /// The licence under which they may be shown.
    pub licence: String,
    /// Name of the bundle that they are controls of; the first one where this is absent.
    pub bundle: Option<Spanned<String>>,
}

/// `site.toml`, read: the folder, the text for errors, the values.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder to which paths are relative.
    pub folder: PathBuf,
    /// The text.
    pub source: SourceText,
    /// The values.
    pub config: Config,
    /// An address that was given beside `site.toml`, where the page is anonymous and so does not say it.
    pub unsaid_url: Option<String>,
}

impl Project {
    /// Reads `site.toml` of a folder, or that very file, and checks what can be checked without other files.
    ///
    /// # Errors
    /// [`SiteError::Missing`], [`SiteError::At`] with the line.
    pub fn read(path: &Path) -> Result<Self, SiteError> {
        let file = if path.is_dir() {
            path.join(FILE)
        } else {
            path.to_owned()
        };
        if !file.is_file() {
            return Err(SiteError::Missing {
                path: file,
                expected: "a site.toml (`cellflux site new NAME` writes an example)",
            });
        }
        let source = SourceText::read(&file)?;
        let config: Config = source.toml()?;
        let folder = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
            .to_owned();
        let mut project = Self {
            folder,
            source,
            config,
            unsaid_url: None,
        };
        project.validate()?;
        if project.config.anonymous {
            project.config.hide_authors();
        }
        Ok(project)
    }

    /// Takes this address as the page's, in place of the one in `site.toml`. An anonymous page still says
    /// none.
    ///
    /// # Errors
    /// [`SiteError::Url`].
    pub fn set_url(&mut self, address: &str) -> Result<(), SiteError> {
        if !is_web_address(address) {
            return Err(SiteError::Url {
                found: address.to_owned(),
            });
        }
        if self.config.anonymous {
            self.unsaid_url = Some(address.to_owned());
        } else {
            self.config.url = Some(Spanned::new(0..0, address.to_owned()));
        }
        Ok(())
    }

    fn validate(&self) -> Result<(), SiteError> {
        let (config, source) = (&self.config, &self.source);
        let mut wrong = self.wrong_sections(&config.sections);
        wrong.extend(self.wrong_pages());
        wrong.extend(config.pictures.wrong(source));
        if let Some(largest) = &config.largest_file_mib
            && !(24..=2048).contains(largest.get_ref())
        {
            wrong.push(source.wrong(
                &largest.span(),
                format!("largest_file_mib {}, expected from 24 to 2048", largest.get_ref()),
            ));
        }
        wrong.extend(self.wrong_language());
        if let Some(url) = &config.url
            && !is_web_address(url.get_ref())
        {
            wrong.push(source.wrong(
                &url.span(),
                format!(
                    "url {:?}, expected an address that starts with https:// or http://",
                    url.get_ref()
                ),
            ));
        }
        if let Some(date) = &config.date
            && !cellflux_bundle::date::is_date(date.get_ref(), 1)
        {
            wrong.push(source.wrong(
                &date.span(),
                format!("date {:?}, expected YYYY, YYYY-MM or YYYY-MM-DD", date.get_ref()),
            ));
        }
        if config.bundles.is_empty() {
            wrong.push(source.wrong(
                &(0..0),
                "no [[bundle]], expected at least one with the `path` of a bundle's folder",
            ));
        }
        SiteError::of(wrong).map_or(Ok(()), Err)
    }

    /// What is wrong with the `[[page]]`s and their sections.
    fn wrong_pages(&self) -> Vec<SiteError> {
        let mut ids = BTreeSet::new();
        let mut wrong = Vec::new();
        for page in &self.config.pages {
            let id = page.id.get_ref();
            let second =
                (!ids.insert(id)).then(|| format!("a second page with the id {id:?}, expected another"));
            let problem = page.wrong_name().or(second);
            wrong.extend(problem.map(|problem| self.source.wrong(&page.id.span(), problem)));
            wrong.extend(self.wrong_sections(&page.sections));
        }
        wrong
    }

    /// What is wrong with the sections of one page, one thing for each at most.
    fn wrong_sections(&self, sections: &[Section]) -> Vec<SiteError> {
        let mut ids = BTreeSet::new();
        let wrong = |section: &Section| {
            let id = section.id.get_ref();
            let problem = if !is_id(id) {
                format!(
                    "section id {id:?}, expected lower-case letters, digits and `-`, beginning with a letter"
                )
            } else if RESERVED_IDS.contains(&id.as_str()) {
                format!("section id {id:?} is the page's own, expected another")
            } else if !ids.insert(id.clone()) {
                format!("a second section with the id {id:?}, expected another")
            } else {
                let found = match (&section.file, &section.text) {
                    (Some(_), Some(_)) => "both",
                    (None, None) => "neither",
                    _ => return None,
                };
                format!("section {id:?}: expected either `file` or `text`, found {found}")
            };
            Some(self.source.wrong(&section.id.span(), problem))
        };
        sections.iter().filter_map(wrong).collect()
    }

    /// Whether a name in a text is that of one of the site's pages.
    pub fn has_page(&self, name: &str) -> bool {
        name == INDEX || self.config.pages.iter().any(|page| page.file() == name)
    }

    /// The largest file of the author's in bytes.
    pub fn largest_file(&self) -> u64 {
        let stated = self.config.largest_file_mib.as_ref();
        stated.map_or(LARGEST_FILE, |mib| mib.get_ref() << 20)
    }

    /// A file or folder that `site.toml` names.
    pub fn path(&self, named: &Path) -> PathBuf {
        self.folder.join(named)
    }

    /// A text in `site.toml`, as a source of its own whose lines are those of the file.
    pub fn text(&self, text: &Spanned<String>) -> SourceText {
        self.source.text(text)
    }
}

/// The first page's file.
pub const INDEX: &str = "index.html";

/// Ids that the page's template uses.
pub const RESERVED_IDS: [&str; 4] = ["abstract", "bibtex", "top", "content"];

/// Whether a text can be the id of a page or a section: lower-case letters, digits and `-`, a letter first.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain)
}

/// Whether a text is an address that a page may link to.
pub fn is_web_address(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://"))
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "title = \"T\"\n[[bundle]]\npath = \"b\"\n";

    fn read(text: &str) -> Result<Project, SiteError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        Project::read(folder.path())
    }

    fn refused(text: &str) -> String {
        let error = read(text).unwrap_err().to_string();
        error
            .split_once(FILE)
            .map(|(_, rest)| rest.to_owned())
            .unwrap_or(error)
    }

    #[test]
    fn little_is_enough() {
        let project = read(LEAST).unwrap();
        assert_eq!(project.config.language.get_ref(), "en");
        assert!(!project.config.offline);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("titel = \"T\"", ":1: unknown name `titel`, did you mean `title`?"),
            (
                "title = \"T\"\n[theme]\nacent = \"#fff\"",
                ":3: unknown name `acent`, did you mean `accent`?",
            ),
            (
                "title = \"T\"\n[theme]\nmode = \"drak\"",
                ":3: unknown name `drak`, did you mean `dark`?",
            ),
            (
                "title = \"T\"\nurl = \"example.org\"",
                ":2: url \"example.org\", expected an address",
            ),
            (
                "title = \"T\"\ndate = \"July\"",
                ":2: date \"July\", expected YYYY",
            ),
            ("title = \"T\"", ":1: no [[bundle]]"),
            (
                "title = \"T\"\n\n[[section]]\nid = \"a\"\ntext = \"x\"\n[[section]]\nid = \"a\"\n\
                text = \"y\"",
                ":7: a second section with the id \"a\"",
            ),
            (
                "title = \"T\"\n[[section]]\nid = \"A b\"\ntext = \"x\"",
                ":3: section id \"A b\", expected lower-case",
            ),
            (
                "title = \"T\"\n[[section]]\nid = \"abstract\"\ntext = \"x\"",
                ":3: section id \"abstract\" is the page's own",
            ),
            (
                "title = \"T\"\n[[section]]\nid = \"a\"",
                ":3: section \"a\": expected either `file` or `text`, found neither",
            ),
            (
                "title = \"T\"\nlanguage = \"français\"",
                ":2: language \"français\", expected a code",
            ),
            (
                "title = \"T\"\n[[author]]\nname = \"A\"\norcid = \"0000-0002-1825-0098\"",
                ":4: orcid \"0000-0002-1825-0098\": its last character",
            ),
            (
                "title = \"T\"\n[[author]]\nname = \"A\"\nurl = \"javascript:alert(1)\"",
                ":4: url \"javascript:alert(1)\", expected https",
            ),
            ("title = 3", ":1: invalid type: integer `3`, expected a string"),
            (
                "title = \"T\"\n[theme]\naccent = [\"#005f73\", \"#94d2bd\"]",
                ":3: a colour is \"#rrggbb\", or { light = \"#rrggbb\", dark = \"#rrggbb\" }",
            ),
            ("title = \"T\"\nurl = ", ":2: "),
        ] {
            let error = refused(text);
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_folder_without_a_site_says_how_to_begin() {
        let folder = tempfile::tempdir().unwrap();
        let error = Project::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("cellflux site new"), "{error}");
    }
}
