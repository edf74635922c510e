//! Names in order of appearance.

use std::collections::HashMap;

/// Names in order of appearance, each with its position.
#[derive(Default)]
pub(crate) struct Names {
    /// The names.
    pub(crate) list: Vec<String>,
    positions: HashMap<String, u32>,
}

impl Names {
    /// The name's position, and whether it is new.
    pub(crate) fn position(&mut self, name: &str) -> (u32, bool) {
        if let Some(&position) = self.positions.get(name) {
            return (position, false);
        }
        let position = self.list.len() as u32;
        self.list.push(name.to_owned());
        self.positions.insert(name.to_owned(), position);
        (position, true)
    }
}
