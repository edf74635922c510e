//! What a saved picture says of itself: that it was generated, by which model, from what, and how it is made
//! again. A PNG holds it as texts, so that it stays with the picture even under another file name.

use std::fmt;

use cellflux_bundle::Manifest;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_image::strip::PngText;

use crate::error::SessionError;
use crate::figure_map;
use crate::frame::Frame;
use crate::link;
use crate::recipe::{ChannelView, Direction, Recipe, Start, Treatment, View, number};

/// The note that stands beside every generated picture.
pub const NOTE: &str = "Generated, not measured";

/// What is said of a compound that was typed.
pub const UNSEEN: &str = "never seen by the network";

/// The note beside pictures of a compound that was typed.
pub const NOTE_OF_UNSEEN: &str = "Generated, not measured; the compound was never seen by the network";

/// The keyword of a walk's link, by which a page follows a picture that is dropped on it.
pub const LINK: &str = "CellFlux link";

/// The keyword of the settings of a walk whose link would hold a visitor's crop.
pub const SETTINGS: &str = "CellFlux settings";

/// What a walk's generated pictures are.
pub fn note(recipe: &Recipe) -> &'static str {
    match recipe.condition {
        Treatment::Listed(_) => NOTE,
        Treatment::Typed(_) => NOTE_OF_UNSEEN,
    }
}

/// Which pictures of a walk a file holds.
#[derive(Clone, Copy, Debug)]
pub enum Pictured<'a> {
    /// One frame, and its step counted from the start, which is 0.
    Step(usize, &'a Frame),
    /// This number of frames, the start first.
    Strip(usize),
    /// A figure with this number of the frames that were reached, and what changed in them.
    Figure(Share),
    /// A film of this number of the frames that were reached.
    Film(Share),
    /// A table of walks or charts of one, with this title and description.
    Other(&'a str, &'a str),
}

/// How many of the frames that were reached are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Shown.
    pub shown: usize,
    /// Reached, the start included.
    pub reached: usize,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shown, reached } = self;
        if shown == reached {
            write!(f, "{shown} frames")
        } else {
            write!(f, "{shown} of {reached} frames")
        }
    }
}

/// The texts of a picture of a walk.
///
/// The link of a walk from a visitor's own crop would hold the crop. A visitor who passes a picture on may
/// not want to pass the crop on, so the link is left out.
///
/// # Errors
/// [`SessionError::Image`] for a crop that is not of the model's shape.
pub fn texts(manifest: &Manifest, recipe: &Recipe, pictured: Pictured) -> Result<Vec<PngText>, SessionError> {
    let text = |keyword, text| PngText { keyword, text };
    let titled = match pictured {
        Pictured::Other(title, _) => title.to_owned(),
        _ => title(manifest, recipe),
    };
    let mut texts = vec![
        text("Title", titled),
        text("Warning", warning(recipe, pictured)),
        text("Description", description(manifest, recipe, pictured)),
        text(
            "Source",
            format!("the model {} ({})", manifest.id, manifest.title),
        ),
        text("Copyright", licences(manifest, recipe)),
        text(
            "Software",
            concat!("CellFlux for the web ", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
    ];
    let step = match pictured {
        Pictured::Step(step, _) => Some(step),
        Pictured::Strip(_) | Pictured::Figure(_) | Pictured::Film(_) | Pictured::Other(..) => None,
    };
    let mut shown = recipe.clone();
    shown.view = View {
        step,
        ..recipe.view.clone()
    };
    let link = link::write(&shown, &manifest.image)?;
    texts.push(match link.split_once("&crop=") {
        None => text(LINK, format!("#{link}")),
        Some((settings, _)) => text(
            SETTINGS,
            format!("{settings} (the crop that the walk starts from is not in this file)"),
        ),
    });
    Ok(texts)
}

/// The condition and the way of the walk.
pub(crate) fn title(manifest: &Manifest, recipe: &Recipe) -> String {
    format!("{}, {}", condition(manifest, recipe), way(recipe))
}

/// The condition's name and dose, and what training did not have of them: a typed compound at all, or cells
/// of a compound at this dose.
pub(crate) fn condition(manifest: &Manifest, recipe: &Recipe) -> String {
    let mut name = recipe.condition.name(manifest).to_owned();
    if let Some(dose_um) = recipe.dose_um {
        name = format!("{name} at {} µM", number(&dose_um));
    }
    let untrained = |dose_um: f64| {
        let condition = recipe.condition.condition(manifest);
        condition.is_some_and(|condition| !condition.control && condition.was_not_trained_at(dose_um))
    };
    match recipe.condition {
        Treatment::Listed(_) if recipe.dose_um.is_some_and(untrained) => {
            format!("{name} (no cell of it at this dose was trained on)")
        }
        Treatment::Listed(_) => name,
        Treatment::Typed(_) => format!("{name} ({UNSEEN})"),
    }
}

fn way(recipe: &Recipe) -> &'static str {
    match recipe.direction {
        Direction::Forward => "from the control to the treated end",
        Direction::Reverse => "from the treated end back",
        Direction::Return => "from the control to the treated end and back",
    }
}

/// Whether what is seen was generated. A walk's first frame was not: it is the start.
fn warning(recipe: &Recipe, pictured: Pictured) -> String {
    let noised = recipe.sampling.noise > 0.0 && recipe.direction.starts_at_source();
    let start = match recipe.start {
        Start::Noise => "Noise: no cell is in it",
        Start::Example(_) | Start::Crop(_) if noised => {
            "The start of the walk with noise added, not generated"
        }
        Start::Example(_) | Start::Crop(_) => "The start of the walk, unchanged, not generated",
    };
    match pictured {
        Pictured::Step(0, _) => start.to_owned(),
        Pictured::Step(..) | Pictured::Other(..) => note(recipe).to_owned(),
        Pictured::Strip(_) | Pictured::Figure(_) | Pictured::Film(_) => {
            format!("{}. The first frame is different. {start}", note(recipe))
        }
    }
}

/// Condition, start, place on the walk and seed, in words.
fn description(manifest: &Manifest, recipe: &Recipe, pictured: Pictured) -> String {
    if let Pictured::Other(_, description) = pictured {
        return description.to_owned();
    }
    let start = match &recipe.start {
        Start::Example(id) => format!("from {id}"),
        Start::Crop(_) => "from a visitor's own crop".to_owned(),
        Start::Noise => "from noise".to_owned(),
    };
    let place = match pictured {
        Pictured::Step(step, frame) => format!("step {step}, t = {:.3}", frame.t),
        Pictured::Strip(frames) => format!("{frames} frames of the walk, the start on the left"),
        Pictured::Figure(share) => {
            let map = figure_map::shown(recipe.view.map);
            format!("{share} of the walk, and {map}")
        }
        Pictured::Film(share) => format!("{share} of the walk, one after the other"),
        Pictured::Other(..) => String::new(),
    };
    let sampling = &recipe.sampling;
    let mut said = vec![format!(
        "Condition {}, {start}; {place}; guidance {}, source noise {}, seed {}",
        condition(manifest, recipe),
        number(&sampling.alpha),
        number(&sampling.noise),
        sampling.seed
    )];
    said.extend(recipe.view.weights.map(quick_words));
    said.extend(shown_otherwise(manifest, recipe));
    said.join("; ")
}

/// What is said of steps that ran under quick weights.
pub(crate) fn quick_words(weights: WeightDtype) -> String {
    format!("computed with the bundle's quick {weights} weights, so not exactly what its own give")
}

/// Each channel that is shown otherwise than the manifest says, and how: what is bright in two pictures can
/// be compared only where both are shown alike.
pub(crate) fn shown_otherwise(manifest: &Manifest, recipe: &Recipe) -> Vec<String> {
    let of_channel = |shown: &ChannelView| {
        let channel = manifest.image.channels.get(shown.channel);
        let name = channel.map_or("a channel", |channel| channel.name.as_str());
        let said = [
            shown
                .window
                .map(|window| format!("window {} to {} of the coded range", window.low, window.high)),
            shown.gamma.map(|gamma| format!("gamma {gamma}")),
            shown.lut.map(|lut| format!("look-up table {lut}")),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        format!("{name} shown with {}", said.join(", "))
    };
    recipe.view.channels.iter().map(of_channel).collect()
}

/// The licences of the weights and of the start's picture.
fn licences(manifest: &Manifest, recipe: &Recipe) -> String {
    let weights = format!("weights: {}", manifest.provenance.licence);
    let start = match &recipe.start {
        Start::Example(id) => manifest.gallery.get(id),
        Start::Crop(_) | Start::Noise => None,
    };
    match start {
        Some(example) => format!("{weights}; start: {}; {}", example.source, example.licence),
        None => weights,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Thousandths, WindowView};
    use crate::test_model::{manifest, manifest_of_counts, manifest_with_dose, recipe};
    use cellflux_image::lut::Lut;

    fn frame() -> Frame {
        Frame {
            t: 0.5,
            evaluations: 2,
            rejected: 0,
            waypoint: 1,
            step_size: None,
            quick: None,
            values: Vec::new(),
        }
    }

    fn text_of(texts: &[PngText], keyword: &str) -> Option<String> {
        let found = texts.iter().find(|text| text.keyword == keyword);
        found.map(|text| text.text.clone())
    }

    #[test]
    fn a_picture_says_that_it_was_generated_by_what_and_how_it_is_made_again() {
        let manifest = manifest_with_dose();
        let mut recipe = recipe();
        recipe.dose_um = Some(3.0);
        let texts = texts(&manifest, &recipe, Pictured::Step(2, &frame())).unwrap();
        let of = |keyword: &str| text_of(&texts, keyword).unwrap();
        assert_eq!(of("Warning"), NOTE);
        assert_eq!(of("Source"), "the model test-model (A model for tests)");
        assert_eq!(of("Copyright"), "weights: CC0-1.0; start: made up; CC0-1.0");
        assert_eq!(
            of("Description"),
            "Condition taxol at 3 µM, from control-1; step 2, t = 0.500; guidance 1.2, source noise 0.5, \
            seed 7"
        );
        recipe.view.step = Some(2);
        assert_eq!(link::read(&of("CellFlux link"), &manifest).unwrap(), recipe);
    }

    #[test]
    fn a_dose_that_was_not_trained_on_is_said_to_be_one() {
        let manifest = manifest_with_dose();
        let mut recipe = recipe();
        let mut title = |dose_um| {
            recipe.dose_um = Some(dose_um);
            title(&manifest, &recipe)
        };
        assert_eq!(title(3.0), "taxol at 3 µM, from the control to the treated end");
        assert_eq!(
            title(0.7),
            "taxol at 0.7 µM (no cell of it at this dose was trained on), from the control to the treated end"
        );
    }

    #[test]
    fn a_start_is_not_called_generated() {
        let (manifest, mut recipe) = (manifest(), recipe());
        let warning = |recipe: &Recipe, pictured: Pictured| {
            text_of(&texts(&manifest, recipe, pictured).unwrap(), "Warning").unwrap()
        };
        let first = warning(&recipe, Pictured::Step(0, &frame()));
        assert_eq!(first, "The start of the walk with noise added, not generated");
        assert!(warning(&recipe, Pictured::Strip(3)).starts_with(NOTE));
        recipe.sampling.noise = 0.0;
        let first = warning(&recipe, Pictured::Step(0, &frame()));
        assert_eq!(first, "The start of the walk, unchanged, not generated");
        recipe.start = Start::Noise;
        assert_eq!(
            warning(&recipe, Pictured::Step(0, &frame())),
            "Noise: no cell is in it"
        );
    }

    #[test]
    fn a_picture_of_a_typed_compound_says_that_the_network_never_saw_it() {
        let (manifest, mut recipe) = (manifest_of_counts(), recipe());
        recipe.condition = Treatment::Typed("OC(=O)C#N".into());
        for pictured in [Pictured::Step(2, &frame()), Pictured::Strip(3)] {
            let texts = texts(&manifest, &recipe, pictured).unwrap();
            let of = |keyword: &str| text_of(&texts, keyword).unwrap();
            assert!(of("Title").starts_with("OC(=O)C#N (never seen by the network), from"));
            assert!(of("Warning").starts_with(NOTE_OF_UNSEEN), "{}", of("Warning"));
            assert!(of("Description").contains(UNSEEN));
            let again = link::read(&of("CellFlux link"), &manifest).unwrap();
            assert_eq!(again.condition, recipe.condition);
        }
    }

    #[test]
    fn channels_that_are_shown_otherwise_are_told_with_their_numbers_and_made_again_by_the_link() {
        let (manifest, mut recipe) = (manifest(), recipe());
        let plain = texts(&manifest, &recipe, Pictured::Strip(2)).unwrap();
        assert!(!text_of(&plain, "Description").unwrap().contains("shown"));
        recipe.view.channels = vec![ChannelView {
            channel: 1,
            window: WindowView::read("0.11-0.5"),
            gamma: Thousandths::read("0.8"),
            lut: Some(Lut::Magenta),
        }];
        let texts = texts(&manifest, &recipe, Pictured::Strip(2)).unwrap();
        let description = text_of(&texts, "Description").unwrap();
        let expected = "; channel 2 shown with window 0.11 to 0.5 of the coded range, gamma 0.8, look-up \
                        table magenta";
        assert!(description.ends_with(expected), "{description}");
        let again = link::read(&text_of(&texts, "CellFlux link").unwrap(), &manifest).unwrap();
        assert_eq!(again.view.channels, recipe.view.channels);
    }

    #[test]
    fn steps_under_quick_weights_are_said_to_be_not_exact_and_their_link_names_them() {
        let manifest = manifest();
        let quick = recipe().seen_in(Some(WeightDtype::Int8));
        let texts = texts(&manifest, &quick, Pictured::Step(2, &frame())).unwrap();
        let of = |keyword: &str| text_of(&texts, keyword).unwrap();
        let expected = "; computed with the bundle's quick int8 weights, so not exactly what its own give";
        assert!(of("Description").ends_with(expected), "{}", of("Description"));
        assert!(of(LINK).ends_with("&weights=int8"), "{}", of(LINK));
    }

    #[test]
    fn a_figure_says_how_many_of_the_frames_it_shows() {
        let (manifest, recipe) = (manifest(), recipe());
        let share = |shown| Share { shown, reached: 51 };
        for (pictured, expected) in [
            (
                Pictured::Figure(share(3)),
                "3 of 51 frames of the walk, and what changed in them",
            ),
            (
                Pictured::Film(share(51)),
                "51 frames of the walk, one after the other",
            ),
        ] {
            let texts = texts(&manifest, &recipe, pictured).unwrap();
            let of = |keyword: &str| text_of(&texts, keyword).unwrap();
            assert!(of("Description").contains(expected), "{}", of("Description"));
            assert!(of("Warning").starts_with(NOTE));
            assert!(!of(LINK).contains("&at="), "{}", of(LINK));
        }
    }

    #[test]
    fn a_visitor_s_crop_is_not_in_the_file() {
        let (manifest, mut recipe) = (manifest(), recipe());
        recipe.start = Start::Crop(vec![3; manifest.image.len()]);
        let texts = texts(&manifest, &recipe, Pictured::Strip(2)).unwrap();
        assert_eq!(text_of(&texts, "CellFlux link"), None);
        let settings = text_of(&texts, "CellFlux settings").unwrap();
        assert!(
            settings.contains("&seed=7") && !settings.contains("crop="),
            "{settings}"
        );
    }
}
