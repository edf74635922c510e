//! A table that is compressed with gzip, unpacked as it is read, up to a bound: few bytes can become many.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// What a compressed file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The most bytes that a compressed table may have.
const MOST: u64 = 1 << 30;

/// The table itself: `start` are its first bytes, which have been read from `source`.
pub(crate) fn unpacked<'a>(start: Vec<u8>, source: Box<dyn Read + 'a>) -> Box<dyn Read + 'a> {
    let packed = start.starts_with(&GZIP);
    let whole = Cursor::new(start).chain(source);
    if packed {
        Box::new(Bounded {
            source: MultiGzDecoder::new(whole),
            left: MOST,
        })
    } else {
        Box::new(whole)
    }
}

/// A stream that fails beyond a number of bytes.
struct Bounded<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => {
                self.left = left;
                Ok(read)
            }
            None => Err(io::Error::other(
                "is more than 1 GiB when it is unpacked, expected less",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_compressed_table_reads_as_the_plain_one() {
        for content in [b"a,b\n1,2\n".to_vec(), packed(b"a,b\n1,2\n")] {
            let mut table = crate::Table::new(content.as_slice(), b',').unwrap();
            assert_eq!(table.titles(), ["a", "b"]);
            let mut row = crate::Row::default();
            assert!(table.read(&mut row).unwrap());
            assert_eq!((row.line, row.cells.get(1)), (2, Some("2")));
        }
    }

    #[test]
    fn a_stream_of_too_many_bytes_fails() {
        let mut bounded = Bounded {
            source: io::repeat(1),
            left: 10,
        };
        let mut read = Vec::new();
        let error = bounded.read_to_end(&mut read).unwrap_err().to_string();
        assert!(error.contains("expected less"), "{error}");
    }
}
