//! Opening a path that a person named, if it is a regular file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file to read it.
///
/// What else a path may name is refused before it is opened: a pipe would wait until somebody writes into it,
/// and a device such as `/dev/zero` never ends.
///
/// ```
/// let error = cellflux_files::open(std::env::temp_dir().as_path()).unwrap_err();
/// assert_eq!(error.to_string(), "is a folder, expected a file");
/// ```
///
/// # Errors
/// What the system says, and [`io::ErrorKind::InvalidInput`] for a folder, a pipe and a device. Neither names
/// the path.
pub fn open(path: &Path) -> io::Result<File> {
    let about = fs::metadata(path)?;
    if about.is_file() {
        return File::open(path);
    }
    let found = if about.is_dir() {
        "is a folder, expected a file"
    } else {
        "is a device or a pipe, expected a file; write what it gives to one first"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, found))
}

/// All bytes of a regular file.
///
/// # Errors
/// As [`open`], and where reading breaks off.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a");
        fs::write(&file, "words").unwrap();
        assert_eq!(read(&file).unwrap(), b"words");
        assert_eq!(
            read(home.path()).unwrap_err().to_string(),
            "is a folder, expected a file"
        );
        assert_eq!(
            read(&home.path().join("b")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        #[cfg(unix)]
        {
            let pipe = home.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.unwrap().success());
            for endless in [pipe.as_path(), Path::new("/dev/zero")] {
                let message = read(endless).unwrap_err().to_string();
                assert!(message.starts_with("is a device or a pipe"), "{message}");
            }
            std::os::unix::fs::symlink(&file, home.path().join("link")).unwrap();
            assert_eq!(read(&home.path().join("link")).unwrap(), b"words");
        }
    }
}
