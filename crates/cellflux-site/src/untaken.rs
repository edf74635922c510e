//! What an author meant as a link, a picture, a note or a formula and what became plain text, or nothing at
//! all.

use pulldown_cmark::Event;

/// Plain text, watched for what looks like a link, a picture, a note or a formula.
#[derive(Default)]
pub struct Untaken {
    text: String,
}

impl Untaken {
    /// Looks at the next event, which follows the character `before` in the text, and returns what the author
    /// should hear of it.
    pub fn see(&mut self, event: &Event, before: Option<char>) -> Option<String> {
        // After a backslash a dollar sign is just a dollar sign.
        let dollars = matches!(event, Event::Text(text) if text.contains("$$")
            || text.starts_with('$') && before == Some('$') && self.text.ends_with('$'));
        match event {
            // One text may come in several parts.
            Event::Text(text) => self.text.push_str(text),
            _ => self.text.clear(),
        }
        let note = if let Some(name) = name_with_blanks(&self.text) {
            format!("({name}) is shown as text: a name with blanks stands in <…>, expected (<{name}>)")
        } else if let Some(name) = lonely_note(&self.text) {
            format!(
                "[^{name}] is shown as text: no note has this name, expected a line that begins with \
                [^{name}]:"
            )
        } else if dollars {
            "$$ is shown as text: a formula begins and ends with it, without an empty line inside".to_owned()
        } else if let Some(formula) = broken_formula(&self.text) {
            format!(
                "{formula} is shown as text: expected a formula between dollar signs whose braces are all \
                closed"
            )
        } else {
            return None;
        };
        self.text.clear();
        Some(note)
    }
}

/// The file name of a picture or link that was not recognised, since a blank ends a name.
fn name_with_blanks(text: &str) -> Option<&str> {
    let (before, rest) = text.rsplit_once("](")?;
    let (name, _) = rest.split_once(')')?;
    (before.contains('[') && name.contains(' ') && !name.contains('\n')).then_some(name)
}

/// Text after a dollar sign that looks like a formula, with a TeX command, and was not recognised.
fn broken_formula(text: &str) -> Option<&str> {
    let start = text.find('$')?;
    let formula = text.get(start..)?.split(['\n', ' ']).next()?;
    let (_, command) = formula.split_once('\\')?;
    let opened = |sign: char| formula.matches(sign).count();
    (command.starts_with(|c: char| c.is_ascii_alphabetic()) && opened('{') != opened('}'))
        .then(|| formula.trim_end_matches('$'))
}

/// The name of a note that is referred to and does not exist.
fn lonely_note(text: &str) -> Option<&str> {
    let (_, rest) = text.rsplit_once("[^")?;
    let (name, _) = rest.split_once(']')?;
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(name)
}
