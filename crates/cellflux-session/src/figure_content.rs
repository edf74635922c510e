//! What a printed figure or a film of a walk shows: its panels, labels, legends and texts. Where they stand
//! is for `cellflux-print` to say.

use std::str::FromStr;

use cellflux_bundle::Manifest;
use cellflux_flow::solver::Solver;
use cellflux_image::ImageSpec;
use cellflux_image::composite::{
    DIFFERENCE_SCALE, Display, Rgba, composite, difference, difference_legend, magnitude, magnitude_legend,
};
use cellflux_image::spec::Colour;
use cellflux_print::about::{Swatch, Text};
use cellflux_print::sheet::{ChangeScale, Column, Strip};
use cellflux_print::{About, Sheet};

use crate::error::{SessionError, shown};
use crate::figure_map::{self, Beside};
use crate::frame::Frame;
use crate::picture_text::{self, Pictured, Share};
use crate::prepared_walk::PreparedWalk;
use crate::recipe::{ChangeMap, Recipe, Start, View, number};

/// The most steps of a figure and the most frames of a film; of a longer walk they are evenly chosen.
pub const MOST_PANELS: usize = 24;
/// See [`MOST_PANELS`].
pub const MOST_FRAMES: usize = 240;

/// Pixels of a strip that explains the colours of a change.
const LEGEND: usize = 129;

/// Which steps of a walk are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Steps {
    /// A figure of every step, or of [`MOST_PANELS`].
    #[default]
    All,
    /// A figure of the first, the middle and the last step.
    Ends,
    /// A film of every step, or of [`MOST_FRAMES`], without what changed.
    Film,
}

impl Steps {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::All, Self::Ends, Self::Film];

    /// The name in commands and calls.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Ends => "ends",
            Self::Film => "film",
        }
    }

    fn most(self) -> usize {
        match self {
            Self::All => MOST_PANELS,
            Self::Ends => 3,
            Self::Film => MOST_FRAMES,
        }
    }

    /// Which of the steps reached are shown, rising; 0 is the start.
    #[must_use]
    pub fn shown(self, reached: usize) -> Vec<usize> {
        chosen(reached, self.most())
    }
}

impl FromStr for Steps {
    type Err = SessionError;

    fn from_str(name: &str) -> Result<Self, SessionError> {
        Self::ALL
            .into_iter()
            .find(|steps| steps.name() == name)
            .ok_or_else(|| SessionError::field("choice of steps", shown(name), "all, ends or film"))
    }
}

/// What a figure or film of the frames of a walk shows. Of a walk that starts with noise, a figure shows the
/// image before the noise as well, and of each step the map of the change that the view asks for; `beside` is
/// what that needs beyond the frames.
///
/// # Errors
/// [`SessionError::Image`] when a frame is not of the model's shape.
pub fn sheet(
    manifest: &Manifest,
    walk: &PreparedWalk,
    frames: &[Frame],
    steps: Steps,
    beside: &Beside,
) -> Result<Sheet, SessionError> {
    let recipe = &walk.recipe().seen_in(frames.last().and_then(|last| last.quick));
    let spec = &manifest.image;
    let chosen = steps.shown(frames.len());
    let share = Share {
        shown: chosen.len(),
        reached: frames.len(),
    };
    let is_film = steps == Steps::Film;
    let map = recipe.view.map;
    let pictured = if is_film {
        Pictured::Film(share)
    } else {
        Pictured::Figure(share)
    };
    let texts = picture_text::texts(manifest, recipe, pictured)?;
    let mut panels = Panels {
        spec,
        display: recipe.view.display(spec),
        pictures: Vec::new(),
    };
    let mut columns = Vec::new();
    if walk.is_noised() && !is_film {
        columns.push(Column {
            label: "start".into(),
            caption: start(manifest, recipe).into(),
            picture: panels.composite(walk.clean_start())?,
            change: None,
        });
    }
    for (step, frame) in frames.iter().enumerate() {
        if chosen.binary_search(&step).is_err() {
            continue;
        }
        let is_first = step == 0;
        let caption = if is_first {
            first_caption(manifest, walk)
        } else {
            "generated"
        };
        let change = if is_film {
            None
        } else if map == ChangeMap::Difference {
            let reference = (!is_first).then(|| walk.reference_at(frame.t));
            reference
                .map(|reference| panels.change(&frame.values, &reference))
                .transpose()?
        } else {
            let numbers = figure_map::numbers(walk, frames, step, beside);
            numbers.map(|numbers| panels.map(&numbers, map)).transpose()?
        };
        columns.push(Column {
            label: format!("t = {:.3}", frame.t),
            caption: caption.into(),
            picture: panels.composite(&frame.values)?,
            change,
        });
    }
    let has_change = columns.iter().any(|column| column.change.is_some());
    let mut footer = footer(manifest, walk, frames, share, &texts);
    if let Some(line) = figure_map::line(manifest, walk, has_change).filter(|_| !is_film) {
        // Before the licences and the link.
        footer.insert(footer.len().min(3), line);
    }
    let change_scale = has_change.then(|| panels.change_scale(map)).flatten();
    Ok(Sheet {
        about: About {
            title: picture_text::title(manifest, recipe),
            channels: shown_channels(spec, &recipe.view),
            um_per_pixel: um_per_pixel(spec),
            footer,
            texts: texts.into_iter().map(kept).collect(),
        },
        columns,
        change_heading: figure_map::heading(manifest, map),
        change_scale,
        pictures: panels.pictures,
    })
}

/// The visible channels, in the colours of their brightest pixels.
pub(crate) fn shown_channels(spec: &ImageSpec, view: &View) -> Vec<Swatch> {
    let display = view.display(spec);
    let channels = spec.channels.iter().zip(&display.channels);
    let visible = channels.filter(|(_, shown)| shown.visible);
    visible
        .map(|(channel, shown)| {
            let Colour { red, green, blue } = shown.lut.full(channel.colour);
            Swatch {
                name: channel.name.clone(),
                colour: [red, green, blue],
            }
        })
        .collect()
}

pub(crate) fn kept(text: cellflux_image::strip::PngText) -> Text {
    Text {
        keyword: text.keyword.into(),
        text: text.text,
    }
}

/// At most `most` steps of `reached`, evenly chosen, the first and the last among them; rising.
fn chosen(reached: usize, most: usize) -> Vec<usize> {
    if reached <= most {
        return (0..reached).collect();
    }
    let (last, gaps) = (reached - 1, most.saturating_sub(1).max(1));
    (0..=gaps).map(|place| place * last / gaps).collect()
}

/// Pictures in the making, and their numbers.
struct Panels<'a> {
    spec: &'a ImageSpec,
    display: Display,
    pictures: Vec<Rgba>,
}

impl Panels<'_> {
    fn kept(&mut self, picture: Rgba) -> usize {
        self.pictures.push(picture);
        self.pictures.len() - 1
    }

    fn composite(&mut self, image: &[f32]) -> Result<usize, SessionError> {
        let picture = composite(self.spec, &self.display, image)?;
        Ok(self.kept(picture))
    }

    fn change(&mut self, now: &[f32], reference: &[f32]) -> Result<usize, SessionError> {
        let picture = difference(self.spec, &self.display, now, reference, DIFFERENCE_SCALE)?;
        Ok(self.kept(picture))
    }

    /// The picture of a map's numbers.
    fn map(&mut self, numbers: &[f32], map: ChangeMap) -> Result<usize, SessionError> {
        if map == ChangeMap::Speed {
            let picture = magnitude(self.spec, &self.display, numbers, DIFFERENCE_SCALE)?;
            return Ok(self.kept(picture));
        }
        self.change(numbers, &vec![0.0; numbers.len()])
    }

    /// `None` where every channel is switched off.
    fn change_scale(&mut self, map: ChangeMap) -> Option<ChangeScale> {
        let scale = number(&DIFFERENCE_SCALE);
        let (strips, numbers) = if map == ChangeMap::Speed {
            (self.strip_of_magnitude(), ["0".into(), String::new(), scale])
        } else {
            let ends = [format!("−{scale}"), "0".into(), format!("+{scale}")];
            (self.strips(), ends)
        };
        (!strips.is_empty()).then(|| ChangeScale {
            heading: figure_map::scale_heading(map),
            words: figure_map::scale_words(map).map(String::from),
            numbers,
            strips,
        })
    }

    fn strips(&mut self) -> Vec<Strip> {
        let legend = difference_legend(self.spec, &self.display, LEGEND);
        legend
            .into_iter()
            .filter_map(|(channel, picture)| {
                Some(Strip {
                    name: self.spec.channels.get(channel)?.name.clone(),
                    picture: self.kept(picture),
                })
            })
            .collect()
    }

    fn strip_of_magnitude(&mut self) -> Vec<Strip> {
        if self.display.channels.iter().all(|channel| !channel.visible) {
            return Vec::new();
        }
        vec![Strip {
            name: "visible channels together".into(),
            picture: self.kept(magnitude_legend(LEGEND)),
        }]
    }
}

/// Micrometres per pixel, where the manifest says it.
pub(crate) fn um_per_pixel(spec: &ImageSpec) -> Option<f64> {
    let longer = spec.width.max(spec.height) as f64;
    spec.pixel_size_um
        .or(spec.crop_size_um.map(|across| across / longer))
}

/// What the walk starts from, in a few words.
fn start(manifest: &Manifest, recipe: &Recipe) -> &'static str {
    let Start::Example(id) = &recipe.start else {
        return match recipe.start {
            Start::Noise => "noise: no cell is in it",
            Start::Crop(_) | Start::Example(_) => "start (a visitor's own image)",
        };
    };
    let example = manifest.gallery.get(id);
    let of_controls = manifest.gallery.controls.iter().any(|control| control.id == *id);
    match (example.is_some_and(|example| example.synthetic), of_controls) {
        (true, _) => "start (drawn by a program)",
        (false, true) => "start (measured control)",
        (false, false) => "start (measured treated cell)",
    }
}

/// What the walk's first frame is.
fn first_caption(manifest: &Manifest, walk: &PreparedWalk) -> &'static str {
    if walk.is_noised() {
        "start with noise"
    } else {
        start(manifest, walk.recipe())
    }
}

/// Lines below the figure: what was computed, from what, how, and the link.
fn footer(
    manifest: &Manifest,
    walk: &PreparedWalk,
    frames: &[Frame],
    share: Share,
    texts: &[cellflux_image::strip::PngText],
) -> Vec<String> {
    let recipe = walk.recipe();
    let mut footer = vec![format!(
        "{}. Model: {} ({})",
        picture_text::note(recipe),
        manifest.title,
        manifest.id
    )];
    footer.extend(settings_lines(manifest, recipe));
    if share.shown < share.reached {
        footer.push(format!("{share} are shown"));
    }
    if let (Some(last), Some(end)) = (frames.last(), walk.waypoints().last())
        && (last.step_size.is_some() || last.waypoint + 1 < walk.waypoints().len())
    {
        footer.push(format!("Walked to t = {:.3}, not yet to {end}", last.t));
    }
    if let Some(weights) = frames.last().and_then(|last| last.quick) {
        footer.push(format!("Weights: {}", picture_text::quick_words(weights)));
    }
    footer.extend(footer_end(manifest, recipe, texts));
    footer
}

/// Lines about a walk's compound, start and settings.
pub(crate) fn settings_lines(manifest: &Manifest, recipe: &Recipe) -> [String; 2] {
    let condition = picture_text::condition(manifest, recipe);
    [
        format!("Compound: {condition}. {}", start_line(manifest, recipe)),
        settings(recipe),
    ]
}

/// The last lines of every figure: how channels are shown otherwise, the licences, the link.
pub(crate) fn footer_end(
    manifest: &Manifest,
    recipe: &Recipe,
    texts: &[cellflux_image::strip::PngText],
) -> Vec<String> {
    let of = |keyword: &str| {
        let found = texts.iter().find(|text| text.keyword == keyword);
        found.map(|text| text.text.as_str())
    };
    let mut footer = Vec::new();
    let otherwise = picture_text::shown_otherwise(manifest, recipe);
    if !otherwise.is_empty() {
        footer.push(format!("Display: {}", otherwise.join("; ")));
    }
    footer.extend(of("Copyright").map(|licences| format!("Licences: {licences}")));
    footer.extend(of(picture_text::LINK).map(|link| format!("Link: {link}")));
    footer
}

fn start_line(manifest: &Manifest, recipe: &Recipe) -> String {
    match &recipe.start {
        Start::Example(id) => {
            let source = manifest.gallery.get(id).map(|example| example.source.as_str());
            format!("Start: {id}, {}", source.unwrap_or("of unknown source"))
        }
        Start::Crop(_) => "Start: a visitor's own image".into(),
        Start::Noise => "Start: noise".into(),
    }
}

fn settings(recipe: &Recipe) -> String {
    let sampling = &recipe.sampling;
    let solver = match sampling.solver {
        Solver::Fixed(_) => format!(
            "Solver {}, {} steps, {} grid",
            sampling.solver, sampling.steps, sampling.grid
        ),
        Solver::Dopri5 => format!(
            "Solver {}, tolerances {} and {}",
            sampling.solver,
            number(&sampling.rtol),
            number(&sampling.atol)
        ),
    };
    format!(
        "{solver}, {}; guidance {}, source noise {}, seed {}",
        recipe.direction.name(),
        number(&sampling.alpha),
        number(&sampling.noise),
        sampling.seed
    )
}

#[cfg(test)]
#[path = "figure_content_tests.rs"]
mod tests;
