//! The language of the author's text, and that of the page's own words.

use super::Project;
use crate::error::SiteError;
use crate::words::{LANGUAGES, Words};

impl Project {
    /// The page's own words, in the language that `site.toml` names for them, or in that of the text.
    pub fn words(&self) -> Words {
        let named = self.config.words.as_ref().unwrap_or(&self.config.language);
        Words::or_english(named.get_ref())
    }

    /// What is wrong with the languages.
    pub(super) fn wrong_language(&self) -> Option<SiteError> {
        let (text, source) = (&self.config.language, &self.source);
        let language = text.get_ref();
        let tag = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
        if !language.split('-').all(tag) || !language.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let problem = format!("language {language:?}, expected a code such as en, de, fr or pt-BR");
            return Some(source.wrong(&text.span(), problem));
        }
        let shipped = LANGUAGES.join(", ");
        match &self.config.words {
            Some(words) => (!LANGUAGES.contains(&words.get_ref().as_str())).then(|| {
                let problem = format!("words {:?}, expected one of {shipped}", words.get_ref());
                source.wrong(&words.span(), problem)
            }),
            None => Words::of(language).is_none().then(|| {
                let problem = format!(
                    "language {language:?}: the page's own words are in {shipped} only; for a text in \
                     another language add `words = \"en\"`, or another of these, and they are in that one"
                );
                source.wrong(&text.span(), problem)
            }),
        }
    }
}
