//! What the operating system is asked to do: exchange two folders, tell whether a path leads to an open file,
//! write bytes to the disk.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use walkdir::WalkDir;

/// Two folders change places, so that both names lead somewhere at every moment.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(crate) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(crate) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Whether the system or the file system does not know how to exchange: `ENOSYS`, `ENOTSUP`, `EINVAL`.
pub(crate) fn is_unknown(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

/// Whether a path still leads to an open file.
#[cfg(unix)]
pub(crate) fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// Windows does not remove open files.
#[cfg(not(unix))]
pub(crate) fn is_same(_: &File, _: &Path) -> bool {
    true
}

/// Waits until everything in a folder has reached the disk, so that after a power failure the swap does not
/// lead to empty files.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    for entry in WalkDir::new(folder).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_dir() || entry.file_type().is_file() {
            sync_one(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(unix)]
pub(crate) fn sync_one(path: &Path) -> io::Result<()> {
    match File::open(path) {
        // A file that was kept and that only others may read is on the disk already.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        file => file?.sync_all(),
    }
}

/// Folders cannot be opened there, and files only for writing.
#[cfg(not(unix))]
pub(crate) fn sync_one(_: &Path) -> io::Result<()> {
    Ok(())
}
