//! Quotes in a table that are opened and never closed: every row below would become part of one cell.

use std::cell::Cell;
use std::rc::Rc;

/// The state at a byte. As in the csv crate, a quote counts only at the start of a cell, and two inside stand
/// for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Start,
    Plain,
    Quoted,
    AfterQuote,
}

/// The line of the quote that was open where the stream ended; none before its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unclosed(Rc<Cell<Option<u64>>>);

impl Unclosed {
    pub(crate) fn line(&self) -> Option<u64> {
        self.0.get()
    }
}

/// Follows the quotes of a stream.
pub(crate) struct Quotes {
    delimiter: u8,
    within: Within,
    /// The line of the last quote that was opened.
    line: u64,
    unclosed: Unclosed,
}

impl Quotes {
    pub(crate) fn new(delimiter: u8) -> (Self, Unclosed) {
        let unclosed = Unclosed::default();
        let quotes = Self {
            delimiter,
            within: Within::Start,
            line: 1,
            unclosed: unclosed.clone(),
        };
        (quotes, unclosed)
    }

    pub(crate) fn pass(&mut self, byte: u8, line: u64) {
        let ends = byte == self.delimiter || matches!(byte, b'\n' | b'\r');
        self.within = match (self.within, byte) {
            (Within::Start, b'"') => {
                self.line = line;
                Within::Quoted
            }
            (Within::Quoted, b'"') => Within::AfterQuote,
            (Within::Quoted, _) | (Within::AfterQuote, b'"') => Within::Quoted,
            _ if ends => Within::Start,
            _ => Within::Plain,
        };
    }

    pub(crate) fn end(&self) {
        if self.within == Within::Quoted {
            self.unclosed.0.set(Some(self.line));
        }
    }
}
