//! The pages of a site, which are read one after the other: what each uses, and which of its links lead
//! nowhere.

use super::Components;
use crate::citations::Citations;
use crate::config::INDEX;
use crate::ids::Ids;
use crate::place::Place;

/// What the texts of a page, or of all, use; it decides which scripts are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Explorers.
    pub explorers: usize,
    /// Labs.
    pub labs: usize,
    /// Lessons.
    pub lessons: usize,
    /// Whether there are tabs, carousels, pictures to enlarge or a search.
    pub article: bool,
}

impl Components<'_> {
    /// Begins a page, which has elements of these ids already.
    pub(crate) fn begin_page(&mut self, file: &str, ids: Ids) {
        file.clone_into(&mut self.page);
        self.numbers.begin_page(file);
        self.citations = Citations::default();
        self.ids = ids;
        self.uses = Uses::default();
        self.explored.clear();
        self.headings.clear();
    }

    /// Ends a page: what it uses. What is read then belongs to the first page.
    pub(crate) fn end_page(&mut self) -> Uses {
        let uses = self.uses;
        let page = std::mem::replace(&mut self.page, INDEX.to_owned());
        self.read.push((page, std::mem::take(&mut self.ids), uses));
        self.used.explorers += uses.explorers;
        self.used.labs += uses.labs;
        self.used.lessons += uses.lessons;
        self.used.article |= uses.article;
        uses
    }

    /// Whether a page has an element of this id.
    fn has_id(ids: &Ids, uses: Uses, id: &str) -> bool {
        let one_of = |prefix: &str, count: usize| {
            let number = id.strip_prefix(prefix).map(str::parse::<usize>);
            matches!(number, Some(Ok(number)) if (1..=count).contains(&number))
        };
        one_of("explorer-", uses.explorers) || one_of("lab-", uses.labs) || ids.has(id)
    }

    /// Links of the pages that have been read to an element that their page does not have: its id, and where
    /// the link stands.
    pub(crate) fn nowhere(&self) -> Vec<(String, Place)> {
        let lost = |(link, at): &(String, Place)| {
            let mut pages = self.read.iter();
            let (id, ids, uses) =
                pages.find_map(|(page, ids, uses)| Some((id_on_page(page, link)?, ids, uses)))?;
            (!Self::has_id(ids, *uses, id)).then(|| (id.to_owned(), at.clone()))
        };
        self.links_inside.iter().filter_map(lost).collect()
    }
}

/// A link to an element of a page, as [`Components::links_inside`] has it.
pub(super) fn on_page(page: &str, id: &str) -> String {
    if page == INDEX {
        id.to_owned()
    } else {
        format!("{page}#{id}")
    }
}

/// The id that such a link has on a page; none on another page.
pub(crate) fn id_on_page<'a>(page: &str, link: &'a str) -> Option<&'a str> {
    match link.split_once(".html#") {
        Some((name, id)) if page.strip_suffix(".html") == Some(name) => Some(id),
        Some(_) => None,
        None => (page == INDEX).then_some(link),
    }
}
