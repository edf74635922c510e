//! What a text may contain beyond Markdown: the explorer, pictures made by the model, tables, figures, videos, quotes.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use cellflux_bundle::gallery::Example;
use cellflux_image::composite::Rgba;
use cellflux_image::strip;
use cellflux_session::export::NOTE;
use cellflux_session::{Recipe, Start};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::error::SiteError;
use crate::files::AuthorFiles;
use crate::html::escape;
use crate::markdown::Surroundings;
use crate::maths::Maths;
use crate::model::Model;
use crate::source::{Place, Source, suggestion};
use crate::walk::{Recorder, Recording, WalkWish, known_compound, known_control};
use crate::webp;

/// Every component, in the order in which docs/publish.md describes them.
pub const NAMES: [&str; 8] = [
    "explorer", "slider", "gallery", "strip", "table", "figure", "video", "quote",
];

/// Parts of the explorer that a page may leave out.
pub const HIDEABLE: [&str; 6] = ["upload", "model", "measured", "settings", "keep", "about"];

/// Frames of a strip that says no number.
const STRIP_FRAMES: usize = 6;

/// Everything that components need, and what they have asked for.
#[derive(Debug)]
pub struct Components<'a> {
    /// The models, the first being the one meant where none is named.
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
    /// Addresses of the recorded trajectories by the model's name.
    pub recorded: Vec<(String, String)>,
}

impl Surroundings for Components<'_> {
    fn component(&mut self, name: &str, settings: &Source, at: &Place) -> Result<String, SiteError> {
        match name {
            "explorer" => self.explorer(settings, at),
            "slider" => self.slider(settings, at),
            "gallery" => self.gallery(settings, at),
            "strip" => self.strip(settings, at),
            "table" => self.table(settings),
            "figure" => self.figure(settings),
            "video" => self.video(settings),
            "quote" => quote(settings),
            other => Err(at.wrong(format!("component {other:?}{}", suggestion(other, NAMES)))),
        }
    }

    fn files(&mut self) -> &mut AuthorFiles {
        &mut self.files
    }

    fn maths(&mut self) -> &mut Maths {
        &mut self.maths
    }
}

/// What the explorer takes beside a walk.
#[derive(Debug, Default, Deserialize)]
struct Explorer {
    #[serde(default)]
    hide: Vec<Spanned<String>>,
}

/// What a picture of a walk takes beside it.
#[derive(Debug, Default, Deserialize)]
struct Shown {
    #[serde(default)]
    caption: String,
    frames: Option<Spanned<usize>>,
}

/// A walk and a component's own settings.
fn walk_and<T: DeserializeOwned>(settings: &Source, own: &[&str]) -> Result<(WalkWish, T), SiteError> {
    let known: Vec<&str> = WalkWish::KEYS.iter().chain(own).copied().collect();
    settings.check_keys(&known)?;
    Ok((settings.toml()?, settings.toml()?))
}

impl<'a> Components<'a> {
    fn explorer(&mut self, settings: &Source, at: &Place) -> Result<String, SiteError> {
        let (wish, Explorer { hide }): (WalkWish, _) = walk_and(settings, &["hide"])?;
        for part in &hide {
            if !HIDEABLE.contains(&part.get_ref().as_str()) {
                return Err(settings.wrong(
                    &part.span(),
                    format!(
                        "hide {:?}{}",
                        part.get_ref(),
                        suggestion(part.get_ref(), HIDEABLE)
                    ),
                ));
            }
        }
        let model = model(self.models, wish.bundle.as_ref(), settings)?;
        let recipe = wish.recipe(model, settings, at)?;
        let preset = cellflux_session::link::write(&recipe, &model.manifest().image)
            .map_err(|error| at.wrong(error.to_string()))?;
        let mut attributes = format!(
            " id=\"explorer-{}\" src=\"{}\" preset=\"{}\"",
            self.explorers + 1,
            escape(&model.manifest_address()),
            escape(&preset)
        );
        if !hide.is_empty() {
            let names: Vec<&str> = hide.iter().map(|part| part.get_ref().as_str()).collect();
            attributes.push_str(&format!(" hide=\"{}\"", names.join(" ")));
        }
        if let Some((_, address)) = self.recorded.iter().find(|(name, _)| *name == model.name) {
            attributes.push_str(&format!(" recorded=\"{}\"", escape(address)));
        }
        if self.explorers > 0 {
            // The page's address belongs to its first explorer; links to this one's pictures lead to its own page.
            attributes.push_str(&format!(" address=\"embed.html?model={}\"", escape(&model.name)));
        }
        self.explorers += 1;
        Ok(format!(
            "<cellflux-explorer{attributes}><noscript><p>The explorer needs JavaScript and WebAssembly.</p></noscript></cellflux-explorer>\n"
        ))
    }

    fn slider(&mut self, settings: &Source, at: &Place) -> Result<String, SiteError> {
        let (wish, shown): (WalkWish, Shown) = walk_and(settings, &["caption"])?;
        let (recording, recipe, model) = self.recorded_walk(&wish, settings, at)?;
        let last = recording.frames.last().unwrap_or(&recording.start);
        let compound = compound_name(model, &recipe);
        let before = self.picture("before", &recording.start, "The control cell, before")?;
        let after = self.picture(
            "after",
            last,
            &format!("The generated cell under {compound}, after"),
        )?;
        Ok(figure(
            "slider",
            &format!("<cellflux-compare>{before}{after}</cellflux-compare>"),
            &caption(
                &shown.caption,
                &format!("{compound}: control to treated"),
                model,
                [&recipe],
            ),
        ))
    }

    fn strip(&mut self, settings: &Source, at: &Place) -> Result<String, SiteError> {
        let (wish, shown): (WalkWish, Shown) = walk_and(settings, &["caption", "frames"])?;
        let (recording, recipe, model) = self.recorded_walk(&wish, settings, at)?;
        let count = match &shown.frames {
            Some(frames) if !(2..=24).contains(frames.get_ref()) => {
                return Err(settings.wrong(
                    &frames.span(),
                    format!("frames = {}, expected 2 to 24", frames.get_ref()),
                ));
            }
            Some(frames) => *frames.get_ref(),
            None => STRIP_FRAMES,
        };
        let chosen = evenly(&recording.times, count);
        let compound = compound_name(model, &recipe);
        let mut cells = String::new();
        for index in chosen {
            let (Some(frame), Some(t)) = (recording.frames.get(index), recording.times.get(index)) else {
                continue;
            };
            let image = self.picture("step", frame, &format!("{compound}, t = {t:.2}"))?;
            cells.push_str(&format!("<li>{image}<span><var>t</var> = {t:.2}</span></li>"));
        }
        Ok(figure(
            "strip",
            &format!("<ol class=\"frames\">{cells}</ol>"),
            &caption(
                &shown.caption,
                &format!("The walk under {compound}"),
                model,
                [&recipe],
            ),
        ))
    }

    fn gallery(&mut self, settings: &Source, at: &Place) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        struct Grid {
            controls: Option<Vec<Spanned<String>>>,
            compounds: Vec<Spanned<String>>,
            #[serde(default)]
            caption: String,
        }
        let (wish, grid): (WalkWish, Grid) = walk_and(settings, &["controls", "compounds", "caption"])?;
        let models = self.models;
        let model = model(models, wish.bundle.as_ref(), settings)?;
        let controls = match &grid.controls {
            Some(ids) => ids
                .iter()
                .map(|id| known_control(model, id, settings))
                .collect::<Result<Vec<_>, _>>()?,
            None => model
                .manifest()
                .gallery
                .controls
                .iter()
                .take(1)
                .map(|example| example.id.clone())
                .collect(),
        };
        let mut recipes = Vec::new();
        let mut head = String::from("<th scope=\"col\">Control</th>");
        let mut rows = String::new();
        for (row, control) in controls.iter().enumerate() {
            let mut cells = String::new();
            for compound in &grid.compounds {
                known_compound(model, compound, settings)?;
                let cell = WalkWish {
                    compound: Some(compound.clone()),
                    control: None,
                    ..wish.clone()
                };
                let mut recipe = cell.recipe(model, settings, at)?;
                recipe.start = Start::Example(control.clone());
                let recording = self.recorder.record(model, &recipe, at)?;
                let name = compound_name(model, &recipe).to_owned();
                if cells.is_empty() {
                    let start = self.picture("start", &recording.start, "Control cell")?;
                    cells.push_str(&format!("<th scope=\"row\">{start}</th>"));
                }
                if row == 0 {
                    head.push_str(&format!("<th scope=\"col\">{}</th>", escape(&name)));
                }
                let last = recording.frames.last().unwrap_or(&recording.start);
                let image = self.picture("end", last, &format!("Generated under {name}"))?;
                cells.push_str(&format!("<td>{image}</td>"));
                recipes.push(recipe);
            }
            rows.push_str(&format!("<tr>{cells}</tr>"));
        }
        Ok(figure(
            "gallery",
            &format!(
                "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
            ),
            &caption(
                &grid.caption,
                "Controls, and what the flow makes of them",
                model,
                recipes.iter(),
            ),
        ))
    }

    fn table(&mut self, settings: &Source) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            file: Spanned<PathBuf>,
            #[serde(default)]
            caption: String,
        }
        let table: Table = settings.toml()?;
        let path = self.folder.join(table.file.get_ref());
        let wrong =
            |error: csv::Error| settings.wrong(&table.file.span(), format!("{}: {error}", path.display()));
        let mut reader = csv::Reader::from_path(&path).map_err(wrong)?;
        let head: Vec<String> = reader
            .headers()
            .map_err(wrong)?
            .iter()
            .map(str::to_owned)
            .collect();
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().map_err(wrong)?;
        self.files.read.push(path.clone());
        // A column is numbers when every cell in it starts as one does.
        let is_number = |column: usize| {
            let starts = |cell: &str| {
                cell.trim_start_matches(['-', '+', '−', '±', '<', '>', ' '])
                    .starts_with(|c: char| c.is_ascii_digit())
            };
            rows.iter().all(|row| {
                row.get(column)
                    .is_some_and(|cell| cell.is_empty() || starts(cell))
            })
        };
        let classes: Vec<&str> = (0..head.len())
            .map(|column| if is_number(column) { " class=\"right\"" } else { "" })
            .collect();
        let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
            let mut text = String::new();
            for (cell, class) in cells.zip(&classes) {
                let scope = if tag == "th" { " scope=\"col\"" } else { "" };
                text.push_str(&format!("<{tag}{scope}{class}>{}</{tag}>", escape(cell)));
            }
            format!("<tr>{text}</tr>")
        };
        let body: String = rows.iter().map(|row| cells("td", &mut row.iter())).collect();
        let head = cells("th", &mut head.iter().map(String::as_str));
        Ok(figure(
            "results",
            &format!(
                "<div class=\"scroll\" tabindex=\"0\"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>"
            ),
            &escape(&table.caption),
        ))
    }

    fn figure(&mut self, settings: &Source) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Figure {
            file: Spanned<PathBuf>,
            alt: String,
            #[serde(default)]
            caption: String,
            #[serde(default)]
            source: String,
            #[serde(default)]
            licence: String,
        }
        let figure: Figure = settings.toml()?;
        let address = self.author_file(&figure.file, settings)?;
        let credit = [figure.source, figure.licence]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("; ");
        Ok(self::figure(
            "picture",
            &format!(
                "<img src=\"{}\" alt=\"{}\" loading=\"lazy\" decoding=\"async\">",
                escape(&address),
                escape(&figure.alt)
            ),
            &format!("{}{}", escape(&figure.caption), credited(&credit)),
        ))
    }

    fn video(&mut self, settings: &Source) -> Result<String, SiteError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Video {
            file: Spanned<PathBuf>,
            title: String,
            poster: Option<Spanned<PathBuf>>,
            #[serde(default)]
            caption: String,
            /// Subtitles, a `.vtt` file.
            captions: Option<Spanned<PathBuf>>,
        }
        let video: Video = settings.toml()?;
        let address = self.author_file(&video.file, settings)?;
        let poster = match &video.poster {
            Some(file) => format!(" poster=\"{}\"", escape(&self.author_file(file, settings)?)),
            None => String::new(),
        };
        let track = match &video.captions {
            Some(file) => format!(
                "<track kind=\"captions\" src=\"{}\" default>",
                escape(&self.author_file(file, settings)?)
            ),
            None => String::new(),
        };
        Ok(figure(
            "video",
            &format!(
                "<video src=\"{}\"{poster} controls playsinline preload=\"metadata\" aria-label=\"{}\">{track}</video>",
                escape(&address),
                escape(&video.title)
            ),
            &escape(&video.caption),
        ))
    }

    fn author_file(&mut self, file: &Spanned<PathBuf>, settings: &Source) -> Result<String, SiteError> {
        self.files.add(
            &self.folder.join(file.get_ref()),
            &settings.place(file.span().start),
        )
    }

    fn recorded_walk(
        &mut self,
        wish: &WalkWish,
        settings: &Source,
        at: &Place,
    ) -> Result<(Rc<Recording>, Recipe, &'a Model), SiteError> {
        let models = self.models;
        let model = model(models, wish.bundle.as_ref(), settings)?;
        let recipe = wish.recipe(model, settings, at)?;
        let recording = self.recorder.record(model, &recipe, at)?;
        Ok((recording, recipe, model))
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
    source: &Source,
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
    let conditions = &model.manifest().conditions;
    conditions
        .get(&recipe.condition)
        .map_or(recipe.condition.as_str(), |condition| condition.name.as_str())
}

fn quote(settings: &Source) -> Result<String, SiteError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Quote {
        text: String,
        #[serde(default)]
        by: String,
        #[serde(default)]
        source: String,
    }
    let quote: Quote = settings.toml()?;
    let origin = match (quote.by.is_empty(), quote.source.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("<figcaption>{}</figcaption>", escape(&quote.by)),
        (true, false) => format!("<figcaption><cite>{}</cite></figcaption>", escape(&quote.source)),
        (false, false) => format!(
            "<figcaption>{}, <cite>{}</cite></figcaption>",
            escape(&quote.by),
            escape(&quote.source)
        ),
    };
    Ok(format!(
        "<figure class=\"component quote\"><blockquote><p>{}</p></blockquote>{origin}</figure>\n",
        escape(&quote.text)
    ))
}

fn figure(class: &str, content: &str, caption: &str) -> String {
    let caption = if caption.is_empty() {
        String::new()
    } else {
        format!("<figcaption>{caption}</figcaption>")
    };
    format!("<figure class=\"component {class}\">{content}{caption}</figure>\n")
}

/// The author's words or, without any, a plain description; then what the pictures are and whose they are.
fn caption<'a>(
    words: &str,
    otherwise: &str,
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
    let words = if words.is_empty() { otherwise } else { words };
    format!(
        "{}{}",
        escape(words),
        credited(&format!("{NOTE}. Control: {}", credits.join(" · ")))
    )
}

/// Whose picture it is.
fn credit(example: &Example) -> String {
    format!("{}; {}", example.source, example.licence)
}

fn credited(credit: &str) -> String {
    if credit.is_empty() {
        String::new()
    } else {
        format!(" <small class=\"credit\">{}</small>", escape(credit))
    }
}

/// Indices of the frames nearest to `count` moments that lie evenly between the first and the last: a grid's steps may be crowded
/// at its ends.
fn evenly(times: &[f64], count: usize) -> Vec<usize> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Vec::new();
    };
    let moment = |index: usize| first + (last - first) * index as f64 / (count - 1).max(1) as f64;
    let far = |index: usize, moment: f64| {
        times
            .get(index)
            .map_or(f64::INFINITY, |time| (time - moment).abs())
    };
    let nearest = |moment: f64| (0..times.len()).min_by(|&a, &b| far(a, moment).total_cmp(&far(b, moment)));
    let mut chosen: Vec<usize> = (0..count).filter_map(|index| nearest(moment(index))).collect();
    chosen.dedup();
    chosen
}

/// A trajectory's frames in one picture: the start and the composites above, the differences below (with the start again in
/// the corner that they leave free).
///
/// # Errors
/// [`SiteError::Picture`].
pub fn film(recording: &Recording) -> Result<Vec<u8>, SiteError> {
    let row = |frames: &[Rgba]| joined(&[std::slice::from_ref(&recording.start), frames].concat());
    let (above, below) = (row(&recording.frames), row(&recording.differences));
    let mut pixels = above.pixels;
    pixels.extend(below.pixels);
    webp::encode(&Rgba {
        width: above.width,
        height: above.height + below.height,
        pixels,
    })
}

/// Frames side by side, without anything between them.
fn joined(frames: &[Rgba]) -> Rgba {
    let (width, height) = frames.first().map_or((0, 0), |frame| (frame.width, frame.height));
    let mut pixels = Vec::with_capacity(4 * width * height * frames.len());
    for y in 0..height {
        for frame in frames {
            pixels.extend(frame.pixels.iter().skip(4 * y * width).take(4 * width));
        }
    }
    Rgba {
        width: width * frames.len(),
        height,
        pixels,
    }
}

/// The picture of link previews, 1200 x 630: the walk, enlarged pixel by pixel, on the bench's black.
///
/// # Errors
/// [`SiteError::Picture`].
pub fn card(recording: &Recording) -> Result<Vec<u8>, SiteError> {
    const SIZE: (usize, usize) = (1200, 630);
    const GROUND: [u8; 4] = [11, 13, 17, 255];
    let mut card = Rgba {
        width: SIZE.0,
        height: SIZE.1,
        pixels: GROUND.repeat(SIZE.0 * SIZE.1),
    };
    let frames: Vec<&Rgba> = evenly(&recording.times, 3)
        .into_iter()
        .filter_map(|i| recording.frames.get(i))
        .collect();
    let Some(first) = frames.first() else {
        return Err(SiteError::Picture {
            reason: "a trajectory without frames".into(),
        });
    };
    let gap = 24;
    let room = (SIZE.0 - gap * (frames.len() + 1)) / frames.len();
    let scale = (room / first.width.max(1))
        .min((SIZE.1 - 2 * gap) / first.height.max(1))
        .max(1);
    let (width, height) = (first.width * scale, first.height * scale);
    let left = (SIZE
        .0
        .saturating_sub(frames.len() * width + (frames.len() - 1) * gap))
        / 2;
    for (index, frame) in frames.iter().enumerate() {
        paste(
            &mut card,
            frame,
            scale,
            (left + index * (width + gap), SIZE.1.saturating_sub(height) / 2),
        );
    }
    strip::encode_png(&card).map_err(|error| SiteError::Picture {
        reason: error.to_string(),
    })
}

/// Draws a picture, each of its pixels a square, clipped to the ground.
fn paste(ground: &mut Rgba, picture: &Rgba, scale: usize, (left, top): (usize, usize)) {
    let width = ground.width;
    for (y, row) in ground
        .pixels
        .chunks_exact_mut(4 * width)
        .enumerate()
        .skip(top)
        .take(picture.height * scale)
    {
        let source = (y - top) / scale * picture.width;
        for (x, pixel) in row
            .chunks_exact_mut(4)
            .enumerate()
            .skip(left)
            .take(picture.width * scale)
        {
            let at = 4 * (source + (x - left) / scale);
            if let Some(colour) = picture.pixels.get(at..at + 4) {
                pixel.copy_from_slice(colour);
            }
        }
    }
}

/// The folder that a text's own links start from.
pub fn folder_of(source: &Source) -> PathBuf {
    source.path.parent().unwrap_or(Path::new(".")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_chosen_evenly_with_both_ends() {
        let uniform: Vec<f64> = (0..=50).map(|i| f64::from(i) / 50.0).collect();
        assert_eq!(evenly(&uniform, 6), [0, 10, 20, 30, 40, 50]);
        let backwards: Vec<f64> = uniform.iter().rev().copied().collect();
        assert_eq!(evenly(&backwards, 3), [0, 25, 50]);
        let crowded = [0.0, 0.01, 0.02, 0.1, 0.45, 0.9, 0.99, 1.0];
        assert_eq!(evenly(&crowded, 3), [0, 4, 7]);
        assert_eq!(evenly(&[0.0, 0.5, 1.0], 6), [0, 1, 2]);
        assert_eq!(evenly(&[0.0], 2), [0]);
    }

    #[test]
    fn a_film_holds_the_start_every_frame_above_and_its_difference_below() {
        let frame = |value: u8| Rgba {
            width: 2,
            height: 1,
            pixels: [value, value, value, 255].repeat(2),
        };
        let recording = Recording {
            link: String::new(),
            times: vec![0.0, 1.0],
            noised: true,
            start: frame(9),
            frames: vec![frame(1), frame(2)],
            differences: vec![frame(3), frame(4)],
        };
        let film = webp::decode(&film(&recording).unwrap()).unwrap();
        assert_eq!((film.width, film.height), (6, 2));
        let reds: Vec<u8> = film.pixels.iter().step_by(4).copied().collect();
        assert_eq!(reds, [9, 9, 1, 1, 2, 2, 9, 9, 3, 3, 4, 4]);
    }
}
