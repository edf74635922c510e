//! Other works, or other versions of this one.

use serde::Deserialize;
use toml::Spanned;

use super::{Components, paragraph, worded};
use crate::address::{self, Target};
use crate::error::SiteError;
use crate::html::escape;
use crate::markdown::Surroundings;
use crate::place::Place;
use crate::source::SourceText;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Works {
    #[serde(default, rename = "work")]
    works: Vec<Work>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Work {
    title: Spanned<String>,
    /// An address of another site, or a page of this one.
    href: Spanned<String>,
    #[serde(default)]
    authors: String,
    #[serde(default)]
    venue: String,
    about: Option<Spanned<String>>,
}

impl Components<'_> {
    pub(super) fn works(&mut self, settings: &SourceText, at: &Place) -> Result<String, SiteError> {
        let wanted: Works = settings.toml()?;
        if wanted.works.is_empty() {
            return Err(at.wrong("works: expected one or more [[work]], each with `title` and `href`"));
        }
        let mut list = String::new();
        let mut left_out = 0;
        for work in &wanted.works {
            worded(&work.title, "title", settings)?;
            let href = work.href.get_ref();
            let leads = match address::target(href) {
                Target::Elsewhere => !href.starts_with('#'),
                Target::File(name, _) => self.is_page(name),
                Target::Refused => false,
            };
            if !leads {
                return Err(settings.wrong(
                    &work.href.span(),
                    format!("href {href:?}, expected https://… or a page of this site"),
                ));
            }
            if self.anonymous && address::target(href) == Target::Elsewhere {
                left_out += 1;
                continue;
            }
            let said = [&work.authors, &work.venue]
                .into_iter()
                .filter(|part| !part.is_empty());
            let said = paragraph(&said.map(|part| escape(part)).collect::<Vec<_>>().join(". "));
            let about = paragraph(&self.words_of(work.about.as_ref(), settings));
            list.push_str(&format!(
                "<li><a href=\"{}\">{}</a>{said}{about}</li>\n",
                escape(href),
                escape(work.title.get_ref())
            ));
        }
        if left_out > 0 {
            self.notes.push(format!(
                "{at}: works: {left_out} left out, which other sites hold: they tell whose site this is \
                (`anonymous = true`)"
            ));
        }
        if list.is_empty() {
            return Ok(list);
        }
        Ok(format!("<ul class=\"component works\">\n{list}</ul>\n"))
    }
}
