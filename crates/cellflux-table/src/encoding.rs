//! What a file's bytes are, where they are not UTF-8.

/// Why bytes are not text that can be read here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// UTF-16, as "Unicode text" of a spreadsheet program is.
    #[error("is UTF-16 text, expected UTF-8; save it as \"CSV UTF-8\" or as text with the encoding UTF-8")]
    Utf16,
    /// Bytes that are not UTF-8, most often Latin-1 or Windows-1252.
    #[error(
        "line {line}: byte 0x{byte:02x} is not UTF-8, the text is probably Latin-1 or Windows-1252{shown}; \
        save it with the encoding UTF-8"
    )]
    Latin1 {
        /// The line, from 1.
        line: u64,
        /// The first byte that is not UTF-8.
        byte: u8,
        /// The character that it is in Latin-1, in words, or nothing.
        shown: String,
    },
    /// Another kind of file with a text file's name.
    #[error("is {kind}, expected text; {advice}")]
    OtherFile {
        /// What it is.
        kind: &'static str,
        /// What to do.
        advice: &'static str,
    },
}

/// The UTF-8 byte order mark, which spreadsheet programs and some editors write first.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text that bytes hold, without a byte order mark.
///
/// # Errors
/// [`TextError`] names the encoding, or the kind of file, where the bytes are not UTF-8 text.
pub fn decode(bytes: &[u8]) -> Result<String, TextError> {
    let start = check_start(bytes)?;
    let bytes = bytes.get(start..).unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + crate::lines::breaks(before);
            Err(latin1(line, bytes.get(error.valid_up_to()).copied()))
        }
    }
}

/// Looks at the first bytes of a file (all of them, or 512) and says how many belong to a byte order mark.
pub(crate) fn check_start(start: &[u8]) -> Result<usize, TextError> {
    const SAVE_AS_CSV: &str = "open it in its program and save it as CSV (UTF-8)";
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Err(TextError::Utf16);
    }
    let other = |kind, advice| Err(TextError::OtherFile { kind, advice });
    if start.starts_with(b"PK\x03\x04") {
        return other("a zip archive, as .xlsx, .ods and .docx files are", SAVE_AS_CSV);
    }
    if start.starts_with(b"\xd0\xcf\x11\xe0") {
        return other("a file of an old Office program, as .xls files are", SAVE_AS_CSV);
    }
    if start.starts_with(b"\x1f\x8b") {
        return other("compressed with gzip", "decompress it first");
    }
    if start.starts_with(b"%PDF-") {
        return other("a PDF", "bring the text or the table itself");
    }
    let start = start.get(..512).unwrap_or(start);
    let zeros = |odd: usize| {
        start
            .iter()
            .skip(odd)
            .step_by(2)
            .filter(|&&byte| byte == 0)
            .count()
    };
    if start.contains(&0) {
        // Western text in UTF-16 without a byte order mark: every second byte is zero.
        let half = start.len() / 2;
        if half > 1 && (zeros(0) * 4 >= half * 3 || zeros(1) * 4 >= half * 3) {
            return Err(TextError::Utf16);
        }
        return other("binary", "bring the text itself");
    }
    Ok(if start.starts_with(UTF8_MARK) {
        UTF8_MARK.len()
    } else {
        0
    })
}

/// The error for the first byte of a line that is not UTF-8.
pub(crate) fn latin1(line: u64, byte: Option<u8>) -> TextError {
    let byte = byte.unwrap_or_default();
    let shown = if byte >= 0xa0 {
        format!(" (there it is {:?})", char::from(byte))
    } else {
        String::new()
    };
    TextError::Latin1 { line, byte, shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        assert_eq!(decode(b"\xef\xbb\xbfname").unwrap(), "name");
        assert_eq!(decode("µm, 20 °C".as_bytes()).unwrap(), "µm, 20 °C");
        assert_eq!(decode(b"").unwrap(), "");
    }

    #[test]
    fn what_is_not_utf8_is_called_by_its_name() {
        let utf16: Vec<u8> = "name,smiles\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "name,smiles\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        for (bytes, words) in [
            ([b"\xff\xfe", &utf16[..]].concat(), "UTF-16"),
            ([b"\xfe\xff", &big[..]].concat(), "UTF-16"),
            (utf16, "UTF-16"),
            (big, "UTF-16"),
            (
                b"name\r\na\r\nN\xe4hr\r\n".to_vec(),
                "line 3: byte 0xe4 is not UTF-8, the text is probably Latin-1",
            ),
            (b"PK\x03\x04\x14\0\x06\0".to_vec(), ".xlsx"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1".to_vec(), ".xls"),
            (b"\x1f\x8b\x08".to_vec(), "gzip"),
            (b"\x00\x01\x02\x03abcdefgh".to_vec(), "binary"),
        ] {
            let message = decode(&bytes).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        assert!(decode(b"\xe4").unwrap_err().to_string().contains("'ä'"));
    }
}
