//! Building: an author's folder becomes a site.
//!
//! ```text
//! site.toml ─ models ─ texts, pictures from the models ─ names by content ─ pages ─ size report ─ swap
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use cellflux_engine::EngineMaker;
use cellflux_session::{Recipe, Start};
use serde::Serialize;
use toml::Spanned;

use crate::address::{self, Target};
use crate::cache::Cache;
use crate::card::{self, Card};
use crate::components::{self, Components};
use crate::config::{FILE, INDEX, Page, Project};
use crate::digests;
use crate::error::SiteError;
use crate::files::{AuthorFiles, Use};
use crate::film::film;
use crate::fingerprint::{Named, name_by_content};
use crate::image_facts;
use crate::markdown::Surroundings;
use crate::model::{LEFT_OUT, Model, name_of};
use crate::output::Output;
use crate::own_css;
use crate::page_check::no_such_element;
use crate::page_words;
use crate::pages::{ARTICLE, Button, EMBED, EXPLORER, LAB, LESSON, OFFLINE, PAGE, Pages, STYLES, UNSTARTED};
use crate::place::Place;
use crate::recorder::{Recorder, Recording};
use crate::report::Report;
use crate::site_files::Files;
use crate::source::suggestion;
use crate::static_files;
use crate::texts::{self, Texts};
use crate::theme;
use crate::toolkit::{CHEMISTRY, LAB as LAB_WASM, RESULTS, Toolkit, UPLOAD};
use crate::walk_request::WalkRequest;
use crate::whole_site::{service_worker, sitemap};
use crate::words::Words;
use crate::worker_integrity::{Worker, write_digests};

const ICON: &str = "web/icon.svg";
const NOTICES: &str = "pkg/THIRD_PARTY.txt";
/// The licence of the font that formulas may need.
const FONT_LICENCE: &str = "web/fonts/LICENSE.txt";
const TYPES: &str = "pkg/cellflux_wasm.d.ts";
const MODULE: &str = "pkg/cellflux_wasm.js";

/// What a build needs beside the author's folder.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder to write: absent, empty, or written by an earlier build.
    pub out: PathBuf,
    /// The page's own files.
    pub toolkit: Toolkit,
    /// A folder of real single-cell crops to offer in the first bundle.
    pub crops: Option<PathBuf>,
    /// Is told what will take a while, before it begins.
    pub tell: fn(&str),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Built {
    /// Sizes and measurements.
    pub report: Report,
    /// What is not wrong but could be better, as sentences with their place.
    pub advice: Vec<String>,
    /// Files and folders that the site was made from, for watching.
    pub sources: Vec<PathBuf>,
    /// The answers to the lessons' questions, as Markdown for teachers; nothing where no lesson asks.
    pub answer_key: Option<String>,
    /// The links of the texts to an element of the page, by its id, with where the author wrote them.
    pub links_inside: Vec<(String, Place)>,
    /// The largest file in bytes that the author allows.
    pub largest_file: u64,
}

/// Builds a site. The old content of the output folder stays until everything has been written.
///
/// # Errors
/// Any [`SiteError`]; the output folder is as it was then. What is wrong with the texts, the walks and the
/// author's files is told together, as [`SiteError::Several`].
pub fn build(project: &Project, options: &Options, engines: EngineMaker) -> Result<Built, SiteError> {
    let mut output = Output::new(&options.out)?;
    let models = models(project, options, engines)?;
    let recorder = Recorder::new(engines, Cache::of(&project.folder), options.tell);
    let mut components = Components::new(project, &models, recorder);
    components.tell = options.tell;
    let Gathered {
        texts,
        further,
        card,
        icon,
        links,
        theme,
        static_files,
    } = gather(project, &mut components)?;

    let modules = page_words::choose(&options.toolkit.files, project.words().language)?;
    let own = own_files(project, &modules.files, &components)?;
    let shows_words = components.used.explorers + components.used.labs > 0;
    let unread = modules.unread.as_deref().filter(|_| shows_words);
    let mut site = Files::default();
    site.extend(&own.files);
    site.extend(&components.files.files);
    for model in &models {
        for (path, content) in &model.files {
            site.add(&format!("{}/{path}", model.place), content.clone());
        }
    }
    let notices = site.add_named(NOTICES, notices(&options.toolkit));
    let own_icon = || options.toolkit.files.get(ICON).cloned().unwrap_or_default();
    let icon = icon.unwrap_or_else(|| site.add_named(ICON, own_icon()));
    let theme = (!theme.is_empty()).then(|| site.add_named(theme::PATH, theme.into_bytes()));

    let pages = Pages {
        project,
        own: &own,
        theme: theme.as_deref(),
        icon: &icon,
        notices: &notices,
        card: card.as_ref(),
        links: &links,
        models: &models,
        recorded: &components.recorded,
    };
    let page = pages.page(&texts, &site)?;
    let first_picture = before_first_picture(&page, &site);
    site.add(INDEX, page.into_bytes());
    for (page, texts, card) in &further {
        let html = pages.further(page, texts, card.as_ref(), &site)?;
        site.add(&texts.file, html.into_bytes());
    }
    site.add("embed.html", pages.embed(&site)?.into_bytes());
    site.add("404.html", pages.lost()?.into_bytes());
    site.add(".nojekyll", Vec::new());
    if let Some(url) = &project.config.url {
        site.add("sitemap.xml", sitemap(url.get_ref(), project).into_bytes());
    }
    if components.used.explorers > 0 {
        stable_module(&own, &options.toolkit, &mut site)?;
    }
    if project.config.offline {
        site.add("service_worker.js", service_worker(&site, project).into_bytes());
    }
    static_files::add(static_files, project, &mut site)?;
    // Last, since it lists all others.
    site.add(digests::PATH, digests::list(&site.files));

    let sizes = site
        .files
        .iter()
        .map(|(path, content)| (path.as_str(), content.len() as u64));
    let report = Report {
        first_picture,
        first_frame: before_first_frame(&models, &components, &site, &own).map(|more| first_picture + more),
        real_crops: models.iter().map(|model| model.real_crops).sum(),
        computed: components.recorder.computed,
        storage: models
            .iter()
            .filter_map(|model| Some((model.name.clone(), model.storage_error?)))
            .collect(),
        ..Report::of(sizes)
    };
    (options.tell)(&format!("writing {} files", site.files.len()));
    for (path, content) in &site.files {
        output.write(path, content)?;
    }
    let bundles = project.config.bundles.iter();
    let sources = std::iter::once(project.source.path.clone())
        .chain(bundles.map(|request| project.path(request.path.get_ref())))
        .chain(components.files.read)
        .chain(texts.sources)
        .chain(further.into_iter().flat_map(|(_, texts, _)| texts.sources))
        .collect();
    output.finish()?;
    let batches = components.recorder.notes.into_iter().collect();
    let advice = [advice(project, &models, unread), components.notes, batches].concat();
    Ok(Built {
        report,
        advice,
        sources,
        answer_key: components::answer_key(&components.answers),
        links_inside: components.links_inside,
        largest_file: project.largest_file(),
    })
}

/// The address and the description of a page's picture for link previews, where it has one.
type CardAddress = Option<(String, String)>;

/// What a project's texts and settings have become.
struct Gathered<'a> {
    texts: Texts,
    /// The pages beside the first one, each with its texts and its card.
    further: Vec<(&'a Page, Texts, CardAddress)>,
    card: Option<(String, String)>,
    icon: Option<String>,
    links: Vec<Button>,
    theme: String,
    static_files: Vec<(String, Vec<u8>)>,
}

/// Reads all texts and settings, so that everything that is wrong with them is told together.
fn gather<'a>(project: &'a Project, components: &mut Components) -> Result<Gathered<'a>, SiteError> {
    let bibliography = texts::bibliography(project, &mut components.files);
    components.bibliography = components.gathered(bibliography).flatten();
    let recorded = record(project, components);
    components.gathered(recorded);
    let mut texts = Texts::render(project, components);
    let mut further = Vec::new();
    for page in &project.config.pages {
        let texts = Texts::render_page(project, page, components);
        let card = social_card(project, page.card.as_ref(), &page.title, components);
        further.push((page, texts, components.gathered(card).flatten()));
    }
    let card = social_card(project, None, project.config.title.get_ref(), components);
    let card = components.gathered(card).flatten();
    // What is wrong itself has no number.
    if components.faults.is_empty() {
        components.faults.extend(components.numbers.missing());
    }
    let each = further.iter_mut().map(|(_, texts, _)| texts);
    for texts in std::iter::once(&mut texts).chain(each) {
        texts.refer(&components.numbers, &components.words);
    }
    let icon = own_icon(project, &mut components.files);
    let icon = components.gathered(icon).flatten();
    let links = links(project, components);
    let theme = theme::css(project, &mut components.files);
    let own_css = own_css::css(project, &mut components.files);
    let own_css = components.gathered(own_css).unwrap_or_default();
    let theme = components.gathered(theme).unwrap_or_default() + &components.maths.css() + &own_css;
    let static_files = static_files::read(project, &mut components.files);
    let static_files = components.gathered(static_files).unwrap_or_default();
    all_is_well(components)?;
    Ok(Gathered {
        texts,
        further,
        card,
        icon,
        links,
        theme,
        static_files,
    })
}

/// Everything that is wrong so far, and the links that lead to no element with it.
fn all_is_well(components: &mut Components) -> Result<(), SiteError> {
    let mut faults = std::mem::take(&mut components.faults);
    // HTML of the author's may hold any id; the check of the finished page finds those.
    if !faults.is_empty() && !components.allow_html {
        let nowhere = components.nowhere();
        faults.extend(nowhere.iter().map(|(id, at)| at.wrong(no_such_element(id))));
    }
    SiteError::of(faults).map_or(Ok(()), Err)
}

/// What a visitor downloads between the first picture and the first computed one: the first explorer's model
/// and the worker.
fn before_first_frame(models: &[Model], components: &Components, site: &Files, own: &Named) -> Option<u64> {
    let explored = models.first().filter(|_| components.used.explorers > 0)?;
    Some(site.bytes(explored.needed()) + site.bytes(worker_files(own)))
}

/// The address of the author's own icon.
fn own_icon(project: &Project, files: &mut AuthorFiles) -> Result<Option<String>, SiteError> {
    let icon = project.config.icon.as_ref().map(|file| {
        let at = project.source.place(file.span().start);
        files.add(&project.path(file.get_ref()), Use::Picture, &at)
    });
    icon.transpose()
}

/// The licences of the software, then of the fonts.
fn notices(toolkit: &Toolkit) -> Vec<u8> {
    let mut text = toolkit.files.get(NOTICES).cloned().unwrap_or_default();
    if let Some(font) = toolkit.files.get(FONT_LICENCE) {
        text.extend_from_slice(
            b"\n\nThe fonts of maths and figures (parts of Noto Sans Math and Noto Sans)\n\n",
        );
        text.extend_from_slice(font);
    }
    text
}

/// Every `[[bundle]]`.
fn models(project: &Project, options: &Options, engines: EngineMaker) -> Result<Vec<Model>, SiteError> {
    let mut models: Vec<Model> = Vec::new();
    let photographed = bundle_of_crops(project)?;
    for (index, request) in project.config.bundles.iter().enumerate() {
        let crops = options.crops.as_deref().filter(|_| index == photographed);
        if let Some(crops) = crops {
            (options.tell)(&format!("choosing crops of {}", crops.display()));
        }
        let model = Model::load(project, request, crops, engines, options.tell)?;
        if models.iter().any(|other| other.name == model.name) {
            let problem = format!(
                "a second bundle called {:?}, expected a folder name of its own for each",
                model.name
            );
            return Err(project.source.wrong(&request.path.span(), problem));
        }
        models.push(model);
    }
    Ok(models)
}

/// Place of the bundle that gets the photographs of `--data`.
fn bundle_of_crops(project: &Project) -> Result<usize, SiteError> {
    let Some(wanted) = project
        .config
        .crops
        .as_ref()
        .and_then(|crops| crops.bundle.as_ref())
    else {
        return Ok(0);
    };
    let mut names = Vec::new();
    for request in &project.config.bundles {
        let at = project.source.place(request.path.span().start);
        names.push(name_of(&project.path(request.path.get_ref()), &at)?);
    }
    let found = names.iter().position(|name| name == wanted.get_ref());
    found.ok_or_else(|| {
        let problem = format!(
            "no bundle {:?}{}",
            wanted.get_ref(),
            suggestion(wanted.get_ref(), names.iter().map(String::as_str))
        );
        project.source.wrong(&wanted.span(), problem)
    })
}

/// Recorded walks, each with the name of its film's file.
type Films = Vec<(Rc<Recording>, String)>;

/// Trajectories for the explorers, to be shown before or without any engine.
fn record(project: &Project, components: &mut Components) -> Result<(), SiteError> {
    /// What the explorer reads of a recorded trajectory.
    #[derive(Serialize)]
    struct Film<'a> {
        link: &'a str,
        noised: bool,
        times: &'a [f64],
        changes: Vec<f64>,
        width: usize,
        height: usize,
        file: String,
    }
    let source = &project.source;
    // Two requests may be of one bundle, whose explorer has one list.
    let mut lists: BTreeMap<&str, (Place, Films)> = BTreeMap::new();
    for request in &project.config.precompute.0 {
        let at = source.place(request.span().start);
        let request = request.get_ref();
        let model = components::model(components.models, request.bundle.as_ref(), source)?;
        let controls: Vec<_> = match request.controls.as_slice() {
            [] => vec![None],
            controls => controls.iter().map(Some).collect(),
        };
        let (_, films) = lists
            .entry(&model.name)
            .or_insert_with(|| (at.clone(), Vec::new()));
        for control in controls {
            for compound in &request.compounds {
                let walk = request.walk(control, Some(compound));
                let recipe = walk.recipe(model, source, &at)?;
                let recording = components.recorder.record(model, &recipe, &at)?;
                let film = components.files.add_made("recorded/film.webp", film(&recording)?);
                films.push((recording, film));
            }
        }
    }
    for (name, (at, films)) in lists {
        let films: Vec<Film> = films
            .iter()
            .map(|(recording, film)| Film {
                link: &recording.link,
                noised: recording.noised,
                times: &recording.times,
                // As many digits as a page shows.
                changes: recording
                    .changes
                    .iter()
                    .map(|change| (change * 1e4).round() / 1e4)
                    .collect(),
                width: recording.start.width,
                height: recording.start.height,
                // Relative to the list, which lies beside it.
                file: film.trim_start_matches("recorded/").to_owned(),
            })
            .collect();
        let json = serde_json::to_vec(&films).map_err(|error| at.wrong(error.to_string()))?;
        let address = components.files.add_made(&format!("recorded/{name}.json"), json);
        components.recorded.push((name.to_owned(), address));
    }
    Ok(())
}

/// The picture of a page's link previews, from the walk that the author names for the page or for the site,
/// or the first recorded one.
fn social_card(
    project: &Project,
    own: Option<&Spanned<WalkRequest>>,
    title: &str,
    components: &mut Components,
) -> Result<Option<(String, String)>, SiteError> {
    let source = &project.source;
    let (request, at) = match (
        own.or(project.config.card.as_ref()),
        project.config.precompute.0.first(),
    ) {
        (Some(card), _) => (card.get_ref().clone(), source.place(card.span().start)),
        (None, Some(request)) => (
            request.get_ref().walk(
                request.get_ref().controls.first(),
                request.get_ref().compounds.first(),
            ),
            source.place(request.span().start),
        ),
        (None, None) => return Ok(None),
    };
    let model = components::model(components.models, request.bundle.as_ref(), source)?;
    let recipe = request.recipe(model, source, &at)?;
    let recording = components.recorder.record(model, &recipe, &at)?;
    let (control, compound) = (
        start_name(model, &recipe, &components.words),
        components::compound_name(model, &recipe),
    );
    let Card { png, alt } = card::card(&recording, title, control, compound, &components.words)?;
    Ok(Some((components.files.add_made("card.png", png), alt)))
}

/// What the first picture of a card shows.
fn start_name(model: &Model, recipe: &Recipe, words: &Words) -> &'static str {
    let example = match &recipe.start {
        Start::Example(id) => model.manifest().gallery.get(id),
        Start::Noise => return words.noise,
        Start::Crop(_) => None,
    };
    match example {
        Some(example) if example.synthetic => words.drawn_control,
        _ => words.the_control,
    }
}

fn links(project: &Project, components: &mut Components) -> Vec<Button> {
    let mut buttons = Vec::new();
    for link in &project.config.links {
        let at = project.source.place(link.href.span().start);
        let address = button_address(project, link.href.get_ref(), &at, components);
        if let Some(href) = components.gathered(address) {
            buttons.push(Button {
                label: link.label.clone(),
                href,
                kind: link.kind,
            });
        }
    }
    buttons
}

/// Where a button leads, as an address of the page.
fn button_address(
    project: &Project,
    href: &str,
    at: &Place,
    components: &mut Components,
) -> Result<String, SiteError> {
    match address::target(href) {
        Target::Elsewhere => {
            if let Some(id) = address::on_this_page(href) {
                components.refer(&id, at);
            }
            Ok(href.to_owned())
        }
        Target::Refused => Err(at.wrong(format!(
            "link {href:?}, expected https://…, mailto:…, #section or a file beside site.toml"
        ))),
        Target::File(name, rest) => {
            let file = address::file(&project.folder, name);
            Ok(components.files.add(&file, Use::Link, at)? + rest)
        }
    }
}

/// The page's own files that this site needs.
fn own_files(
    project: &Project,
    modules: &BTreeMap<String, Vec<u8>>,
    components: &Components,
) -> Result<Named, SiteError> {
    let mut entries = vec![PAGE, STYLES, EMBED, UNSTARTED];
    let mut workers = Vec::new();
    if components.used.explorers > 0 {
        entries.push(EXPLORER);
        workers.push(Worker::Explorer);
    }
    if components.used.labs > 0 {
        entries.push(LAB);
        workers.push(Worker::Lab);
    }
    if components.used.lessons > 0 {
        entries.push(LESSON);
    }
    if components.used.article {
        entries.push(ARTICLE);
    }
    if project.config.offline {
        entries.push(OFFLINE);
    }
    if workers.is_empty() {
        return name_by_content(modules, &entries);
    }
    name_by_content(&write_digests(modules, &workers)?, &entries)
}

/// What the explorer's worker loads, its WebAssembly module included; the chemistry's waits until a visitor
/// types a compound, that of the results until one measures a walk or keeps a figure of it, and the lab's is
/// no part of it.
fn worker_files(own: &Named) -> impl Iterator<Item = String> + '_ {
    let later = [CHEMISTRY, RESULTS, UPLOAD, LAB_WASM].map(|module| own.of(module).ok());
    own.files
        .keys()
        .filter(move |path| !later.contains(&Some(path.as_str())))
        .filter(|path| path.starts_with("web/worker") || path.starts_with("pkg/"))
        .cloned()
}

/// An address of the explorer that never changes, for other pages of the host, with its types.
fn stable_module(own: &Named, toolkit: &Toolkit, site: &mut Files) -> Result<(), SiteError> {
    site.add(
        "explorer.js",
        format!("export * from './{}';\n", own.of(EXPLORER)?).into_bytes(),
    );
    if let Some(types) = toolkit.files.get("web/explorer.d.ts") {
        site.add("explorer.d.ts", types.clone());
    }
    // Types lie beside the module that they are named after.
    if let (Some(types), Ok(module)) = (toolkit.files.get(TYPES), own.of(MODULE)) {
        site.add(&module.replace(".js", ".d.ts"), types.clone());
    }
    Ok(())
}

/// Bytes of the page and of everything that it names itself.
fn before_first_picture(page: &str, site: &Files) -> u64 {
    let named = site
        .files
        .iter()
        .filter(|(path, _)| page.contains(&format!("=\"{path}\"")));
    page.len() as u64 + named.map(|(_, content)| content.len() as u64).sum::<u64>()
}

/// What could be better.
fn advice(project: &Project, models: &[Model], unread: Option<&str>) -> Vec<String> {
    let mut advice: Vec<String> = theme::too_faint(project)
        .iter()
        .map(ToString::to_string)
        .collect();
    let config = &project.config;
    let mut say = |text: &str| advice.push(format!("{}: {text}", project.folder.join(FILE).display()));
    unread.into_iter().for_each(&mut say);
    if config.description.is_empty() {
        say("no `description`: search engines and link previews will choose their own words");
    }
    if config.url.is_none() && !config.anonymous {
        say("no `url`: link previews need absolute addresses and will show no picture");
    }
    if config.precompute.0.is_empty() {
        say("no `[precompute]`: visitors see no walk until the network has come");
    }
    for model in models {
        if model.manifest().gallery.controls.is_empty() {
            say(&format!(
                "bundle {:?} has no sample controls: visitors must bring their own",
                model.name
            ));
        }
        for missing in image_facts::missing(&model.manifest().image) {
            say(&format!("bundle {:?}: {missing}", model.name));
        }
        if model.evaluation_left_out {
            say(&format!("bundle {:?}: {}", model.name, LEFT_OUT));
        }
    }
    advice.extend(static_files::left_out(project));
    advice
}
