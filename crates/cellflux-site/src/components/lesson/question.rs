//! What a lesson asks, and what the page needs to check an answer: never the answer itself.

use cellflux_lab::Quantity;
use serde::Deserialize;
use serde_json::json;
use toml::Spanned;

use super::state::{LabState, Setting, merged};
use crate::error::SiteError;
use crate::place::Place;
use crate::source::{SourceText, suggestion};

/// Quantities of a walk in an explorer (`web/lesson/quantities.js`).
pub(super) const OF_WALKS: [&str; 5] = [
    "velocity_norm",
    "change_norm",
    "guidance_share",
    "local_error",
    "evaluations",
];
/// How far a number may be from the computed one, as a share of it, where the author says nothing.
const TOLERANCE: f64 = 0.05;

/// A question as its author writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Spanned<String>,
    ask: Spanned<String>,
    quantity: Spanned<String>,
    tolerance: Option<Spanned<f64>>,
    options: Option<Vec<Choice>>,
    best: Option<Best>,
    below: Option<Spanned<f64>>,
    evaluations: Option<Spanned<u32>>,
}

/// A question, of which only the quantity is not checked yet.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Question {
    /// What is asked.
    pub ask: Spanned<String>,
    /// What it is about.
    quantity: Spanned<String>,
    /// How it is answered.
    pub asked: Asked,
}

/// How a question is answered.
pub(super) enum Asked {
    /// With a number.
    Number {
        /// How far it may be off, as a share of the right one.
        tolerance: f64,
    },
    /// With one of several options.
    Choice {
        options: Vec<Choice>,
        /// Where options are states: whether the least or the greatest quantity is right.
        best: Option<Best>,
    },
    /// By setting the lab or the explorer so that it reaches something.
    Reach {
        /// The quantity must be below this.
        below: f64,
        /// With at most so many evaluations of the velocity.
        evaluations: u32,
    },
}

/// Which of several states is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Best {
    Least,
    Greatest,
}

/// An option: a range of the quantity, or a state of the lab whose quantity is compared with the others'.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    pub words: Spanned<String>,
    /// The range's lower end, which belongs to it.
    least: Option<f64>,
    /// Its upper end, which does not.
    most: Option<f64>,
    /// What of the lesson's lab is otherwise.
    lab: Option<Spanned<toml::Table>>,
}

impl TryFrom<Written> for Question {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written {
            kind,
            ask,
            quantity,
            tolerance,
            options,
            best,
            below,
            evaluations,
        } = written;
        let asked = match kind.get_ref().as_str() {
            "number" => {
                let tolerance = tolerance.map_or(TOLERANCE, Spanned::into_inner);
                if !(tolerance > 0.0 && tolerance <= 1.0) {
                    return Err(format!(
                        "tolerance = {tolerance}, expected a share above 0 and at most 1"
                    ));
                }
                Asked::Number { tolerance }
            }
            "choice" => {
                let options = options.unwrap_or_default();
                if !(2..=6).contains(&options.len()) {
                    return Err(format!("{} options, expected 2 to 6", options.len()));
                }
                Asked::Choice { options, best }
            }
            "reach" => match (below, evaluations) {
                (Some(below), Some(evaluations)) => Asked::Reach {
                    below: below.into_inner(),
                    evaluations: evaluations.into_inner(),
                },
                _ => return Err("kind = \"reach\", expected `below` and `evaluations` with it".to_owned()),
            },
            other => {
                let near = suggestion(other, ["number", "choice", "reach"]);
                return Err(format!("kind = {other:?}{near}"));
            }
        };
        Ok(Self { ask, quantity, asked })
    }
}

/// What an option is right for.
pub(super) enum Right {
    /// Quantities from the first to below the second.
    Range(f64, f64),
    /// The state whose quantity is best.
    State(Box<LabState>),
}

/// A question that was checked against its lesson.
pub(super) struct Checked {
    pub quantity: String,
    pub kind: Kind,
}

/// How it is answered, with what the page needs for that.
pub(super) enum Kind {
    Number(f64),
    Choice(Vec<Right>, Option<Best>),
    Reach(f64, u32),
}

impl Checked {
    /// What the page is told.
    pub fn json(&self) -> serde_json::Value {
        let quantity = &self.quantity;
        match &self.kind {
            Kind::Number(tolerance) => {
                json!({ "kind": "number", "quantity": quantity, "tolerance": tolerance })
            }
            Kind::Reach(below, evaluations) => json!({
                "kind": "reach", "quantity": quantity, "below": below, "evaluations": evaluations,
            }),
            Kind::Choice(options, best) => {
                // JSON has no infinity: an open end is left out.
                let end = |value: f64| value.is_finite().then_some(value);
                let options: Vec<serde_json::Value> = options
                    .iter()
                    .map(|right| match right {
                        Right::Range(least, most) => json!({ "least": end(*least), "most": end(*most) }),
                        Right::State(state) => json!({ "state": state.json() }),
                    })
                    .collect();
                let best = best.map(|best| match best {
                    Best::Least => "least",
                    Best::Greatest => "greatest",
                });
                json!({ "kind": "choice", "quantity": quantity, "best": best, "options": options })
            }
        }
    }
}

/// Checks a question against what its lesson sets.
///
/// # Errors
/// [`SiteError::At`] for a quantity that there is none of, with the nearest, and for options that are neither
/// all ranges nor all states.
pub(super) fn check(
    question: &Spanned<Question>,
    setting: &Setting,
    settings: &SourceText,
) -> Result<Checked, SiteError> {
    let Question { quantity, asked, .. } = question.get_ref();
    let known: Vec<&str> = match setting {
        Setting::Explorer { .. } => OF_WALKS.to_vec(),
        Setting::Lab { .. } => Quantity::ALL.map(Quantity::name).to_vec(),
    };
    if !known.contains(&quantity.get_ref().as_str()) {
        let near = suggestion(quantity.get_ref(), known);
        return Err(settings.wrong(
            &quantity.span(),
            format!("quantity = {:?}{near}", quantity.get_ref()),
        ));
    }
    let kind = match asked {
        Asked::Number { tolerance } => Kind::Number(*tolerance),
        Asked::Reach { below, evaluations } => Kind::Reach(*below, *evaluations),
        Asked::Choice { options, best } => {
            let rights: Vec<Right> = options
                .iter()
                .map(|option| right(option, *best, setting, settings))
                .collect::<Result<_, _>>()?;
            Kind::Choice(rights, *best)
        }
    };
    Ok(Checked {
        quantity: quantity.get_ref().clone(),
        kind,
    })
}

fn right(
    option: &Choice,
    best: Option<Best>,
    setting: &Setting,
    settings: &SourceText,
) -> Result<Right, SiteError> {
    let wrong = |expected: &str| Err(settings.wrong(&option.words.span(), format!("expected {expected}")));
    match (best, option.least, option.most, &option.lab, setting) {
        (Some(_), None, None, Some(change), Setting::Lab { written, .. }) => {
            let at = settings.place(change.span().start);
            let state = LabState::read(merged(written.clone(), change.get_ref()), &at)?;
            Ok(Right::State(Box::new(state)))
        }
        (Some(_), ..) => wrong("`lab` in each option, since `best` compares states of the lesson's lab"),
        (None, None, None, ..) | (None, _, _, Some(_), _) => {
            wrong("`least`, `most` or both, or `best` beside the options and `lab` in each")
        }
        (None, least, most, None, _) => {
            let (least, most) = (least.unwrap_or(f64::NEG_INFINITY), most.unwrap_or(f64::INFINITY));
            if least < most {
                Ok(Right::Range(least, most))
            } else {
                wrong("`least` below `most`")
            }
        }
    }
}

/// Refuses a choice of which the computed number makes none or several options right.
pub(super) fn answered_by_one(
    asked: &Checked,
    right: Option<&[usize]>,
    value: Option<f64>,
    at: &Place,
) -> Result<(), SiteError> {
    let (Kind::Choice(..), Some(right)) = (&asked.kind, right) else {
        return Ok(());
    };
    if right.len() == 1 {
        return Ok(());
    }
    let value = value.map_or_else(String::new, |value| format!(" ({} = {value:.4})", asked.quantity));
    Err(at.wrong(format!("{} options are right{value}, expected one", right.len())))
}
