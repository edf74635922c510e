//! The ids of a page's elements. Several texts stand on one page, so no two of them may give an id twice.

use std::collections::BTreeMap;

use crate::error::SiteError;
use crate::place::Place;

/// Every id of a page so far, with the place that gave it.
#[derive(Debug, Default)]
pub struct Ids {
    taken: BTreeMap<String, Place>,
}

impl Ids {
    /// Takes an id that an author chose.
    ///
    /// # Errors
    /// [`SiteError::At`] with both places when another element has it.
    pub fn claim(&mut self, id: &str, at: &Place) -> Result<(), SiteError> {
        if let Some(first) = self.taken.get(id) {
            return Err(at.wrong(format!(
                "a second element with the id {id:?}, expected another: the first is at {first}"
            )));
        }
        self.taken.insert(id.to_owned(), at.clone());
        Ok(())
    }

    /// Whether an element has this id.
    pub fn has(&self, id: &str) -> bool {
        self.taken.contains_key(id)
    }

    /// Takes the id that is wished for or, where it is taken, the next one with a number.
    pub fn free(&mut self, wished: &str, at: &Place) -> String {
        let mut id = wished.to_owned();
        let mut number = 2;
        while self.taken.contains_key(&id) {
            id = format!("{wished}-{number}");
            number += 1;
        }
        self.taken.insert(id.clone(), at.clone());
        id
    }
}
