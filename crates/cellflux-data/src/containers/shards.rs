//! Shards of WebDataset: tars whose samples are members of one key, here one image and one description
//! (`KEY.png`, `KEY.json`), which is the sample's row in the table.
//!
//! A shard's headers are read once, from its start to its end; images stay where they are until they are
//! asked for. What is kept of each is its name, its place and its length, some 100 bytes.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::stamp::Stamp;
use super::{ContainerError, Unopened};

/// A tar's blocks, in bytes.
const BLOCK: u64 = 512;
/// The longest description of a sample, in bytes.
const LONGEST: u64 = 1 << 20;
/// How a member's name ends that is an image.
const IMAGES: [&str; 6] = [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".npy"];
/// How a member's name ends that is a sample's description.
const ABOUT: &str = ".json";
/// The table's column with the image's name, below that of its shard.
const PATH: &str = "path";

/// Where every image of some shards lies.
#[derive(Debug, Default)]
pub(crate) struct Shards {
    files: Vec<(PathBuf, Stamp)>,
    members: HashMap<Box<str>, Member>,
}

/// A member of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    /// Its shard's number.
    shard: usize,
    /// Bytes from the shard's start.
    offset: u64,
    length: u64,
}

/// A sample whose members are being read.
#[derive(Debug, Default)]
struct Sample {
    key: String,
    image: Option<(String, Member)>,
    about: Option<Map<String, Value>>,
}

/// Shards that are being read.
struct Index {
    shards: Shards,
    /// The keys of the first sample's description, the table's titles but for the first.
    titles: Vec<String>,
    rows: csv::Writer<Vec<u8>>,
}

impl Shards {
    /// Reads the headers of a shard, or of all shards in a folder by their names, and returns with them the
    /// samples as a table: CSV, a line each.
    pub(super) fn index(path: &Path) -> Result<(Self, Vec<u8>), ContainerError> {
        let mut index = Index {
            shards: Self::default(),
            titles: Vec::new(),
            rows: csv::Writer::from_writer(Vec::new()),
        };
        for shard in tars(path)? {
            index.shard(&shard)?;
        }
        let rows = index.rows.into_inner().map_err(|error| ContainerError::File {
            file: path.to_owned(),
            reason: io::Error::other(error.to_string()),
        })?;
        if rows.is_empty() {
            return Err(ContainerError::NoShards {
                file: path.to_owned(),
                found: "without a sample",
                expected: "shards with an image and a .json for every key",
            });
        }
        Ok((index.shards, rows))
    }

    /// An image's bytes.
    pub(super) fn read(&self, image: &str) -> Result<Vec<u8>, Unopened> {
        let (file, _, member) = self.find(image)?;
        let mut shard = cellflux_files::open(file).map_err(ContainerError::file(file))?;
        let mut bytes = Vec::new();
        shard
            .seek(SeekFrom::Start(member.offset))
            .map_err(ContainerError::file(file))?;
        shard
            .take(member.length)
            .read_to_end(&mut bytes)
            .map_err(ContainerError::file(file))?;
        if bytes.len() as u64 != member.length {
            // It was whole when its headers were read.
            return Err(Unopened::from(ContainerError::CutOff {
                file: file.to_owned(),
                member: image.to_owned(),
                needed: member.offset + member.length,
                found: member.offset + bytes.len() as u64,
            }));
        }
        Ok(bytes)
    }

    /// The length of an image's bytes, and the time of its shard.
    pub(super) fn stamp(&self, image: &str) -> Result<Stamp, Unopened> {
        let (_, stamp, member) = self.find(image)?;
        Ok(Stamp {
            length: member.length,
            ..stamp
        })
    }

    /// An image's shard with its stamp, and its place there.
    fn find(&self, image: &str) -> Result<(&Path, Stamp, Member), Unopened> {
        let member = self.members.get(image).copied();
        let found = member.and_then(|member| {
            let (file, stamp) = self.files.get(member.shard)?;
            Some((file.as_path(), *stamp, member))
        });
        found.ok_or_else(|| Unopened::Missing {
            image: PathBuf::from(image),
            reason: io::Error::new(io::ErrorKind::NotFound, "is in none of the shards"),
        })
    }
}

/// The shards at a path, in the order of their names.
fn tars(path: &Path) -> Result<Vec<PathBuf>, ContainerError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut tars = Vec::new();
    for entry in std::fs::read_dir(path).map_err(ContainerError::file(path))? {
        let file = entry.map_err(ContainerError::file(path))?.path();
        if file.extension().is_some_and(|extension| extension == "tar") {
            tars.push(file);
        }
    }
    tars.sort();
    if tars.is_empty() {
        return Err(ContainerError::NoShards {
            file: path.to_owned(),
            found: "a folder without a .tar",
            expected: "the folder of the shards, or one shard",
        });
    }
    Ok(tars)
}

impl Index {
    /// Reads the headers of one shard.
    fn shard(&mut self, path: &Path) -> Result<(), ContainerError> {
        let (file, stamp) = open(path)?;
        let number = self.shards.files.len();
        self.shards.files.push((path.to_owned(), stamp));
        let mut archive = tar::Archive::new(file);
        // Where the last member ends, and its name.
        let (mut end, mut last) = (0, "its start".to_owned());
        let mut sample = Sample::default();
        let damaged = |last: &str, error: io::Error| ContainerError::DamagedShard {
            file: path.to_owned(),
            member: last.to_owned(),
            reason: error.to_string(),
        };
        let entries = archive.entries_with_seek();
        for entry in entries.map_err(|error| damaged(&last, error))? {
            let mut entry = entry.map_err(|error| damaged(&last, error))?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let member = Member {
                shard: number,
                offset: entry.raw_file_position(),
                length: entry.size(),
            };
            let needed = member.offset.saturating_add(member.length);
            if needed > stamp.length {
                return Err(ContainerError::CutOff {
                    file: path.to_owned(),
                    member: name,
                    needed,
                    found: stamp.length,
                });
            }
            end = needed.next_multiple_of(BLOCK);
            let key = key_of(&name);
            if entry.header().entry_type().is_file() && !key.is_empty() {
                if key != sample.key {
                    self.sample(path, std::mem::take(&mut sample))?;
                    key.clone_into(&mut sample.key);
                }
                sample.add(path, &name, member, &mut entry)?;
            }
            last = name;
        }
        if end + BLOCK > stamp.length {
            return Err(ContainerError::NoEnd {
                file: path.to_owned(),
                member: last,
            });
        }
        self.sample(path, sample)
    }

    /// Adds a sample that is complete; the one before the first has no key.
    fn sample(&mut self, path: &Path, sample: Sample) -> Result<(), ContainerError> {
        let Sample { key, image, about } = sample;
        if key.is_empty() {
            return Ok(());
        }
        let wrong = |reason: String| ContainerError::Sample {
            file: path.to_owned(),
            sample: key.clone(),
            reason,
        };
        let Some((name, member)) = image else {
            return Err(wrong(format!(
                "has no image, expected one member that ends in {}",
                IMAGES.join(", ")
            )));
        };
        let Some(about) = about else {
            return Err(wrong(format!(
                "has no description, expected one member that ends in {ABOUT}"
            )));
        };
        if self.titles.is_empty() {
            let keys = about
                .iter()
                .filter(|(key, value)| *key != PATH && text(value).is_some());
            self.titles = keys.map(|(key, _)| key.clone()).collect();
            if self.titles.is_empty() {
                return Err(wrong(
                    "its description is empty, expected the columns of a table".into(),
                ));
            }
            let titles = std::iter::once(PATH).chain(self.titles.iter().map(String::as_str));
            self.rows
                .write_record(titles)
                .map_err(|error| wrong(error.to_string()))?;
        }
        let stray = about
            .iter()
            .find(|(key, value)| *key != PATH && text(value).is_some() && !self.titles.contains(key));
        if let Some((stray, _)) = stray {
            return Err(wrong(format!(
                "its description has the key {stray:?}, which the first sample's does not have; expected the \
                keys {}",
                self.titles.join(", ")
            )));
        }
        let shard = path.file_name().unwrap_or_default().to_string_lossy();
        let image: Box<str> = format!("{shard}/{name}").into();
        let mut row = vec![image.to_string()];
        for title in &self.titles {
            let cell = about.get(title).map_or(Some(String::new()), text);
            row.push(cell.ok_or_else(|| {
                wrong(format!(
                    "its description holds several values as {title:?}, expected one"
                ))
            })?);
        }
        self.rows
            .write_record(&row)
            .map_err(|error| wrong(error.to_string()))?;
        self.shards.members.insert(image, member);
        Ok(())
    }
}

impl Sample {
    /// Adds a member, whose bytes are read where it is the description.
    fn add(
        &mut self,
        path: &Path,
        name: &str,
        member: Member,
        bytes: &mut impl Read,
    ) -> Result<(), ContainerError> {
        let wrong = |reason: String| ContainerError::Sample {
            file: path.to_owned(),
            sample: key_of(name).to_owned(),
            reason,
        };
        let lower = name.to_lowercase();
        if lower.ends_with(ABOUT) {
            if member.length > LONGEST {
                return Err(wrong(format!(
                    "its description has {} bytes, at most {LONGEST} are read",
                    member.length
                )));
            }
            let mut text = Vec::new();
            bytes
                .take(LONGEST)
                .read_to_end(&mut text)
                .map_err(ContainerError::file(path))?;
            let about = serde_json::from_slice(&text).map_err(|error| wrong(format!("{name}: {error}")))?;
            if self.about.replace(about).is_some() {
                return Err(wrong("has two descriptions, expected one".into()));
            }
        } else if IMAGES.iter().any(|end| lower.ends_with(end)) {
            if let Some((first, _)) = &self.image {
                return Err(wrong(format!(
                    "has two images, {first} and {name}, expected one of all channels"
                )));
            }
            self.image = Some((name.to_owned(), member));
        }
        Ok(())
    }
}

/// A shard, refused where it is packed as a whole: then no image could be read without all before it.
fn open(path: &Path) -> Result<(File, Stamp), ContainerError> {
    let mut file = cellflux_files::open(path).map_err(ContainerError::file(path))?;
    let mut magic = [0; 2];
    let packed = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    if packed {
        return Err(ContainerError::NoShards {
            file: path.to_owned(),
            found: "packed with gzip",
            expected: "a plain .tar; unpack it with gunzip, images in it are packed already",
        });
    }
    file.rewind().map_err(ContainerError::file(path))?;
    let stamp = Stamp::of(path).map_err(ContainerError::file(path))?;
    Ok((file, stamp))
}

/// A member's key: its name up to the first dot of the last part of its path; empty for a hidden file.
fn key_of(name: &str) -> &str {
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let length = name.get(start..).and_then(|file| file.find('.'));
    match length {
        Some(0) => "",
        Some(length) => name.get(..start + length).unwrap_or(name),
        None => name,
    }
}

/// A value as a cell's text, in one line; none for a list or an object.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(value.replace(['\n', '\r'], " ")),
        Value::Array(_) | Value::Object(_) => None,
    }
}
