//! What a text may contain beyond Markdown: the explorer, pictures made by the model, tables, figures,
//! videos, quotes.

mod batches;
mod confusion;
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
mod pictures;
mod quote;
mod slider;
mod strip;
mod table;
mod verified;
mod video;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use cellflux_bundle::gallery::Example;
use cellflux_image::composite::Rgba;
use cellflux_session::{Recipe, Start};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::config::Project;
use crate::error::SiteError;
use crate::files::{AuthorFiles, Use};
use crate::html::escape;
use crate::ids::Ids;
use crate::image_facts::stated;
use crate::markdown::{self, Rules, Surroundings};
use crate::maths::Maths;
use crate::model::Model;
use crate::place::Place;
use crate::recorder::{Recorder, Recording};
use crate::source::{SourceText, suggestion};
use crate::walk_request::WalkRequest;
use crate::webp;
use crate::words::Words;

pub use explorer::{FALLBACK, HIDEABLE};
pub use lesson::{HEADING as ANSWERS, key as answer_key};

/// Every component, in the order in which docs/publish.md describes them.
pub const NAMES: [&str; 15] = [
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
    "verified",
];

/// Everything that components need, and everything that they have added to the site.
#[derive(Debug)]
pub struct Components<'a> {
    /// The models; the first is meant where none is named.
    pub models: &'a [Model],
    /// Computes pictures.
    pub recorder: Recorder<'a>,
    /// The author's files.
    pub files: AuthorFiles,
    /// Formulas.
    pub maths: Maths,
    /// The folder of the text that is being read.
    pub folder: PathBuf,
    /// Explorers so far.
    pub explorers: usize,
    /// The models of the explorers so far, by name.
    pub explored: Vec<String>,
    /// Labs so far.
    pub labs: usize,
    /// Lessons so far.
    pub lessons: usize,
    /// What the answer key says of each lesson with a question.
    pub answers: Vec<String>,
    /// The ids of the page's elements.
    pub ids: Ids,
    /// What is not wrong but may be a mistake, as sentences with their place.
    pub notes: Vec<String>,
    /// What is wrong with the texts.
    pub faults: Vec<SiteError>,
    /// Links from a text to an element of the page, by its id, with where they stand.
    pub links_inside: Vec<(String, Place)>,
    /// Whether HTML in texts is passed on.
    pub allow_html: bool,
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
            "verified" => self.verified(settings, at),
            other => Err(at.wrong(format!("component {other:?}{}", suggestion(other, NAMES)))),
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
        self.links_inside.push((id.to_owned(), at.clone()));
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
    /// The state of a page's components before any text is read: `ids` are those of the page itself.
    pub fn new(project: &Project, models: &'a [Model], recorder: Recorder<'a>, ids: Ids) -> Self {
        let config = &project.config;
        Self {
            models,
            recorder,
            files: AuthorFiles::of(&project.folder)
                .allow_html(config.allow_html)
                .anonymous(config.anonymous),
            maths: Maths::default(),
            folder: project.folder.clone(),
            explorers: 0,
            explored: Vec::new(),
            labs: 0,
            lessons: 0,
            answers: Vec::new(),
            ids,
            notes: Vec::new(),
            faults: Vec::new(),
            links_inside: Vec::new(),
            allow_html: config.allow_html,
            prefix: String::new(),
            language: config.language.get_ref().clone(),
            words: Words::or_english(config.language.get_ref()),
            recorded: Vec::new(),
        }
    }

    /// What was made; nothing where it is wrong, and then the error is kept, to be reported with all others.
    pub(crate) fn gathered<T>(&mut self, made: Result<T, SiteError>) -> Option<T> {
        made.map_err(|error| self.faults.push(error)).ok()
    }

    /// Whether the page has an element of this id, as far as its texts have been read.
    pub fn has_id(&self, id: &str) -> bool {
        let one_of = |prefix: &str, count: usize| {
            let number = id.strip_prefix(prefix).map(str::parse::<usize>);
            matches!(number, Some(Ok(number)) if (1..=count).contains(&number))
        };
        one_of("explorer-", self.explorers) || one_of("lab-", self.labs) || self.ids.has(id)
    }

    /// The address of a file that a component names, which stands beside the text.
    fn author_file(
        &mut self,
        file: &Spanned<PathBuf>,
        purpose: Use,
        settings: &SourceText,
    ) -> Result<String, SiteError> {
        let at = settings.place(file.span().start);
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
