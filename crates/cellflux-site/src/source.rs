//! A text that an author wrote, with its name and lines, so that an error can say where it is.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::error::SiteError;
use crate::place::Place;

/// A text file, or a part of one.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// The file, as errors name it.
    pub path: PathBuf,
    /// The text.
    pub text: String,
    /// The line of the file that the text starts on, from 1.
    first_line: usize,
}

impl SourceText {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`SiteError::Io`], also for a file that is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, SiteError> {
        let bytes = cellflux_files::read(path).map_err(SiteError::io(path))?;
        Self::decoded(path, &bytes)
    }

    /// A whole file, given its bytes.
    ///
    /// # Errors
    /// [`SiteError::Io`] for what is no text in UTF-8.
    pub fn decoded(path: &Path, bytes: &[u8]) -> Result<Self, SiteError> {
        let text = cellflux_table::decode(bytes).map_err(|error| {
            SiteError::io(path)(std::io::Error::new(std::io::ErrorKind::InvalidData, error))
        })?;
        Ok(Self {
            path: path.to_owned(),
            text,
            first_line: 1,
        })
    }

    /// A text that this one holds as a TOML string, as a source of its own whose lines are those of the file.
    #[must_use]
    pub fn text(&self, text: &Spanned<String>) -> Self {
        let place = self.place(text.span().start);
        // A multi-line string begins on the line after its quotes.
        let raw = self.text.get(text.span()).unwrap_or_default();
        let below = ["\"\"\"\n", "'''\n", "\"\"\"\r\n", "'''\r\n"]
            .iter()
            .any(|quotes| raw.starts_with(quotes));
        Self::part(&place.path, place.line + usize::from(below), text.get_ref())
    }

    /// A part of a file, which starts on `line`.
    pub fn part(path: &Path, line: usize, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            first_line: line,
        }
    }

    /// The place of a byte of the text.
    pub fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        // As an editor counts them: a line ends with \n, \r\n or \r.
        let lone = before.replace("\r\n", "\n");
        let breaks = lone.matches(['\n', '\r']).count();
        Place {
            path: self.path.clone(),
            line: self.first_line + breaks,
        }
    }

    /// An error at a place of the text.
    pub fn wrong(&self, at: &Range<usize>, problem: impl Into<String>) -> SiteError {
        self.place(at.start).wrong(problem)
    }

    /// Reads the text as TOML. For an unknown key the error names the nearest known one.
    ///
    /// # Errors
    /// [`SiteError::At`].
    pub fn toml<T: DeserializeOwned>(&self) -> Result<T, SiteError> {
        toml::from_str(&self.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            self.wrong(&at, with_nearest(error.message()))
        })
    }

    /// Refuses keys, at the top of a TOML text, that are not among the known ones.
    ///
    /// # Errors
    /// [`SiteError::At`] with the nearest.
    pub fn check_keys(&self, known: &[&str]) -> Result<(), SiteError> {
        // A text that is not TOML is reported where its values are read.
        let Ok(table) = toml::de::DeTable::parse(&self.text) else {
            return Ok(());
        };
        for key in table.get_ref().keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let known = known.iter().copied();
                return Err(self.wrong(
                    &key.span(),
                    format!("unknown name `{name}`{}", suggestion(name, known)),
                ));
            }
        }
        Ok(())
    }
}

/// Serde's "unknown field `titel`, expected one of `title`, `url`", with the name that was most likely meant.
fn with_nearest(message: &str) -> String {
    let one_line = message.replace('\n', " ");
    let known = ["unknown field", "unknown variant"]
        .iter()
        .any(|kind| message.starts_with(kind));
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (true, Some(found)) = (known, quoted.next()) else {
        return one_line;
    };
    match nearest(found, quoted) {
        Some(meant) => format!("unknown name `{found}`, did you mean `{meant}`?"),
        None => one_line,
    }
}

/// The candidate that a misspelt name is closest to, when it is close at all.
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&found, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// ", did you mean X?" where there is a likely X, else what there is to choose from.
pub fn suggestion<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(found, candidates.iter().copied()) {
        Some(meant) => format!(", did you mean {meant:?}?"),
        None if candidates.is_empty() => ", and there is none".into(),
        None => {
            let shown: Vec<String> = candidates.iter().take(12).map(|id| format!("{id:?}")).collect();
            let more = if candidates.len() > shown.len() {
                ", …"
            } else {
                ""
            };
            format!(", expected one of {}{more}", shown.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its names matter")]
    struct Small {
        title: String,
        #[serde(default)]
        url: String,
    }

    fn refused(text: &str) -> String {
        let source = SourceText::part(Path::new("site.toml"), 1, text);
        source.toml::<Small>().unwrap_err().to_string()
    }

    #[test]
    fn a_misspelt_key_is_answered_with_its_line_and_the_nearest_one() {
        let error = refused("\n\ntitel = 'x'\n");
        assert_eq!(error, "site.toml:3: unknown name `titel`, did you mean `title`?");
    }

    #[test]
    fn a_key_like_no_other_names_those_there_are() {
        let error = refused("title = 'x'\nzzz = 1\n");
        assert!(
            error.starts_with("site.toml:2: unknown field `zzz`, expected"),
            "{error}"
        );
    }

    #[test]
    fn a_part_of_a_file_counts_the_lines_of_the_file() {
        let source = SourceText::part(Path::new("a.md"), 10, "title = 'x'\nurl = 3\n");
        let error = source.toml::<Small>().unwrap_err().to_string();
        assert!(error.starts_with("a.md:11: "), "{error}");
    }
}
