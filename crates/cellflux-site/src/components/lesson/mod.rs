//! A lesson: it sets an explorer or a lab of the page to a state, says what to look at, and may ask a
//! question whose answer the page computes.
//!
//! No right answer is written into the page. What the build can compute goes to the answer key
//! ([`answers`]), which lies beside the site and not in it.

mod answers;
mod question;
mod state;

use serde::Deserialize;
use toml::Spanned;

pub use answers::{HEADING, key};
use question::{Asked, Question};
use state::ExplorerState;

use super::Components;
use crate::error::SiteError;
use crate::html::escape;
use crate::place::Place;
use crate::source::{SourceText, suggestion};

/// The most sentences of what to look at.
const MOST_SENTENCES: usize = 3;
/// A lesson's own keys.
const KEYS: [&str; 7] = ["name", "title", "look", "on", "explorer", "lab", "question"];

/// A lesson as its author writes it; walks are read apart.
#[derive(Deserialize)]
struct Lesson {
    name: Spanned<String>,
    title: Spanned<String>,
    look: Spanned<String>,
    on: Option<Spanned<String>>,
    explorer: Option<Spanned<ExplorerState>>,
    lab: Option<Spanned<toml::Table>>,
    question: Option<Spanned<Question>>,
}

impl Components<'_> {
    pub(super) fn lesson(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        settings.check_keys(&KEYS)?;
        state::check_explorer_keys(settings)?;
        let lesson: Lesson = settings.toml()?;
        let name = named(&lesson.name, settings)?;
        few_sentences(&lesson.look, settings)?;
        let setting = match (&lesson.explorer, &lesson.lab) {
            (Some(explorer), None) => self.explorer_setting(explorer, lesson.on.as_ref(), settings)?,
            (None, Some(lab)) => self.lab_setting(lab, lesson.on.as_ref(), settings)?,
            _ => return Err(at.wrong("expected either [explorer] or [lab], which says what is shown")),
        };
        let id = format!("lesson-{name}");
        self.ids.claim(&id, at)?;
        let title = self.inline(&settings.text(&lesson.title));
        let look = self.inline(&settings.text(&lesson.look));
        let mut form = String::new();
        let mut attribute = String::new();
        if let Some(question) = &lesson.question {
            let asked = question::check(question, &setting, settings)?;
            form = self.form(&id, question.get_ref(), settings);
            attribute = format!(" question=\"{}\"", escape(&asked.json().to_string()));
            let found = answers::of(&setting, &asked, &mut self.recorder, at)?;
            question::answered_by_one(&asked, found.right.as_deref(), found.value, at)?;
            self.answers.push(answers::entry(
                &lesson.title,
                question.get_ref(),
                &asked,
                &found,
                &setting,
            ));
        }
        self.uses.lessons += 1;
        Ok(format!(
            "<cellflux-lesson id=\"{id}\" class=\"component\" target=\"{}\" state=\"{}\"{attribute}>\
             <section aria-labelledby=\"{id}-title\"><h3 id=\"{id}-title\" tabindex=\"-1\">{title}</h3>\
             <p class=\"look\">{look}</p>{form}</section></cellflux-lesson>\n",
            escape(setting.target()),
            escape(&setting.json(at)?.to_string()),
        ))
    }

    /// The question and what it is answered with; the page's script adds what sends the answer, which is
    /// hidden without it.
    fn form(&mut self, id: &str, question: &Question, settings: &SourceText) -> String {
        let ask = self.inline(&settings.text(&question.ask));
        let inside = match &question.asked {
            Asked::Number { .. } => format!(
                "<p class=\"ask\" id=\"{id}-ask\">{ask}</p>\
                 <input name=\"answer\" type=\"number\" step=\"any\" required aria-labelledby=\"{id}-ask\">"
            ),
            Asked::Reach { .. } => format!("<p class=\"ask\">{ask}</p>"),
            Asked::Choice { options, .. } => {
                let mut choices = String::new();
                for (number, option) in options.iter().enumerate() {
                    let words = self.inline(&settings.text(&option.words));
                    choices.push_str(&format!(
                        "<label><input type=\"radio\" name=\"answer\" value=\"{number}\" required> \
                         <span>{words}</span></label>"
                    ));
                }
                format!("<fieldset><legend class=\"ask\">{ask}</legend>{choices}</fieldset>")
            }
        };
        format!("<form class=\"question\" hidden>{inside}</form>")
    }
}

/// The element that a lesson names, or the last one above it, which must be there.
fn target(
    kind: &str,
    above: &[usize],
    on: Option<&Spanned<String>>,
    settings: &SourceText,
    at: &std::ops::Range<usize>,
) -> Result<usize, SiteError> {
    let Some(on) = on else {
        return above.last().copied().ok_or_else(|| {
            let problem = format!("no {kind} stands above this lesson, expected one that it sets");
            settings.wrong(at, problem)
        });
    };
    let names: Vec<String> = above.iter().map(|number| format!("{kind}-{number}")).collect();
    let found = names.iter().position(|name| name == on.get_ref());
    found.and_then(|place| above.get(place).copied()).ok_or_else(|| {
        let near = suggestion(on.get_ref(), names.iter().map(String::as_str));
        settings.wrong(&on.span(), format!("on = {:?}{near}", on.get_ref()))
    })
}

/// A name that can stand in an address.
fn named<'s>(name: &'s Spanned<String>, settings: &SourceText) -> Result<&'s str, SiteError> {
    let text = name.get_ref();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=40).contains(&text.len()) && text.chars().all(fits) {
        return Ok(text);
    }
    let problem = format!("name = {text:?}, expected 1 to 40 of the characters a to z, 0 to 9 and -");
    Err(settings.wrong(&name.span(), problem))
}

/// Refuses a text that a student does not read before looking.
fn few_sentences(look: &Spanned<String>, settings: &SourceText) -> Result<(), SiteError> {
    let ends = look.get_ref().split_whitespace().filter(|word| {
        word.trim_end_matches(['"', '”', ')', '*'])
            .ends_with(['.', '!', '?'])
    });
    let count = ends.count();
    if count <= MOST_SENTENCES {
        return Ok(());
    }
    let problem = format!("look has {count} sentences, expected at most {MOST_SENTENCES}");
    Err(settings.wrong(&look.span(), problem))
}
