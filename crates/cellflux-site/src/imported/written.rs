//! What was read of a page as the first part of a `site.toml`.

use toml::Value;

use super::Imported;
use super::authors::Author;
use crate::config::is_web_address;
use crate::identity::Orcid;

impl Imported {
    /// The first part of a `site.toml`, up to the bundles. It reads back as what it was made of.
    #[must_use]
    pub fn toml(&self) -> String {
        let mut text = "# Begun from a page of another template by `cellflux site import-template`. \
            docs/publish.md\n# describes everything that can stand here.\n\n"
            .to_owned();
        for (name, value, shown) in [
            ("title", &self.title, literal(&self.title)),
            ("description", &self.description, literal(&self.description)),
            ("venue", &self.venue, literal(&self.venue)),
            ("abstract", &self.summary, paragraphs(&self.summary)),
            ("bibtex", &self.bibtex, paragraphs(&self.bibtex)),
        ] {
            if !value.is_empty() {
                text += &format!("{name} = {shown}\n");
            }
        }
        for author in &self.authors {
            text += &of_author(author);
        }
        for link in &self.links {
            let kind = link.kind.map(|kind| format!("kind = {}\n", literal(kind)));
            let whole = format!(
                "[[link]]\nlabel = {}\nhref = {}\n{}",
                literal(&link.label),
                literal(&link.href),
                kind.unwrap_or_default()
            );
            if is_web_address(&link.href) {
                text += &format!("\n{whole}");
            } else {
                let aside: String = whole.lines().map(|line| format!("# {line}\n")).collect();
                text += &format!("\n# A file of the page: copy it here, and take the # away.\n{aside}");
            }
        }
        text
    }
}

fn of_author(author: &Author) -> String {
    let mut text = format!("\n[[author]]\nname = {}\n", literal(&author.name));
    let address = author
        .address
        .as_deref()
        .filter(|address| is_web_address(address));
    if let Some(address) = address {
        let key = match Orcid::try_from(address.to_owned()) {
            Ok(_) => "orcid",
            Err(_) => "url",
        };
        text += &format!("{key} = {}\n", literal(address));
    }
    if !author.affiliations.is_empty() {
        let names: Vec<String> = author.affiliations.iter().map(|name| literal(name)).collect();
        text += &format!("affiliations = [{}]\n", names.join(", "));
    }
    if author.equal {
        text += "equal = true\n";
    }
    text
}

/// A text as TOML has it in one line.
fn literal(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A text with its lines as they are, where TOML can hold it so.
fn paragraphs(text: &str) -> String {
    if text.contains("'''") || text.ends_with('\'') {
        literal(text)
    } else {
        format!("'''\n{text}\n'''")
    }
}
