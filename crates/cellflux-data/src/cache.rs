//! The packed cache: every image decoded once, as coded bytes `[M, C, H, W]` in one file that is mapped into
//! memory.
//!
//! # Memory
//!
//! The file is as long as the data: 424,000 crops of 5 x 96 x 96 are 19.5 GB. Mapped pages belong to the
//! operating system's page cache, which keeps as many of them as fit free memory and drops them, without
//! writing anything, when another program needs it; so they speed a run up where there is memory and cost
//! none where there is not. What a process needs for itself is:
//!
//! - the experiment, some 120 bytes per image (51 MB for 424,000), and 12 bytes per image in the pairs;
//! - while the cache is built, [`CHUNK`] images at a time, coded (24 MB for 5 x 96 x 96), and one decoded
//!   file per thread;
//! - while a run reads, the batches that the loader keeps ready: threads x batches x 2 x batch size x image
//!   (47 MB for 2 x 4 batches of 64 of that size), and an epoch's order per thread (4 bytes per image).

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use cellflux_image::coding::Clipped;
use cellflux_image::crop::CodedCrop;
use fs4::FileExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::experiment::Experiment;
use crate::mapped_file::MappedFile;

/// Images that are decoded before they are written; bounds the memory of building.
const CHUNK: usize = 512;

/// The cache's files.
const IMAGES: &str = "images.u8";
const ABOUT: &str = "images.json";
const LOCK: &str = "lock";

/// Every image of an experiment, coded, in one mapped file.
#[derive(Debug)]
pub struct PackedCache {
    file: MappedFile,
    about: About,
}

/// What is known about the images' values once all have been decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelValues {
    /// The channel.
    pub channel: String,
    /// The smallest coded byte in any image.
    pub min: u8,
    /// The largest.
    pub max: u8,
    /// The mean over all images, in coded units 0..=255.
    pub mean: f64,
    /// The share of pixels at 255, 0..=1: as bright as the coding goes, or brighter.
    pub saturated: f64,
}

/// `images.json`: what the file beside it holds, and what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    /// Version of this layout.
    version: u32,
    /// [`Experiment::fingerprint`] of the inputs.
    fingerprint: String,
    images: usize,
    channels: usize,
    height: usize,
    width: usize,
    values: Vec<ChannelValues>,
    clipped: Clipped,
}

/// 2: planes are assigned by the names in the file, and what is clipped is counted.
const VERSION: u32 = 2;

impl About {
    fn bytes_an_image(&self) -> usize {
        self.channels * self.height * self.width
    }

    fn holds(&self, experiment: &Experiment) -> bool {
        let spec = experiment.spec();
        self.version == VERSION
            && self.fingerprint == experiment.fingerprint()
            && self.images == experiment.entries().len()
            && [self.channels, self.height, self.width] == [spec.channels.len(), spec.height, spec.width]
    }
}

impl PackedCache {
    /// Opens the cache in `folder`, and builds it where there is none or its inputs have changed.
    ///
    /// # Errors
    /// As [`PackedCache::open_with`].
    pub fn open(experiment: &Experiment, folder: &Path) -> Result<Self, DataError> {
        Self::open_with(experiment, folder, |_, _| {})
    }

    /// As [`PackedCache::open`]; `progress` is called with the images decoded so far and their number while
    /// it builds.
    ///
    /// # Errors
    /// [`DataError::Cache`] where the disk has no room for it (asked before the first byte is written),
    /// [`DataError::File`] where the folder cannot be written, and for the first image that cannot be
    /// decoded, as [`Experiment::load`]. A cache that was whole before stays as it is.
    pub fn open_with(
        experiment: &Experiment,
        folder: &Path,
        progress: impl Fn(usize, usize),
    ) -> Result<Self, DataError> {
        fs::create_dir_all(folder).map_err(DataError::file(folder, "cannot be made"))?;
        // Two runs that start together must not build one cache at once; the lock goes with the file's
        // handle.
        let lock_path = folder.join(LOCK);
        let lock = File::create(&lock_path).map_err(DataError::file(&lock_path, "cannot be written"))?;
        lock.lock()
            .map_err(DataError::file(&lock_path, "cannot be locked"))?;
        if let Some(cache) = Self::existing(experiment, folder)? {
            return Ok(cache);
        }
        build(experiment, folder, progress)?;
        Self::existing(experiment, folder)?.ok_or_else(|| DataError::Cache {
            file: folder.join(IMAGES),
            reason: "changed while it was built; no other program may write to this folder".into(),
        })
    }

    /// The cache in `folder` if it is whole and of this experiment.
    fn existing(experiment: &Experiment, folder: &Path) -> Result<Option<Self>, DataError> {
        let about = fs::read(folder.join(ABOUT))
            .ok()
            .and_then(|json| serde_json::from_slice::<About>(&json).ok())
            .filter(|about| about.holds(experiment));
        let Some(about) = about else {
            return Ok(None);
        };
        let path = folder.join(IMAGES);
        let expected = length(about.images, about.bytes_an_image(), &path)?;
        if fs::metadata(&path).is_ok_and(|found| found.len() == expected) {
            let file = MappedFile::open(&path)?;
            return Ok(Some(Self { file, about }));
        }
        Ok(None)
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.about.images
    }

    /// Whether there are none, which is never so for a cache that could be built.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Channels, rows and columns of every image.
    pub fn shape(&self) -> [usize; 3] {
        [self.about.channels, self.about.height, self.about.width]
    }

    /// One image, coded bytes `[C, H, W]`; none for a number that is too large.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let length = self.about.bytes_an_image();
        let start = index.checked_mul(length)?;
        self.file.bytes().get(start..start.checked_add(length)?)
    }

    /// Which values the images hold, channel by channel.
    pub fn values(&self) -> &[ChannelValues] {
        &self.about.values
    }

    /// The shares of all images' source pixels that were darker than black or brighter than full scale, and
    /// are cut off.
    pub fn clipped(&self) -> Clipped {
        self.about.clipped
    }
}

/// Bytes of the whole file.
fn length(images: usize, bytes_an_image: usize, path: &Path) -> Result<u64, DataError> {
    let bytes = images
        .checked_mul(bytes_an_image)
        .filter(|&bytes| isize::try_from(bytes).is_ok());
    bytes.map(|bytes| bytes as u64).ok_or_else(|| DataError::Cache {
        file: path.to_owned(),
        reason: format!("{images} images of {bytes_an_image} bytes cannot be mapped on this machine"),
    })
}

fn build(experiment: &Experiment, folder: &Path, progress: impl Fn(usize, usize)) -> Result<(), DataError> {
    let spec = experiment.spec();
    let images = experiment.entries().len();
    let finished = folder.join(IMAGES);
    let bytes = length(images, spec.len(), &finished)?;
    let unfinished = Unfinished(folder.join(format!("{IMAGES}.unfinished")));
    let path = &unfinished.0;
    let written = DataError::file(path, "cannot be written");

    let file = File::create(path).map_err(DataError::file(path, "cannot be written"))?;
    reserve(&file, bytes, &finished)?;

    let mut values = Values::new(spec.channels.len());
    let mut clipped = Clipped::default();
    let mut writer = BufWriter::new(file);
    let mut done = 0;
    progress(done, images);
    while done < images {
        let chunk: Vec<Result<CodedCrop, DataError>> = (done..images.min(done + CHUNK))
            .into_par_iter()
            .map(|index| experiment.load_coded(index))
            .collect();
        done += chunk.len();
        for image in chunk {
            let image = image?;
            values.add(&image.bytes, spec.pixels());
            clipped.dark += image.clipped.dark / images as f64;
            clipped.bright += image.clipped.bright / images as f64;
            writer
                .write_all(&image.bytes)
                .map_err(DataError::file(path, "cannot be written"))?;
        }
        progress(done, images);
    }
    let file = writer.into_inner().map_err(|error| written(error.into_error()))?;
    file.sync_all()
        .map_err(DataError::file(path, "cannot be written"))?;
    drop(file);

    let about = About {
        version: VERSION,
        fingerprint: experiment.fingerprint().to_owned(),
        images,
        channels: spec.channels.len(),
        height: spec.height,
        width: spec.width,
        values: values.finish(spec.channels.iter().map(|channel| channel.name.clone())),
        clipped,
    };
    let about_path = folder.join(ABOUT);
    // A cache without its description is ignored: so it is removed first and written last.
    if about_path.exists() {
        fs::remove_file(&about_path).map_err(DataError::file(&about_path, "cannot be replaced"))?;
    }
    fs::rename(path, &finished).map_err(DataError::file(&finished, "cannot be written"))?;
    let json = serde_json::to_vec_pretty(&about).map_err(|error| DataError::Cache {
        file: about_path.clone(),
        reason: error.to_string(),
    })?;
    fs::write(&about_path, json).map_err(DataError::file(&about_path, "cannot be written"))
}

/// Takes the disk space that a file will need, or says how much there is.
fn reserve(file: &File, bytes: u64, path: &Path) -> Result<(), DataError> {
    let folder = path.parent().unwrap_or(path);
    let free = fs4::available_space(folder).map_err(DataError::file(folder, "its free space is unknown"))?;
    let no_room = || DataError::Cache {
        file: path.to_owned(),
        reason: format!("needs {} of disk, {} are free", size(bytes), size(free)),
    };
    if bytes > free {
        return Err(no_room());
    }
    file.allocate(bytes).map_err(|_| no_room())
}

/// A file that is removed unless it has been renamed: an error leaves no gigabytes behind.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename it is gone already; where it cannot be removed, nobody is left to be told.
        let _ = fs::remove_file(&self.0);
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        10_000_000..10_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Counts of coded values, a histogram per channel.
struct Values(Vec<[u64; 256]>);

impl Values {
    fn new(channels: usize) -> Self {
        Self(vec![[0; 256]; channels])
    }

    fn add(&mut self, image: &[u8], pixels: usize) {
        for (histogram, plane) in self.0.iter_mut().zip(image.chunks_exact(pixels.max(1))) {
            for &byte in plane {
                if let Some(count) = histogram.get_mut(usize::from(byte)) {
                    *count += 1;
                }
            }
        }
    }

    fn finish(self, names: impl Iterator<Item = String>) -> Vec<ChannelValues> {
        let of = |(channel, histogram): (String, [u64; 256])| {
            let counted = || (0u8..=255).zip(histogram).filter(|&(_, count)| count > 0);
            let total: u64 = histogram.iter().sum();
            let sum: f64 = counted()
                .map(|(byte, count)| f64::from(byte) * count as f64)
                .sum();
            ChannelValues {
                channel,
                min: counted().map(|(byte, _)| byte).min().unwrap_or(0),
                max: counted().map(|(byte, _)| byte).max().unwrap_or(0),
                mean: sum / total.max(1) as f64,
                saturated: histogram[255] as f64 / total.max(1) as f64,
            }
        };
        names.zip(self.0).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Folder, SIDE, packed, synthetic};

    #[test]
    fn the_cache_holds_every_image_as_it_is_decoded() {
        let folder = Folder::usual();
        let experiment = folder.read().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let cache = PackedCache::open(&experiment, dir.path()).unwrap();
        assert_eq!((cache.len(), cache.shape()), (8, [3, SIDE, SIDE]));
        for index in 0..8 {
            assert_eq!(cache.image(index).unwrap(), experiment.load(index).unwrap());
            assert_eq!(cache.image(index).unwrap()[0] as usize, index + 2);
        }
        assert_eq!(cache.image(8), None);
        assert_eq!(cache.image(usize::MAX), None);
        let actin = &cache.values()[0];
        assert_eq!((actin.channel.as_str(), actin.min, actin.max), ("actin", 2, 9));
        assert!((actin.mean - 5.5).abs() < 1e-12 && actin.saturated == 0.0);
    }

    #[test]
    fn a_whole_cache_is_opened_again_and_changed_inputs_rebuild_it() {
        let folder = Folder::usual();
        let dir = tempfile::tempdir().unwrap();
        let built = |experiment: &Experiment| {
            let calls = std::cell::Cell::new(0);
            let cache =
                PackedCache::open_with(experiment, dir.path(), |_, _| calls.set(calls.get() + 1)).unwrap();
            (cache.image(0).unwrap()[0], calls.get() > 0)
        };
        assert_eq!(built(&folder.read().unwrap()), (2, true));
        assert_eq!(built(&folder.read().unwrap()), (2, false));
        // Another image under the same name and length is seen by its time.
        folder.write_image("a0.png", 3, SIDE, SIDE, 77);
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        File::options()
            .write(true)
            .open(folder.path().join("a0.png"))
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert_eq!(built(&folder.read().unwrap()), (77, true));
        // Another split changes no byte.
        folder.edit("a3.png,train", "a3.png,val");
        assert_eq!(built(&folder.read().unwrap()), (77, false));
        // A file that lost its end is not a cache.
        let images = File::options().write(true).open(dir.path().join(IMAGES)).unwrap();
        images.set_len(100).unwrap();
        assert_eq!(built(&folder.read().unwrap()), (77, true));
        fs::write(dir.path().join(ABOUT), b"{").unwrap();
        assert_eq!(built(&folder.read().unwrap()), (77, true));
    }

    #[test]
    fn a_damaged_image_is_named_with_its_line_and_leaves_the_old_cache_whole() {
        let folder = Folder::usual();
        let dir = tempfile::tempdir().unwrap();
        PackedCache::open(&folder.read().unwrap(), dir.path()).unwrap();
        let before = fs::read(dir.path().join(IMAGES)).unwrap();
        let path = folder.path().join("b1.png");
        let png = fs::read(&path).unwrap();
        fs::write(&path, &png[..png.len() / 2]).unwrap();
        let experiment = folder.read().unwrap();
        let error = PackedCache::open(&experiment, dir.path())
            .unwrap_err()
            .to_string();
        let expected = format!(
            "{}: line 7, column path: b1.png is a damaged PNG",
            folder.table().display()
        );
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(fs::read(dir.path().join(IMAGES)).unwrap(), before);
        let mut names: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [ABOUT, IMAGES, LOCK]);
    }

    #[test]
    fn mixed_sizes_and_channel_counts_are_named_with_both_shapes() {
        for (channels, height, found) in [
            (3, SIDE + 1, "16 x 17 px in 3 channels"),
            (1, SIDE, "16 x 16 px in 1 channel"),
        ] {
            let folder = Folder::usual();
            folder.write_image("b0.png", channels, height, SIDE, 1);
            let dir = tempfile::tempdir().unwrap();
            let error = PackedCache::open(&folder.read().unwrap(), dir.path()).unwrap_err();
            let expected = format!(
                "{}: line 6, column path: b0.png is {found}, expected 16 x 16 px in 3 channels as the first \
                image, a0.png",
                folder.table().display()
            );
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn more_than_the_disk_holds_is_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.u8");
        let file = File::create(&path).unwrap();
        // A terabyte more than is free.
        let bytes = fs4::available_space(dir.path()).unwrap() + 1_000_000_000_000;
        let error = reserve(&file, bytes, &path).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{}: needs ", path.display())),
            "{error}"
        );
        assert!(
            error.contains("GB of disk") && error.ends_with("are free"),
            "{error}"
        );
        assert_eq!(file.metadata().unwrap().len(), 0);
        reserve(&file, 5000, &path).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 5000);
        assert!(length(usize::MAX, 2, &path).is_err());
    }

    #[test]
    fn a_synthetic_cache_is_the_cells_themselves() {
        let dir = tempfile::tempdir().unwrap();
        let (experiment, cache, _) = packed(&synthetic(40), dir.path());
        assert_eq!(cache.len(), 40);
        assert_eq!(cache.image(17).unwrap(), experiment.load(17).unwrap());
        let mut other = synthetic(40);
        if let crate::Source::Synthetic(design) = &mut other.source {
            design.seed += 1;
        }
        let (_, other, _) = packed(&other, dir.path());
        assert_ne!(other.image(17).unwrap(), experiment.load(17).unwrap());
    }

    /// Anonymous memory of this process in bytes: mapped pages, which can be dropped, are not part of it.
    #[cfg(target_os = "linux")]
    fn own_memory() -> usize {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_run_over_424_000_crops_of_5_x_96_x_96_stays_far_below_4_gib() {
        use std::sync::Arc;

        use crate::fixtures::one_hot;
        use crate::{ConditionTable, Draw, Loader, Pairing, PairingConfig, Prefetch, Split};

        const IMAGES: usize = 424_000;
        let before = own_memory();
        let folder = Folder::usual();
        let mut experiment = folder.read().unwrap();
        experiment.spec = cellflux_image::ImageSpec::plain(5, 96, 96);
        let usual = experiment.entries.clone();
        experiment.entries = (0..IMAGES)
            .map(|number| {
                let mut entry = usual[number % usual.len()].clone();
                entry.image = format!("BR00117010/A01_f1/A01_f1_{number:06}.npy").into();
                entry
            })
            .collect();
        // 19.5 GB that take no disk space: a sparse file, which reads as a cache of black images would.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(super::IMAGES);
        let bytes = length(IMAGES, 5 * 96 * 96, &path).unwrap();
        assert_eq!(bytes, 19_537_920_000);
        if File::create(&path).unwrap().set_len(bytes).is_err() {
            eprintln!("skipped: no sparse file of {bytes} bytes at {}", path.display());
            return;
        }
        let about = About {
            version: VERSION,
            fingerprint: experiment.fingerprint().to_owned(),
            images: IMAGES,
            channels: 5,
            height: 96,
            width: 96,
            values: Vec::new(),
            clipped: Clipped::default(),
        };
        fs::write(dir.path().join(ABOUT), serde_json::to_vec(&about).unwrap()).unwrap();

        let cache = Arc::new(PackedCache::open(&experiment, dir.path()).unwrap());
        let conditions = ConditionTable::build(&experiment, &one_hot()).unwrap();
        let pairing = Arc::new(Pairing::new(&experiment, &conditions, &PairingConfig::default()).unwrap());
        let draw = Draw {
            split: Split::Train,
            batch: 16,
            seed: 1,
        };
        let prefetch = Prefetch {
            threads: 2,
            batches: 4,
        };
        let mut loader = Loader::start(&cache, &pairing, draw, 0, prefetch).unwrap();
        for _ in 0..12 {
            assert_eq!(loader.next().unwrap().control.len(), 16 * 5 * 96 * 96);
        }
        // Other tests run beside this one, so this is an upper bound; some 100 MB are its own.
        let grown = own_memory().saturating_sub(before);
        assert!(grown < 1 << 30, "{grown} bytes");
    }
}
