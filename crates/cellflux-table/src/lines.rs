//! Lines as an editor counts them: each ends with LF, CRLF or CR.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

use crate::quotes::{Quotes, Unclosed};

/// Number of line breaks in `bytes`.
pub(crate) fn breaks(bytes: &[u8]) -> u64 {
    let mut count = 0;
    let mut previous = 0;
    for &byte in bytes {
        if byte == b'\r' || (byte == b'\n' && previous != b'\r') {
            count += 1;
        }
        previous = byte;
    }
    count
}

/// The text with every line ended by LF, so that a parser which knows only LF numbers lines as an editor
/// does.
pub fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Starts of the lines that are not blank: offset in the stream and line number.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineStarts(Rc<RefCell<VecDeque<(u64, u64)>>>);

impl LineStarts {
    /// The line of the first text at or after `offset`. Offsets must not fall from call to call.
    pub(crate) fn line_at(&self, offset: u64) -> u64 {
        let mut starts = self.0.borrow_mut();
        while starts.len() > 1 && starts.front().is_some_and(|&(start, _)| start < offset) {
            starts.pop_front();
        }
        starts.front().map_or(1, |&(_, line)| line)
    }
}

/// Passes a stream on and notes where its lines start, and whether its quotes are closed.
pub(crate) struct Counted<R> {
    inner: R,
    starts: LineStarts,
    offset: u64,
    line: u64,
    previous: u8,
    /// Whether the line has had no character yet.
    fresh: bool,
    quotes: Quotes,
}

impl<R: Read> Counted<R> {
    pub(crate) fn new(inner: R, delimiter: u8) -> (Self, LineStarts, Unclosed) {
        let starts = LineStarts::default();
        let (quotes, unclosed) = Quotes::new(delimiter);
        let counted = Self {
            inner,
            starts: starts.clone(),
            offset: 0,
            line: 1,
            previous: 0,
            fresh: true,
            quotes,
        };
        (counted, starts, unclosed)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        if length == 0 && !buffer.is_empty() {
            self.quotes.end();
        }
        let mut starts = self.starts.0.borrow_mut();
        for &byte in buffer.iter().take(length) {
            self.quotes.pass(byte, self.line);
            match byte {
                b'\n' if self.previous == b'\r' => {}
                b'\n' | b'\r' => {
                    self.line += 1;
                    self.fresh = true;
                }
                _ if self.fresh => {
                    starts.push_back((self.offset, self.line));
                    self.fresh = false;
                }
                _ => {}
            }
            self.previous = byte;
            self.offset += 1;
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crlf_is_one_break_and_cr_alone_is_one() {
        assert_eq!(
            [b"a\r\nb\r\n".as_slice(), b"a\rb\r", b"a\n\nb", b"\r\r\n"].map(breaks),
            [2, 2, 2, 2]
        );
        assert_eq!(unix_lines("a\r\nb\rc\n"), "a\nb\nc\n");
    }
}
