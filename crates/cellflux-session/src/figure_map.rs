//! The map of the change in a figure: what each step's picture is made of, what its colours mean, and the
//! words beside it. Which map that is, the view says ([`ChangeMap`]), as on the page.

use std::collections::BTreeMap;

use cellflux_bundle::Manifest;
use cellflux_bundle::conditions::DoseFeatures;
use cellflux_flow::field::Engine;
use cellflux_flow::solver::Solver;

use crate::exploration::Exploration;
use crate::figure_content::Steps;
use crate::frame::Frame;
use crate::prepared_walk::PreparedWalk;
use crate::recipe::{ChangeMap, Recipe, Treatment};
use crate::step_error::StepError;
use crate::velocity::mean_velocity;

/// What is said of velocities: no camera has seen one.
const COMPUTED: &str = "Computed by the model, not measured";

/// What a map needs beyond the frames of its walk. Most maps need nothing.
#[derive(Clone, Debug, Default)]
pub struct Beside<'a> {
    /// The frames of the walk of [`untreated`], the start first, as far as it has come.
    pub untreated: &'a [Frame],
    /// What the condition adds to the velocity, by step ([`effects`]).
    pub effects: BTreeMap<usize, Vec<f32>>,
}

/// The recipe of the same walk under the control's condition, where the map shows the difference to it:
/// `None` for another map, in a model without a control condition, and for a walk that is under it.
#[must_use]
pub fn untreated(manifest: &Manifest, recipe: &Recipe) -> Option<Recipe> {
    if recipe.view.map != ChangeMap::Untreated {
        return None;
    }
    let control = manifest.conditions.control()?;
    if recipe.condition == Treatment::Listed(control.id.clone()) {
        return None;
    }
    let mut untreated = recipe.clone();
    untreated.condition = Treatment::Listed(control.id.clone());
    untreated.dose_um = match manifest.conditions.dose {
        DoseFeatures::None => recipe.dose_um,
        DoseFeatures::Log1p { .. } => Some(control.doses_um.first().copied().unwrap_or_default()),
    };
    Some(untreated)
}

/// What the condition adds to the velocity at each step that a figure shows, where the map shows it: two
/// evaluations of the network each. Nothing for another map, a film, or an exploration without an engine.
///
/// # Errors
/// As [`Exploration::condition_effect`].
pub async fn effects<E: Engine>(
    exploration: &mut Exploration<E>,
    steps: Steps,
) -> Result<BTreeMap<usize, Vec<f32>>, StepError<E::Error>> {
    let mut effects = BTreeMap::new();
    let is_shown = exploration.walk().recipe().view.map == ChangeMap::Guidance && steps != Steps::Film;
    if !is_shown || exploration.engine().is_none() {
        return Ok(effects);
    }
    for step in steps.shown(exploration.frames().len()) {
        if let Some(values) = exploration.condition_effect(step).await? {
            effects.insert(step, values);
        }
    }
    Ok(effects)
}

/// The numbers `[C, H, W]` of a map at a step, in model range or, of a velocity, in model range per unit of
/// t; `None` where the step has none, and for [`ChangeMap::Difference`], whose picture is taken from two
/// images.
pub(crate) fn numbers(
    walk: &PreparedWalk,
    frames: &[Frame],
    step: usize,
    beside: &Beside,
) -> Option<Vec<f32>> {
    let frame = frames.get(step)?;
    match walk.recipe().view.map {
        ChangeMap::Difference => None,
        ChangeMap::NoisedStart => {
            let start = frames.first().filter(|_| walk.is_noised() && step > 0)?;
            less(frame, start)
        }
        ChangeMap::Untreated => {
            let other = other_frame(walk, frame, step, beside.untreated).filter(|_| step > 0)?;
            less(frame, other)
        }
        ChangeMap::Velocity | ChangeMap::Speed => mean_velocity(frames.get(step.checked_sub(1)?)?, frame),
        ChangeMap::Guidance => beside.effects.get(&step).cloned(),
    }
}

/// The frame of the other walk that stands beside one: of the same number where the times are given, else
/// the last on the same way that is not later.
fn other_frame<'a>(
    walk: &PreparedWalk,
    frame: &Frame,
    step: usize,
    others: &'a [Frame],
) -> Option<&'a Frame> {
    if walk.recipe().sampling.solver != Solver::Dopri5 {
        return others.get(step);
    }
    let waypoints = walk.waypoints();
    let (begin, end) = (
        waypoints.get(frame.waypoint.checked_sub(1)?)?,
        waypoints.get(frame.waypoint)?,
    );
    let is_later = |other: &Frame| {
        if end > begin {
            other.t > frame.t
        } else {
            other.t < frame.t
        }
    };
    others
        .iter()
        .take_while(|other| {
            other.waypoint < frame.waypoint || (other.waypoint == frame.waypoint && !is_later(other))
        })
        .last()
}

fn less(now: &Frame, reference: &Frame) -> Option<Vec<f32>> {
    if now.values.len() != reference.values.len() {
        return None;
    }
    let values = now.values.iter().zip(&reference.values);
    Some(values.map(|(now, reference)| now - reference).collect())
}

/// Whether a map is of something per unit of t.
fn is_rate(map: ChangeMap) -> bool {
    matches!(map, ChangeMap::Velocity | ChangeMap::Speed | ChangeMap::Guidance)
}

/// What stands above the pictures of a map.
pub(crate) fn heading(manifest: &Manifest, map: ChangeMap) -> String {
    match map {
        ChangeMap::Difference => "Change from the start".into(),
        ChangeMap::NoisedStart => "Difference to the noised start".into(),
        ChangeMap::Untreated => format!("Difference to {}’s walk", control(manifest)),
        ChangeMap::Velocity => "Mean velocity of the step that led here, by channel".into(),
        ChangeMap::Speed => "Magnitude of the mean velocity of the step that led here".into(),
        ChangeMap::Guidance => "Velocity that the compound adds".into(),
    }
}

/// What a figure shows beside the frames, in a description of the file.
pub(crate) fn shown(map: ChangeMap) -> &'static str {
    match map {
        ChangeMap::Difference => "what changed in them",
        ChangeMap::NoisedStart => "their difference to the noised start",
        ChangeMap::Untreated => "their difference to the same walk under the control’s condition",
        ChangeMap::Velocity => "the mean velocity of the step to each, by channel",
        ChangeMap::Speed => "the magnitude of the mean velocity of the step to each",
        ChangeMap::Guidance => "the velocity that the compound adds at each",
    }
}

/// What the colours of a map are of, and in which unit.
pub(crate) fn scale_heading(map: ChangeMap) -> String {
    let of = match map {
        ChangeMap::Velocity => "velocity",
        ChangeMap::Speed => "speed",
        ChangeMap::Guidance => "velocity that the compound adds",
        ChangeMap::Difference | ChangeMap::NoisedStart | ChangeMap::Untreated => "change",
    };
    let rate = if is_rate(map) { ", per unit of t" } else { "" };
    format!("Colours of the {of}, as a share of the range from black to full scale{rate}")
}

/// Words for the left end, the middle and the right end of the colours.
pub(crate) fn scale_words(map: ChangeMap) -> [&'static str; 3] {
    match map {
        ChangeMap::Velocity => ["falls", "stays", "rises"],
        ChangeMap::Speed => ["none", "", "fast"],
        _ => ["less", "same", "more"],
    }
}

/// A line below the figure that says what the map is, or, without any picture of it, why there is none;
/// nothing for the difference to the start.
pub(crate) fn line(manifest: &Manifest, walk: &PreparedWalk, is_there: bool) -> Option<String> {
    let map = walk.recipe().view.map;
    if map == ChangeMap::Difference {
        return None;
    }
    Some(if is_there {
        about(manifest, walk)
    } else {
        format!(
            "{}: not shown, {}",
            heading(manifest, map),
            why_not(manifest, walk)
        )
    })
}

fn about(manifest: &Manifest, walk: &PreparedWalk) -> String {
    match walk.recipe().view.map {
        ChangeMap::Difference => String::new(),
        ChangeMap::NoisedStart => {
            "Map: the image less the start with all of its noise; what the network takes \
                                   away of the noise counts as a change"
                .into()
        }
        ChangeMap::Untreated => {
            let times = match walk.recipe().sampling.solver {
                Solver::Fixed(_) => "",
                Solver::Dopri5 => {
                    "; beside each step stands the last step of the other walk that is not later"
                }
            };
            format!(
                "Map: the image less the same walk under {}, from the same start with the same noise, seed, \
                 solver and guidance{times}. Both are generated, not measured",
                control(manifest)
            )
        }
        ChangeMap::Velocity => format!(
            "Map: the change of the image over the change of t in the step that led to it, the mean of that \
             step’s guided velocities; it rises where a channel becomes brighter with growing t. {COMPUTED}"
        ),
        ChangeMap::Speed => format!(
            "Map: the root mean square, over the visible channels, of the change of the image over the \
             change of t in the step that led to it. {COMPUTED}"
        ),
        ChangeMap::Guidance => format!(
            "Map: v(c) − v(null), the velocity under the compound less the velocity under no condition, at \
             each image and its time. {COMPUTED}"
        ),
    }
}

fn why_not(manifest: &Manifest, walk: &PreparedWalk) -> &'static str {
    match walk.recipe().view.map {
        ChangeMap::NoisedStart if !walk.is_noised() => "no noise was added to the start of this walk",
        ChangeMap::Untreated if manifest.conditions.control().is_none() => {
            "this model has no control condition"
        }
        ChangeMap::Untreated if untreated(manifest, walk.recipe()).is_none() => {
            "the walk is the one under the control’s condition"
        }
        ChangeMap::Untreated => "the other walk has not come to a step of this one",
        ChangeMap::Guidance => "it was not computed",
        _ => "no step has been taken that it could be of",
    }
}

/// The name of the control's condition.
fn control(manifest: &Manifest) -> &str {
    let control = manifest.conditions.control();
    control.map_or("the control", |control| control.name.as_str())
}

#[cfg(test)]
mod tests {
    use cellflux_print::{Width, svg};
    use pollster::block_on;

    use super::*;
    use crate::figure_content::sheet;
    use crate::test_engine::walked;
    use crate::test_model::{manifest, manifest_with_dose, recipe};

    #[test]
    fn each_map_has_its_row_its_legend_and_its_words() {
        let manifest = manifest();
        let other = walked(|recipe| recipe.condition = Treatment::Listed("dmso".into()));
        for (map, with_map, strips, said) in [
            (
                ChangeMap::NoisedStart,
                4,
                2,
                "Map: the image less the start with all of its noise",
            ),
            (ChangeMap::Untreated, 4, 2, "Both are generated, not measured"),
            (ChangeMap::Velocity, 4, 2, COMPUTED),
            (ChangeMap::Speed, 4, 1, COMPUTED),
            (ChangeMap::Guidance, 5, 2, COMPUTED),
        ] {
            let mut exploration = walked(|recipe| recipe.view.map = map);
            let beside = Beside {
                untreated: other.frames(),
                effects: block_on(effects(&mut exploration, Steps::All)).unwrap(),
            };
            let (walk, frames) = (exploration.walk(), exploration.frames());
            let sheet = sheet(&manifest, walk, frames, Steps::All, &beside).unwrap();
            let shown = sheet.columns.iter().filter(|column| column.change.is_some());
            assert_eq!(shown.count(), with_map, "{map:?}");
            assert_eq!(sheet.change_heading, heading(&manifest, map));
            let scale = sheet.change_scale.as_ref().unwrap();
            assert_eq!(scale.strips.len(), strips, "{map:?}");
            assert_eq!(scale.heading.contains("per unit of t"), is_rate(map), "{map:?}");
            assert!(
                sheet.about.footer.iter().any(|line| line.contains(said)),
                "{map:?}"
            );
            let link = sheet
                .about
                .texts
                .iter()
                .find(|text| text.keyword == "CellFlux link")
                .unwrap();
            assert!(
                link.text.contains(&format!("&map={}", map.name())),
                "{}",
                link.text
            );
            assert!(svg(&sheet, Width::Double).unwrap().contains(&scale.heading));
        }
    }

    #[test]
    fn a_velocity_s_picture_is_of_the_two_frames_and_an_effect_s_of_the_network() {
        let mut exploration = walked(|recipe| recipe.view.map = ChangeMap::Velocity);
        let none = Beside::default();
        let (walk, frames) = (exploration.walk(), exploration.frames());
        assert_eq!(numbers(walk, frames, 0, &none), None);
        assert_eq!(
            numbers(walk, frames, 2, &none),
            mean_velocity(&frames[1], &frames[2])
        );
        assert_eq!(block_on(effects(&mut exploration, Steps::All)).unwrap().len(), 0);
        let mut exploration = walked(|recipe| recipe.view.map = ChangeMap::Guidance);
        let found = block_on(effects(&mut exploration, Steps::Ends)).unwrap();
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [0, 2, 4]);
        let expected = block_on(exploration.condition_effect(2)).unwrap();
        assert_eq!(found.get(&2), expected.as_ref());
        exploration.detach_engine();
        assert_eq!(block_on(effects(&mut exploration, Steps::Ends)).unwrap().len(), 0);
    }

    #[test]
    fn what_is_not_there_is_said_and_has_no_legend() {
        let manifest = manifest();
        for (map, noise, said) in [
            (
                ChangeMap::NoisedStart,
                0.0,
                "no noise was added to the start of this walk",
            ),
            (ChangeMap::Guidance, 0.5, "it was not computed"),
        ] {
            let exploration = walked(|recipe| {
                recipe.view.map = map;
                recipe.sampling.noise = noise;
            });
            let (walk, frames) = (exploration.walk(), exploration.frames());
            let sheet = sheet(&manifest, walk, frames, Steps::All, &Beside::default()).unwrap();
            assert!(sheet.columns.iter().all(|column| column.change.is_none()));
            assert_eq!(sheet.change_scale, None);
            assert!(
                sheet.about.footer.iter().any(|line| line.ends_with(said)),
                "{:?}",
                sheet.about.footer
            );
        }
    }

    #[test]
    fn the_untreated_walk_is_the_same_under_the_control_at_the_control_s_dose() {
        let mut manifest = manifest_with_dose();
        let mut recipe = recipe();
        recipe.dose_um = Some(3.0);
        assert_eq!(untreated(&manifest, &recipe), None);
        recipe.view.map = ChangeMap::Untreated;
        let other = untreated(&manifest, &recipe).unwrap();
        assert_eq!(other.condition, Treatment::Listed("dmso".into()));
        assert_eq!(
            (other.sampling, other.start),
            (recipe.sampling.clone(), recipe.start.clone())
        );
        assert_eq!(
            untreated(
                &manifest,
                &Recipe {
                    condition: other.condition,
                    ..recipe.clone()
                }
            ),
            None
        );
        manifest.conditions.list.retain(|condition| !condition.control);
        assert_eq!(untreated(&manifest, &recipe), None);
    }

    #[test]
    fn a_solver_that_finds_its_times_is_compared_with_the_last_step_that_is_not_later() {
        let walk = walked(|recipe| recipe.sampling.solver = Solver::Dopri5);
        let frame = |t: f64, waypoint: usize| Frame {
            t,
            evaluations: 6,
            rejected: 0,
            waypoint,
            step_size: None,
            quick: None,
            values: Vec::new(),
        };
        let others = [frame(0.0, 0), frame(0.3, 1), frame(0.6, 1), frame(1.0, 1)];
        let beside = |t: f64| other_frame(walk.walk(), &frame(t, 1), 9, &others).map(|frame| frame.t);
        assert_eq!([0.2, 0.3, 0.9, 1.0].map(beside), [0.0, 0.3, 0.6, 1.0].map(Some));
    }
}
