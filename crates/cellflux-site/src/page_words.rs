//! The words of the page's modules in the language of the site. Each language has one file, with the keys and
//! places of the English one, and the build writes the chosen file into the module that all others read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::SiteError;
use crate::shortened::shortened;

/// The module that all others read, which the repository fills with the English words.
const CHOSEN: &str = "web/words/chosen.js";

/// The language that the others are translated from.
const FIRST: &str = "en";

/// How many keys an error names.
const NAMED: usize = 5;

/// The file of one language.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PageWords {
    /// As HTML's `lang` has it.
    language: String,
    /// What the language calls itself.
    name: String,
    /// Whether somebody whose first language it is has read the sentences; the page says where nobody has.
    read_by_native_speaker: bool,
    /// Sentences by key, with places in braces.
    words: BTreeMap<String, String>,
}

/// The page's own files with the words of a language in them.
#[derive(Debug)]
pub struct Chosen {
    /// Content by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What an author is told of a translation that nobody has read whose first language it is.
    pub unread: Option<String>,
}

/// Writes the words of a language into the page's own files.
///
/// # Errors
/// [`SiteError::PageWords`] for a file that is missing or cannot be read, and for one whose keys or places
/// are not those of the English one.
pub fn choose(all: &BTreeMap<String, Vec<u8>>, language: &str) -> Result<Chosen, SiteError> {
    let mut files = all.clone();
    // Modules of a page that has no words.
    if !all.contains_key(CHOSEN) {
        return Ok(Chosen { files, unread: None });
    }
    let words = read(all, language)?;
    check(&read(all, FIRST)?, &words)?;
    let text = serde_json::to_string(&words).map_err(|error| SiteError::PageWords {
        path: CHOSEN.to_owned(),
        problem: error.to_string(),
    })?;
    let module = format!(
        "// The page's language, which the build has chosen.\n\nconst chosen = {text};\n\nexport {{ \
         chosen as default }};\n"
    );
    files.insert(CHOSEN.to_owned(), module.into_bytes());
    let is_unread = language != FIRST && !words.read_by_native_speaker;
    let unread = is_unread.then(|| {
        format!("no native speaker has read the explorer's words in {language:?}, which the page says")
    });
    Ok(Chosen { files, unread })
}

fn path(language: &str) -> String {
    format!("web/words/{language}.json")
}

fn read(all: &BTreeMap<String, Vec<u8>>, language: &str) -> Result<PageWords, SiteError> {
    let path = path(language);
    let wrong = |problem: String| SiteError::PageWords {
        path: path.clone(),
        problem,
    };
    let text = all
        .get(&path)
        .ok_or_else(|| wrong("expected this file among the page's own".into()))?;
    let words: PageWords = serde_json::from_slice(text).map_err(|error| {
        wrong(format!(
            "{error}; expected `language`, `name`, `read_by_native_speaker` and `words`"
        ))
    })?;
    if words.language != language || words.name.trim().is_empty() {
        return Err(wrong(format!(
            "language {:?} with the name {:?}, expected {language:?} and what the language calls itself",
            words.language, words.name
        )));
    }
    Ok(words)
}

/// Compares a language with the first one.
fn check(first: &PageWords, other: &PageWords) -> Result<(), SiteError> {
    let wrong = |problem: String| {
        Err(SiteError::PageWords {
            path: path(&other.language),
            problem,
        })
    };
    let lacking: Vec<&str> = keys_beside(&first.words, &other.words);
    if !lacking.is_empty() {
        return wrong(format!(
            "no words for {}, which {} has: translate them there",
            shortened(&lacking, NAMED),
            path(&first.language)
        ));
    }
    let more = keys_beside(&other.words, &first.words);
    if !more.is_empty() {
        return wrong(format!(
            "words for {}, which {} lacks: take them out, or add them there",
            shortened(&more, NAMED),
            path(&first.language)
        ));
    }
    for (key, sentence) in &other.words {
        if sentence.trim().is_empty() {
            return wrong(format!("nothing for {key}, expected a sentence"));
        }
        let expected = first
            .words
            .get(key)
            .map(|sentence| places(sentence))
            .unwrap_or_default();
        let found = places(sentence);
        if found != expected {
            return wrong(format!(
                "{key} has the places {found:?}, expected those of {}, {expected:?}",
                path(&first.language)
            ));
        }
    }
    Ok(())
}

/// The keys of one language that another lacks.
fn keys_beside<'a>(own: &'a BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<&'a str> {
    let lacks = |key: &&str| !other.contains_key(*key);
    own.keys().map(String::as_str).filter(lacks).collect()
}

/// The names in braces.
fn places(sentence: &str) -> BTreeSet<&str> {
    let behind = sentence.split('{').skip(1);
    behind
        .filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toolkit::Toolkit;
    use crate::words::LANGUAGES;

    fn file(language: &str, words: &str) -> (String, Vec<u8>) {
        let text = format!(
            "{{\"language\": \"{language}\", \"name\": \"x\", \"read_by_native_speaker\": false, \
             \"words\": {{{words}}}}}"
        );
        (path(language), text.into_bytes())
    }

    /// English and German words, as JSON without braces around.
    fn files(english: &str, german: &str) -> BTreeMap<String, Vec<u8>> {
        BTreeMap::from([
            (
                CHOSEN.to_owned(),
                b"export { default } from './en.json';".to_vec(),
            ),
            file("en", english),
            file("de", german),
        ])
    }

    fn refused(english: &str, german: &str) -> String {
        choose(&files(english, german), "de").unwrap_err().to_string()
    }

    #[test]
    fn the_module_that_all_read_has_the_words_of_the_language() {
        let all = files("\"a.b\": \"Walk {n}\"", "\"a.b\": \"{n} gehen\"");
        let chosen = choose(&all, "de").unwrap();
        let module = String::from_utf8_lossy(&chosen.files[CHOSEN]).into_owned();
        assert!(module.contains("const chosen = {\"language\":\"de\""), "{module}");
        assert!(
            module.contains("{n} gehen") && !module.contains("Walk"),
            "{module}"
        );
        assert!(chosen.unread.is_some_and(|said| said.contains("\"de\"")));
        let english = choose(&all, "en").unwrap();
        assert!(String::from_utf8_lossy(&english.files[CHOSEN]).contains("Walk {n}"));
        assert_eq!(english.unread, None, "no translation");
    }

    #[test]
    fn a_language_without_a_key_or_with_another_or_with_another_place_is_refused_by_name() {
        let missing = refused("\"a.b\": \"Walk\", \"a.c\": \"Go\"", "\"a.b\": \"Gehen\"");
        assert!(
            missing.contains("web/words/de.json: no words for a.c"),
            "{missing}"
        );
        let more = refused("\"a.b\": \"Walk\"", "\"a.b\": \"Gehen\", \"a.d\": \"Los\"");
        assert!(
            more.contains("words for a.d, which web/words/en.json lacks"),
            "{more}"
        );
        let place = refused("\"a.b\": \"Walk {n}\"", "\"a.b\": \"{m} gehen\"");
        assert!(place.contains("a.b has the places {\"m\"}"), "{place}");
        let empty = refused("\"a.b\": \"Walk\"", "\"a.b\": \" \"");
        assert!(empty.contains("nothing for a.b"), "{empty}");
        let unread = choose(&files("", ""), "fr").unwrap_err().to_string();
        assert!(
            unread.contains("web/words/fr.json: expected this file"),
            "{unread}"
        );
    }

    #[test]
    fn many_missing_keys_are_counted() {
        let english = (0..9)
            .map(|n| format!("\"a.k{n}\": \"x\""))
            .collect::<Vec<_>>()
            .join(",");
        let said = refused(&english, "");
        assert!(said.contains("a.k4 and 4 more"), "{said}");
    }

    #[test]
    fn every_language_of_the_toolkit_has_all_words_of_the_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/words");
        let mut all = BTreeMap::from([(CHOSEN.to_owned(), Vec::new())]);
        for language in LANGUAGES {
            let text = std::fs::read(folder.join(format!("{language}.json"))).unwrap();
            all.insert(path(language), text);
        }
        for language in LANGUAGES {
            choose(&all, language).unwrap();
        }
    }

    #[test]
    fn modules_without_words_stay_as_they_are() {
        let none = Toolkit::default().files;
        assert_eq!(choose(&none, "de").unwrap().files, none);
    }
}
