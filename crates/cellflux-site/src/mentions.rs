//! What plain text names: bare web addresses, numbered elements (`@fig-overview`), publications
//! (`[@key, p. 3]`).

use std::ops::Range;

use crate::references::kind_of;

/// The longest list in brackets, in bytes.
const LONGEST: usize = 500;

/// A publication that a text names, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// Its key in the bibliography.
    pub key: String,
    /// The place in it, `p. 3`; empty where none is named.
    pub locator: String,
}

/// What a text names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mention {
    /// A web address that stands by itself.
    Address(String),
    /// Numbered elements.
    Numbered(Vec<String>),
    /// Publications; as part of the sentence, or in brackets.
    Cited(Vec<Cited>, bool),
}

/// Everything that a text names, with where it stands, in its order. `before` is the character before it.
pub(crate) fn find(text: &str, before: Option<char>) -> Vec<(Range<usize>, Mention)> {
    let mut found = Vec::new();
    let mut last = before;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let next = mention(rest, last);
        let Some((length, mention)) = next else {
            let Some(c) = rest.chars().next() else { break };
            last = Some(c);
            at += c.len_utf8();
            continue;
        };
        found.push((at..at + length, mention));
        last = text.get(..at + length).and_then(|text| text.chars().next_back());
        at += length;
    }
    found
}

/// What a text begins with, and how long that is.
fn mention(text: &str, before: Option<char>) -> Option<(usize, Mention)> {
    let free =
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '\\' | '@' | '_' | '.' | '/' | '-'));
    if !free {
        return None;
    }
    if let Some(address) = address(text) {
        return Some((address.len(), Mention::Address(address.replace("&amp;", "&"))));
    }
    if let Some(bracketed) = text.strip_prefix("[@") {
        let near = bracketed.get(..bracketed.floor_char_boundary(LONGEST))?;
        let (inner, _) = near.split_once(']')?;
        let cited: Vec<Cited> = inner.split(';').map(cited).collect::<Option<_>>()?;
        let length = "[@".len() + inner.len() + "]".len();
        return Some((length, sorted(cited, false)));
    }
    let key = key(text.strip_prefix('@')?)?;
    let cited = Cited {
        key: key.to_owned(),
        locator: String::new(),
    };
    Some((1 + key.len(), sorted(vec![cited], true)))
}

/// Numbered elements, where all are such.
fn sorted(cited: Vec<Cited>, prose: bool) -> Mention {
    if cited.iter().all(|one| kind_of(&one.key).is_some()) {
        Mention::Numbered(cited.into_iter().map(|one| one.key).collect())
    } else {
        Mention::Cited(cited, prose)
    }
}

/// `@key, p. 3` of a list in brackets, whose first `@` has been taken off.
fn cited(text: &str) -> Option<Cited> {
    let text = text.trim();
    let text = text.strip_prefix('@').unwrap_or(text);
    let found = key(text)?;
    let rest = text.get(found.len()..)?.trim();
    let locator = if rest.is_empty() {
        ""
    } else {
        rest.strip_prefix(',')?.trim()
    };
    Some(Cited {
        key: found.to_owned(),
        locator: locator.to_owned(),
    })
}

/// The key that a text begins with; a point or colon at its end belongs to the sentence.
fn key(text: &str) -> Option<&str> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '-' | '/' | '+');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let key = text.get(..end)?.trim_end_matches([':', '.', '-', '/', '+']);
    key.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        .then_some(key)
}

/// The web address that a text begins with, without what ends the sentence around it.
fn address(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?;
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|');
    let end = text.find(ends).unwrap_or(text.len());
    let mut address = text.get(..end)?;
    loop {
        let shorter = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', ']', '’', '”']);
        let open = |c: char| shorter.matches(c).count();
        // A bracket that was opened inside belongs to the address.
        let shorter = if shorter.ends_with(')') && open(')') > open('(') {
            shorter.strip_suffix(')').unwrap_or(shorter)
        } else {
            shorter
        };
        if shorter.len() == address.len() {
            break;
        }
        address = shorter;
    }
    let host = address.strip_prefix(scheme)?;
    host.starts_with(char::is_alphanumeric).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Mention)> {
        find(text, None)
            .into_iter()
            .map(|(at, mention)| (text[at].to_owned(), mention))
            .collect()
    }

    #[test]
    fn a_bare_address_ends_before_the_sentence_s_own_marks() {
        for (text, address) in [
            ("see https://a.org/x.", "https://a.org/x"),
            ("(https://a.org/x_(y)_z), then", "https://a.org/x_(y)_z"),
            ("http://a.org/?q=1&b=2#c!", "http://a.org/?q=1&b=2#c"),
        ] {
            assert_eq!(
                found(text),
                [(address.to_owned(), Mention::Address(address.to_owned()))]
            );
        }
        assert!(found("https:// and xhttps://a.org").is_empty());
    }

    #[test]
    fn keys_are_told_from_mail_addresses_and_decorated_words() {
        let cited = |key: &str, locator: &str| Cited {
            key: key.to_owned(),
            locator: locator.to_owned(),
        };
        assert_eq!(
            found("As @smith2020 and [@doe:21, p. 3; @roe] say."),
            [
                (
                    "@smith2020".to_owned(),
                    Mention::Cited(vec![cited("smith2020", "")], true)
                ),
                (
                    "[@doe:21, p. 3; @roe]".to_owned(),
                    Mention::Cited(vec![cited("doe:21", "p. 3"), cited("roe", "")], false)
                ),
            ]
        );
        assert_eq!(
            found("In @fig-a."),
            [("@fig-a".to_owned(), Mention::Numbered(vec!["fig-a".to_owned()]))]
        );
        assert!(found("a@b.org, @@x, [@], @ x").is_empty());
        assert!(
            find("@smith", Some('\\')).is_empty(),
            "a backslash makes it plain"
        );
    }
}
