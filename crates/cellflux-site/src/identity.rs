//! Identifiers of people and papers: ORCID iDs and DOIs, plain or pasted as addresses.

use serde::Deserialize;

/// A person's ORCID iD, `0000-0000-0000-000X`, whose last character has been checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Orcid(String);

impl Orcid {
    /// The iD without an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its page.
    pub fn address(&self) -> String {
        format!("https://orcid.org/{}", self.0)
    }
}

impl TryFrom<String> for Orcid {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plain = without_address(&text, &["orcid.org/"]).to_uppercase();
        let digits: Vec<char> = plain.chars().filter(|c| *c != '-').collect();
        let shaped = plain.len() == 19
            && plain.bytes().enumerate().all(|(at, byte)| match at {
                4 | 9 | 14 => byte == b'-',
                18 => byte.is_ascii_digit() || byte == b'X',
                _ => byte.is_ascii_digit(),
            });
        if !shaped {
            return Err(format!(
                "orcid {text:?}, expected an iD such as 0000-0002-1825-0097"
            ));
        }
        // ISO 7064, MOD 11-2.
        let sum = digits
            .iter()
            .take(15)
            .filter_map(|digit| digit.to_digit(10))
            .fold(0, |sum, digit| (sum + digit) * 2);
        let check = (12 - sum % 11) % 11;
        let last = digits.last().map(|c| c.to_digit(10).unwrap_or(10));
        if last == Some(check) {
            Ok(Self(plain))
        } else {
            Err(format!(
                "orcid {text:?}: its last character does not fit the others, so one of them is mistyped"
            ))
        }
    }
}

/// A paper's DOI, `10.…/…`; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Doi(String);

impl Doi {
    /// The DOI without an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Doi {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plain = without_address(&text, &["doi.org/", "dx.doi.org/"]);
        let plain = plain.strip_prefix("doi:").unwrap_or(plain).trim();
        let shaped = plain.starts_with("10.")
            && plain.contains('/')
            && !plain.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'));
        if plain.is_empty() || shaped {
            Ok(Self(plain.to_owned()))
        } else {
            Err(format!(
                "doi {text:?}, expected one such as 10.48550/arXiv.2502.09775"
            ))
        }
    }
}

/// The address of a person's own page; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HomePage(String);

impl HomePage {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HomePage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let leads =
            !text.starts_with('#') && crate::address::target(&text) == crate::address::Target::Elsewhere;
        if text.is_empty() || leads {
            Ok(Self(text))
        } else {
            Err(format!("url {text:?}, expected https://… or mailto:…"))
        }
    }
}

/// A mail address; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plain = |c: char| c.is_alphanumeric() || "@._+-".contains(c);
        let whole = text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
        if text.is_empty() || (whole && text.chars().all(plain)) {
            Ok(Self(text))
        } else {
            Err(format!("email {text:?}, expected one such as ann@example.org"))
        }
    }
}

/// A person's given and family names: apart at a comma, which comes after the family name, else before the
/// last word. A single name is a family name.
pub(crate) fn name_parts(name: &str) -> (&str, &str) {
    let name = name.trim();
    match name.split_once(',') {
        Some((family, given)) => (given.trim(), family.trim()),
        None => match name.rsplit_once(' ') {
            Some((given, family)) => (given.trim(), family),
            None => ("", name),
        },
    }
}

/// A person's name as lists of references have it, `Family, Given`.
pub(crate) fn family_first(name: &str) -> String {
    match name_parts(name) {
        ("", family) => family.to_owned(),
        (given, family) => format!("{family}, {given}"),
    }
}

/// A text without the address in front of it, if it was pasted with one.
fn without_address<'a>(text: &'a str, hosts: &[&str]) -> &'a str {
    let text = text.trim();
    let bare = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    hosts
        .iter()
        .find_map(|host| bare.strip_prefix(host))
        .unwrap_or(bare)
        .trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orcid_is_checked_by_its_last_character_and_a_pasted_address_is_taken_off() {
        for text in [
            "0000-0002-1825-0097",
            "https://orcid.org/0000-0002-1825-0097",
            "orcid.org/0000-0002-1825-0097/",
        ] {
            assert_eq!(
                Orcid::try_from(text.to_owned()).unwrap().as_str(),
                "0000-0002-1825-0097"
            );
        }
        assert!(Orcid::try_from("0000-0002-1694-233x".to_owned()).is_ok());
        let mistyped = Orcid::try_from("0000-0002-1825-0098".to_owned()).unwrap_err();
        assert!(mistyped.contains("mistyped"), "{mistyped}");
        assert!(Orcid::try_from("0000-0002-1825".to_owned()).is_err());
    }

    #[test]
    fn a_doi_is_taken_with_and_without_its_address() {
        for text in [
            "10.1000/x",
            "https://doi.org/10.1000/x",
            "http://dx.doi.org/10.1000/x",
            "doi:10.1000/x",
        ] {
            assert_eq!(
                Doi::try_from(text.to_owned()).unwrap().as_str(),
                "10.1000/x",
                "{text}"
            );
        }
        assert!(Doi::try_from("ICML 2025".to_owned()).is_err());
    }

    #[test]
    fn a_mail_address_is_one_and_nothing_else() {
        assert!(Email::try_from("ann.roe+cells@example.org".to_owned()).is_ok());
        for text in [
            "ann",
            "ann@host",
            "ann@example.org?subject=x",
            "a b@example.org",
            "@example.org",
        ] {
            assert!(Email::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_comes_apart_at_its_comma_or_before_its_last_word() {
        assert_eq!(name_parts("Ada Maria Example"), ("Ada Maria", "Example"));
        assert_eq!(name_parts("van Example, Ada"), ("Ada", "van Example"));
        assert_eq!(name_parts("Consortium"), ("", "Consortium"));
        assert_eq!(family_first("Ada Example"), "Example, Ada");
        assert_eq!(family_first("Consortium"), "Consortium");
    }

    #[test]
    fn a_page_of_a_person_runs_nothing() {
        assert!(HomePage::try_from("javascript:alert(1)".to_owned()).is_err());
        assert!(HomePage::try_from("https://example.org".to_owned()).is_ok());
    }
}
