//! What a text may contain beyond Markdown: the explorer, pictures made by the model, tables, figures,
//! videos, quotes.

mod batches;
mod callout;
mod carousel;
mod columns;
mod compare;
mod confusion;
pub(crate) mod contents;
mod downloads;
mod evaluation;
mod explorer;
mod figure;
mod gallery;
mod glossary;
mod lab;
mod lesson;
mod measured;
mod measured_table;
mod nuclei;
mod numbered;
pub(crate) mod page;
mod picture;
mod pictures;
mod quote;
mod search;
mod slider;
mod strip;
mod table;
mod tabs;
mod verified;
mod video;
mod works;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use cellflux_bundle::gallery::Example;
use cellflux_image::composite::Rgba;
use cellflux_session::{Recipe, Start};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::address::elsewhere;
use crate::cache::Cache;
use crate::citations::{Bibliography, Citations};
use crate::config::{INDEX, Page, Pictures, Project};
use crate::error::SiteError;
use crate::files::{AuthorFiles, Use};
use crate::html::escape;
use crate::ids::Ids;
use crate::image_facts::stated;
use crate::markdown::{self, Rules, Surroundings};
use crate::maths::Maths;
use crate::mentions::Cited;
use crate::model::Model;
use crate::place::Place;
use crate::recorder::{Recorder, Recording};
use crate::references::Numbers;
use crate::source::{SourceText, suggestion};
use crate::walk_request::WalkRequest;
use crate::webp;
use crate::words::Words;

use contents::Headed;

pub use explorer::{FALLBACK, HIDEABLE};
pub use lesson::{HEADING as ANSWERS, key as answer_key};
pub use page::Uses;

/// Every component, in the order in which docs/publish.md describes them.
pub const NAMES: [&str; 24] = [
    "explorer",
    "slider",
    "gallery",
    "strip",
    "evaluation",
    "confusion",
    "batches",
    "nuclei",
    "lab",
    "lesson",
    "table",
    "figure",
    "video",
    "quote",
    "tabs",
    "columns",
    "carousel",
    "compare",
    "callout",
    "contents",
    "search",
    "downloads",
    "works",
    "verified",
];

/// How deep a text may stand in the settings of components, tabs in tabs for example.
const DEEPEST: usize = 4;

/// Everything that components need, and everything that they have added to the site.
#[derive(Debug)]
pub struct Components<'a> {
    /// The models; the first is meant where none is named.
    pub models: &'a [Model],
    /// Computes pictures.
    pub recorder: Recorder<'a>,
    /// Is told what will take a while.
    pub tell: fn(&str),
    /// What earlier builds made.
    pub(crate) cache: Cache,
    /// How the author's pictures are published.
    pub(crate) pictures: Pictures,
    /// The author's files.
    pub files: AuthorFiles,
    /// Formulas.
    pub maths: Maths,
    /// The folder of the text that is being read.
    pub folder: PathBuf,
    /// What the page that is being read uses so far.
    pub uses: Uses,
    /// What the pages that have been read use together.
    pub used: Uses,
    /// The models of this page's explorers so far, by name.
    pub explored: Vec<String>,
    /// What the answer key says of each lesson with a question.
    pub answers: Vec<String>,
    /// The ids of the page's elements.
    pub ids: Ids,
    /// The numbers of figures, tables, videos and equations.
    pub(crate) numbers: Numbers,
    /// What may be cited.
    pub(crate) bibliography: Option<Bibliography>,
    /// What the page cites so far.
    pub(crate) citations: Citations,
    /// The page's headings so far.
    pub(crate) headings: Vec<Headed>,
    /// The page's file.
    page: String,
    /// The files of all pages.
    pages: Vec<String>,
    /// How deep the text that is being read stands in the settings of components.
    depth: usize,
    /// What is not wrong but may be a mistake, as sentences with their place.
    pub notes: Vec<String>,
    /// What is wrong with the texts.
    pub faults: Vec<SiteError>,
    /// Links from a text to an element of its page, by its id, with where they stand; before the id stand the
    /// page's file and `#`, except of the first page.
    pub links_inside: Vec<(String, Place)>,
    /// The pages that have been read: file, ids, what they use.
    read: Vec<(String, Ids, Uses)>,
    /// Whether HTML in texts is passed on.
    pub allow_html: bool,
    /// Whether the site says nothing of its authors.
    pub(crate) anonymous: bool,
    /// Prefix of the ids of the text that is being read.
    pub prefix: String,
    /// The language of the page, as the author names it.
    pub language: String,
    /// The toolkit's own words in it.
    pub words: Words,
    /// Addresses of the recorded trajectories by the model's name.
    pub recorded: Vec<(String, String)>,
}

impl Surroundings for Components<'_> {
    fn component(&mut self, name: &str, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        match numbered::id_in(name, settings) {
            Some((id, place, rest)) => {
                let html = self.made(name, &rest, at)?;
                self.with_number(html, &id, &place)
            }
            None => self.made(name, settings, at),
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

    fn cite(&mut self, cited: &[Cited], prose: bool, at: &Place) -> Result<Option<String>, SiteError> {
        let Some(bibliography) = &self.bibliography else {
            return Ok(None);
        };
        let mark = bibliography.cite(cited, prose, &mut self.citations, &mut self.ids, at)?;
        if let (None, [one]) = (&mark, cited)
            && let Some(near) = bibliography.near(&one.key)
        {
            let note = format!("{at}: @{} is shown as text, did you mean @{near}?", one.key);
            self.notes.push(note);
        }
        Ok(mark)
    }

    fn words(&self) -> Words {
        self.words
    }

    fn note(&mut self, at: &Place, note: &str) {
        self.notes.push(format!("{at}: {note}"));
    }

    fn fault(&mut self, error: SiteError) {
        self.faults.push(error);
    }

    fn refer(&mut self, id: &str, at: &Place) {
        self.links_inside
            .push((page::on_page(&self.page, id), at.clone()));
    }

    fn is_page(&self, name: &str) -> bool {
        self.pages.iter().any(|page| page == name)
    }

    fn heading(&mut self, level: u8, id: &str, words: &str) {
        self.headings.push(Headed {
            level,
            id: id.to_owned(),
            words: words.to_owned(),
        });
    }
}

/// A walk that was computed, with its request and its model.
type Walked<'a> = (Rc<Recording>, Recipe, &'a Model);

/// The settings of a picture of a walk, beside the walk.
#[derive(Debug, Default, Deserialize)]
struct Shown {
    #[serde(default)]
    caption: Option<Spanned<String>>,
    frames: Option<Spanned<usize>>,
}

/// A walk and a component's own settings.
fn walk_and<T: DeserializeOwned>(settings: &SourceText, own: &[&str]) -> Result<(WalkRequest, T), SiteError> {
    let known: Vec<&str> = WalkRequest::KEYS.iter().chain(own).copied().collect();
    settings.check_keys(&known)?;
    Ok((settings.toml()?, settings.toml()?))
}

impl<'a> Components<'a> {
    /// The state of a site's components before any text is read.
    pub fn new(project: &Project, models: &'a [Model], recorder: Recorder<'a>) -> Self {
        let config = &project.config;
        Self {
            models,
            recorder,
            tell: |_| {},
            cache: Cache::of(&project.folder),
            pictures: config.pictures.clone(),
            files: AuthorFiles::of(&project.folder)
                .allow_html(config.allow_html)
                .up_to(project.largest_file())
                .anonymous(config.anonymous),
            maths: Maths::default(),
            folder: project.folder.clone(),
            uses: Uses::default(),
            used: Uses::default(),
            explored: Vec::new(),
            answers: Vec::new(),
            ids: Ids::default(),
            numbers: Numbers::default(),
            bibliography: None,
            citations: Citations::default(),
            headings: Vec::new(),
            page: INDEX.to_owned(),
            pages: std::iter::once(INDEX.to_owned())
                .chain(config.pages.iter().map(Page::file))
                .collect(),
            depth: 0,
            notes: Vec::new(),
            faults: Vec::new(),
            links_inside: Vec::new(),
            read: Vec::new(),
            allow_html: config.allow_html,
            anonymous: config.anonymous,
            prefix: String::new(),
            language: config.language.get_ref().clone(),
            words: project.words(),
            recorded: Vec::new(),
        }
    }

    /// The language of the explorer's and the lab's words as an attribute, on a page in another language: a
    /// screen reader reads words aloud by their language.
    fn language_of_words(&self) -> String {
        let own = self.words.language;
        let text = self.language.split('-').next().unwrap_or_default();
        if text.eq_ignore_ascii_case(own) {
            String::new()
        } else {
            format!(" lang=\"{own}\"")
        }
    }

    /// What a component without a number is.
    fn made(&mut self, name: &str, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        match name {
            "explorer" => self.explorer(settings, at),
            "slider" => self.slider(settings, at),
            "gallery" => self.gallery(settings, at),
            "strip" => self.strip(settings, at),
            "evaluation" => self.evaluation(settings, at),
            "confusion" => self.confusion(settings, at),
            "batches" => self.batches(settings, at),
            "nuclei" => self.nuclei(settings, at),
            "lab" => self.lab(settings, at),
            "lesson" => self.lesson(settings, at),
            "table" => self.table(settings),
            "figure" => self.figure(settings),
            "video" => self.video(settings),
            "quote" => self.quote(settings),
            "tabs" => self.tabs(settings, at),
            "columns" => self.columns(settings, at),
            "carousel" => self.carousel(settings, at),
            "compare" => self.compare(settings),
            "callout" => self.callout(settings, at),
            "downloads" => self.downloads(settings, at),
            "works" => self.works(settings, at),
            "contents" => contents::place(settings),
            "search" => self.search(settings),
            "verified" => self.verified(settings, at),
            other => Err(at.wrong(format!("component {other:?}{}", suggestion(other, NAMES)))),
        }
    }

    /// What was made; nothing where it is wrong, and then the error is kept, to be reported with all others.
    pub(crate) fn gathered<T>(&mut self, made: Result<T, SiteError>) -> Option<T> {
        made.map_err(|error| self.faults.push(error)).ok()
    }

    /// The address of a file that a component names, which stands beside the text.
    fn author_file(
        &mut self,
        file: &Spanned<PathBuf>,
        purpose: Use,
        settings: &SourceText,
    ) -> Result<String, SiteError> {
        let at = settings.place(file.span().start);
        if let Some(problem) = elsewhere(&file.get_ref().to_string_lossy()) {
            return Err(at.wrong(problem));
        }
        self.files.add(&self.folder.join(file.get_ref()), purpose, &at)
    }

    /// A caption or a cell as HTML.
    fn inline(&mut self, text: &SourceText) -> String {
        let (folder, prefix) = (self.folder.clone(), self.prefix.clone());
        let rules = Rules {
            folder: &folder,
            allow_html: self.allow_html,
            prefix: &prefix,
        };
        markdown::render_inline(text, rules, self)
    }

    /// A text that stands in the settings of a component, as HTML.
    fn block(&mut self, text: &SourceText, at: &Place) -> Result<String, SiteError> {
        if self.depth >= DEEPEST {
            return Err(at.wrong(format!(
                "components stand more than {DEEPEST} deep in each other, expected fewer"
            )));
        }
        self.depth += 1;
        let (folder, prefix) = (self.folder.clone(), self.prefix.clone());
        let rules = Rules {
            folder: &folder,
            allow_html: self.allow_html,
            prefix: &prefix,
        };
        let html = markdown::render(text, rules, self);
        self.depth -= 1;
        Ok(html)
    }

    /// An author's caption as HTML; nothing where there is none.
    fn words_of(&mut self, caption: Option<&Spanned<String>>, settings: &SourceText) -> String {
        caption.map_or_else(String::new, |caption| self.inline(&settings.text(caption)))
    }

    /// The walk, computed; none where it asks for a real control and the site has none.
    fn recorded_walk(
        &mut self,
        request: &WalkRequest,
        settings: &SourceText,
        at: &Place,
    ) -> Result<Option<Walked<'a>>, SiteError> {
        let models = self.models;
        let model = model(models, request.bundle.as_ref(), settings)?;
        if request.real && request.real_control(model).is_none() {
            return Ok(None);
        }
        let recipe = request.recipe(model, settings, at)?;
        let recording = self.recorder.record(model, &recipe, at)?;
        Ok(Some((recording, recipe, model)))
    }

    /// A picture as a small lossless file, and the element that shows it.
    fn picture(&mut self, name: &str, picture: &Rgba, alt: &str) -> Result<String, SiteError> {
        let address = self
            .files
            .add_made(&format!("pictures/{name}.webp"), webp::encode(picture)?);
        Ok(format!(
            "<img class=\"pixels\" src=\"{}\" alt=\"{}\" width=\"{}\" height=\"{}\" decoding=\"async\">",
            escape(&address),
            escape(alt),
            picture.width,
            picture.height
        ))
    }
}

/// The model that is named, or the first.
///
/// # Errors
/// [`SiteError::At`] with the nearest.
pub fn model<'a>(
    models: &'a [Model],
    name: Option<&Spanned<String>>,
    source: &SourceText,
) -> Result<&'a Model, SiteError> {
    let Some(name) = name else {
        return models
            .first()
            .ok_or_else(|| source.wrong(&(0..0), "there is no bundle"));
    };
    models
        .iter()
        .find(|model| model.name == *name.get_ref())
        .ok_or_else(|| {
            let names = models.iter().map(|model| model.name.as_str());
            source.wrong(
                &name.span(),
                format!("bundle {:?}{}", name.get_ref(), suggestion(name.get_ref(), names)),
            )
        })
}

/// The compound's name to show.
pub fn compound_name<'a>(model: &'a Model, recipe: &'a Recipe) -> &'a str {
    recipe.condition.name(model.manifest())
}

fn figure(class: &str, content: &str, caption: &str) -> String {
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("<figcaption>{caption}</figcaption>")
    };
    format!("<figure class=\"component {class}\">{content}{caption}</figure>\n")
}

/// Content that may be wider than the page, in a box that scrolls: the keyboard reaches it, and a screen
/// reader says what it holds.
fn scrolling(label: &str, content: &str) -> String {
    format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">{content}</div>",
        escape(label)
    )
}

/// The author's words as HTML or, without any, a plain description; then what the pictures show, with source
/// and licence.
fn caption<'a>(
    html: &str,
    otherwise: &str,
    words: &Words,
    model: &Model,
    recipes: impl IntoIterator<Item = &'a Recipe>,
) -> String {
    let mut credits: Vec<String> = Vec::new();
    for recipe in recipes {
        if let Start::Example(id) = &recipe.start
            && let Some(example) = model.manifest().gallery.get(id)
            && !credits.contains(&credit(example))
        {
            credits.push(credit(example));
        }
    }
    let said = if html.is_empty() {
        escape(otherwise)
    } else {
        html.to_owned()
    };
    let credits = format!(
        "{}. {}: {} · {}",
        words.generated,
        words.control,
        credits.join(" · "),
        stated(&model.manifest().image, words)
    );
    format!("{said}{}", credited(&credits))
}

/// Whose picture it is.
fn credit(example: &Example) -> String {
    let of_plate = [("plate", &example.plate), ("well", &example.well)]
        .into_iter()
        .filter_map(|(what, name)| Some(format!("{what} {}; ", name.as_ref()?)))
        .collect::<String>();
    format!("{of_plate}{}; {}", example.source, example.licence)
}

/// Source and licence of an author's file, as far as they are said.
fn credit_of(source: &str, licence: &str) -> String {
    let said = [source, licence].into_iter().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("; ")
}

/// Refuses a setting without words, which somebody who does not see the picture needs.
fn worded(text: &Spanned<String>, name: &str, settings: &SourceText) -> Result<(), SiteError> {
    if text.get_ref().trim().is_empty() {
        return Err(settings.wrong(
            &text.span(),
            format!("{name} is empty, expected words for what is shown"),
        ));
    }
    Ok(())
}

/// HTML as a paragraph; nothing where there is none.
fn paragraph(html: &str) -> String {
    if html.is_empty() {
        String::new()
    } else {
        format!("<p>{html}</p>")
    }
}

fn credited(credit: &str) -> String {
    if credit.is_empty() {
        String::new()
    } else {
        format!(" <small class=\"credit\">{}</small>", escape(credit))
    }
}

/// The folder to which a text's own links are relative.
pub fn folder_of(source: &SourceText) -> PathBuf {
    source.path.parent().unwrap_or(Path::new(".")).to_owned()
}
