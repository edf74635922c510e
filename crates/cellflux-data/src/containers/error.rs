//! What can be wrong with a shard or an image in OME-Zarr.

use std::path::PathBuf;

/// Why a container of images could not be read, naming the file and the member or chunk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// A file or folder that the operating system refused.
    #[error("{}: {reason}", file.display())]
    File {
        /// The file or folder.
        file: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// A container that this program was built without.
    #[error(
        "{}: is {kind}, which this program reads only where it is built with --features {feature}",
        file.display()
    )]
    NotBuilt {
        /// The file or folder.
        file: PathBuf,
        /// What it is.
        kind: &'static str,
        /// The cargo feature that reads it.
        feature: &'static str,
    },
    /// A folder without shards, or a shard that is none.
    #[error("{}: is {found}, expected {expected}", file.display())]
    NoShards {
        /// The file or folder.
        file: PathBuf,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A shard that ends inside a member.
    #[error(
        "{}: is cut off: its member {member} ends at byte {needed}, and the file has {found} bytes; fetch it \
        again",
        file.display()
    )]
    CutOff {
        /// The shard.
        file: PathBuf,
        /// The member.
        member: String,
        /// Where the member ends, in bytes from the file's start.
        needed: u64,
        /// The file's length in bytes.
        found: u64,
    },
    /// A shard without the empty block that ends every tar.
    #[error("{}: has no end mark after {member}, so it may be cut off; fetch it again", file.display())]
    NoEnd {
        /// The shard.
        file: PathBuf,
        /// Its last member.
        member: String,
    },
    /// A shard whose next header cannot be read.
    #[error("{}: is damaged after {member}: {reason}", file.display())]
    DamagedShard {
        /// The shard.
        file: PathBuf,
        /// The last member that could be read.
        member: String,
        /// What is wrong.
        reason: String,
    },
    /// A sample that is not one image and one description.
    #[error("{}: sample {sample}: {reason}", file.display())]
    Sample {
        /// The shard.
        file: PathBuf,
        /// The sample's key.
        sample: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Images in a Parquet table that cannot be read.
    #[error("{}: row {row}: {reason}", file.display())]
    Rows {
        /// The table.
        file: PathBuf,
        /// The row, counted from 1.
        row: usize,
        /// What is wrong.
        reason: String,
    },
    /// An OME-Zarr whose description is missing, damaged or of a kind that is not read.
    #[error("{}: {reason}", image.display())]
    Description {
        /// The image.
        image: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An OME-Zarr of which a chunk is missing. By Zarr's rules its pixels are the fill value; a file that
    /// was lost looks the same.
    #[error(
        "{}: chunk {chunk} is missing; fetch it again, or write chunks of one value too (zarr-python: \
        write_empty_chunks = True)",
        image.display()
    )]
    MissingChunk {
        /// The image.
        image: PathBuf,
        /// The chunk's path below it.
        chunk: String,
    },
    /// An OME-Zarr of which a chunk cannot be decoded.
    #[error("{}: chunk {chunk} cannot be decoded: {reason}", image.display())]
    DamagedChunk {
        /// The image.
        image: PathBuf,
        /// The chunk's path below it.
        chunk: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[cfg(any(feature = "parquet", feature = "tar", feature = "zarr"))]
impl ContainerError {
    /// Wraps an operating system's error; for `map_err`.
    pub(super) fn file(file: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let file = file.to_owned();
        move |reason| Self::File { file, reason }
    }
}
