//! The answer key for teachers, as far as the build can compute it.

use std::fmt::Write;

use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_lab::{LabError, Learning, Quantity};
use toml::Spanned;

use super::question::{Asked, Best, Checked, Kind, Question, Right};
use super::state::{LabState, Setting};
use crate::error::SiteError;
use crate::place::Place;
use crate::recorder::{Recorder, Recording};

/// What the key begins with, by which it is known again.
pub const HEADING: &str = "# Answers to the lessons of this site\n";

/// What the build found out.
pub(super) struct Found {
    /// The quantity in the lesson's state; none where the build does not compute it.
    pub value: Option<f64>,
    /// The numbers of the options that are right; none where that is not known.
    pub right: Option<Vec<usize>>,
    /// The quantity of each option that is a state.
    of_states: Vec<Option<f64>>,
}

/// Computes what a question asks.
///
/// # Errors
/// [`SiteError::At`] when the lab refuses its state or the walk cannot be computed.
pub(super) fn of(
    setting: &Setting,
    asked: &Checked,
    recorder: &mut Recorder,
    at: &Place,
) -> Result<Found, SiteError> {
    let value = match setting {
        Setting::Explorer { model, recipe, .. } => {
            let step = recipe.view.step;
            let recording = recorder.record(model, recipe, at)?;
            of_walk(&asked.quantity, &recording, step, recipe.sampling.solver)
        }
        Setting::Lab { lab, .. } => of_lab(&asked.quantity, lab, recorder, at)?,
    };
    let mut of_states = Vec::new();
    let right = match &asked.kind {
        Kind::Choice(options, Some(best)) => {
            for option in options {
                if let Right::State(state) = option {
                    of_states.push(of_lab(&asked.quantity, state, recorder, at)?);
                }
            }
            best_of(*best, &of_states)
        }
        Kind::Choice(options, None) => value.map(|value| {
            let numbered = options.iter().enumerate();
            let right = numbered.filter(|(_, right)| holds(right, value));
            right.map(|(number, _)| number).collect()
        }),
        _ => None,
    };
    Ok(Found {
        value,
        right,
        of_states,
    })
}

/// Whether a number is in an option's range.
fn holds(right: &Right, value: f64) -> bool {
    matches!(right, Right::Range(least, most) if (*least..*most).contains(&value))
}

/// The states with the least or the greatest number; nothing where one has none.
fn best_of(best: Best, values: &[Option<f64>]) -> Option<Vec<usize>> {
    let values: Vec<f64> = values.iter().copied().collect::<Option<_>>()?;
    let signed = |value: f64| if best == Best::Least { value } else { -value };
    let least = values.iter().copied().map(signed).fold(f64::INFINITY, f64::min);
    let numbered = values.iter().enumerate();
    Some(
        numbered
            .filter(|(_, value)| signed(**value) <= least)
            .map(|(number, _)| number)
            .collect(),
    )
}

/// A quantity of a walk at a step, as `web/lesson/quantities.js` has it of the page's.
fn of_walk(quantity: &str, recording: &Recording, step: Option<usize>, solver: Solver) -> Option<f64> {
    let last = recording.times.len().checked_sub(1)?;
    let step = step.unwrap_or(last);
    match (quantity, solver) {
        ("velocity_norm", _) => recording.speeds.get(step.checked_sub(1)?).copied(),
        ("change_norm", _) => recording.changes.get(step).copied(),
        ("evaluations", Solver::Fixed(solver)) => Some((last * solver.evaluations()) as f64),
        ("local_error", Solver::Fixed(FixedSolver::Euler)) => {
            recording.local_errors.get(step.checked_sub(1)?).copied()
        }
        // What the condition adds takes evaluations beside the walk's own.
        _ => None,
    }
}

/// A quantity of a lab, kept from build to build.
fn of_lab(quantity: &str, lab: &LabState, recorder: &Recorder, at: &Place) -> Result<Option<f64>, SiteError> {
    let key = format!("lesson {} {quantity} {}", env!("CARGO_PKG_VERSION"), lab.json());
    let kept = recorder
        .kept()
        .read(&key)
        .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    if let Some(kept) = kept {
        return Ok(Some(f64::from_le_bytes(kept)));
    }
    let computed = || -> Result<Option<f64>, LabError> {
        let Some(quantity) = Quantity::named(quantity) else {
            return Ok(None);
        };
        let mut learning = Learning::new(lab.settings.clone())?;
        for _ in 0..lab.learn {
            learning.step()?;
        }
        quantity.of(&learning, &lab.view)
    };
    let value = computed().map_err(|error| at.wrong(error.to_string()))?;
    if let Some(value) = value {
        recorder.kept().write(&key, &value.to_le_bytes());
    }
    Ok(value)
}

/// A lesson's lines in the key.
pub(super) fn entry(
    title: &Spanned<String>,
    question: &Question,
    asked: &Checked,
    found: &Found,
    setting: &Setting,
) -> String {
    let mut text = format!(
        "## {}\n\n{}\n\n",
        title.get_ref().trim(),
        question.ask.get_ref().trim()
    );
    // Writing to a String cannot fail.
    let mut say = |line: String| {
        let _ = writeln!(text, "- {line}");
    };
    let quantity = &asked.quantity;
    match found.value {
        Some(value) => say(format!(
            "`{quantity}` in the lesson's state, computed at build: {value:.6}"
        )),
        None => say(format!(
            "`{quantity}` is computed in the page, of what the lesson shows in `{}`; the build does not \
             compute it",
            setting.target()
        )),
    }
    match (&question.asked, &asked.kind) {
        (Asked::Choice { options, .. }, _) => {
            for (number, option) in options.iter().enumerate() {
                let right = match &found.right {
                    Some(right) if right.contains(&number) => "right",
                    Some(_) => "wrong",
                    None => "depends on what the page computes",
                };
                let of_state = found.of_states.get(number).copied().flatten();
                let of_state =
                    of_state.map_or_else(String::new, |value| format!(" (`{quantity}` {value:.6})"));
                say(format!("{}: {right}{of_state}", option.words.get_ref().trim()));
            }
        }
        (_, Kind::Number(tolerance)) => {
            say(format!("accepted: up to {} % away from it", tolerance * 100.0));
        }
        (_, Kind::Reach(below, evaluations)) => say(format!(
            "accepted: any state with `{quantity}` below {below} and at most {evaluations} evaluations"
        )),
        (_, Kind::Choice(..)) => {}
    }
    text
}

/// The whole key; nothing for a site whose lessons ask nothing.
pub fn key(answers: &[String]) -> Option<String> {
    if answers.is_empty() {
        return None;
    }
    let about = "Computed by the build from the bundles and labs of this site. The page computes every \
        answer anew, so that another network has other answers. Keep this file away from what is \
        published.\n";
    Some(format!("{HEADING}\n{about}\n{}", answers.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_state_has_the_least_or_the_greatest_number_and_equal_ones_are_both_best() {
        let values = [Some(2.0), Some(1.0), Some(3.0)];
        assert_eq!(best_of(Best::Least, &values), Some(vec![1]));
        assert_eq!(best_of(Best::Greatest, &values), Some(vec![2]));
        assert_eq!(best_of(Best::Least, &[Some(1.0), Some(1.0)]), Some(vec![0, 1]));
        assert_eq!(best_of(Best::Least, &[Some(1.0), None]), None);
    }

    #[test]
    fn a_key_is_known_by_its_heading_and_none_is_made_without_questions() {
        assert_eq!(key(&[]), None);
        assert!(key(&["## One\n".to_owned()]).unwrap().starts_with(HEADING));
    }
}
