//! Batches for training: a batch here is what one step is given, not an experimental batch. Which images a
//! batch holds is a pure function of the seed and the batch's position in the run, so a resumed run sees what
//! an uninterrupted one would have seen; threads gather batches ahead of the step that needs them.
//!
//! Samples are numbered through the run: batch `p` of `n` holds the numbers `p n` to `p n + n - 1`, epochs
//! follow one another without a gap, and each epoch has an order of its own. Where `[data.draw]` balances
//! compounds or makes targets of controls, such a number is drawn for itself instead ([`crate::DrawConfig`]).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::random::{Purpose, order, stream};

use crate::cache::PackedCache;
use crate::config::Prefetch;
use crate::entry::Split;
use crate::error::DataError;
use crate::pairing::{Pair, Pairing};

/// A batch in host memory, coded bytes. Augmentation and the conversion to the model's range happen on the
/// device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostBatch {
    /// Control images, coded bytes `[N, C, H, W]`.
    pub control: Vec<u8>,
    /// Treated images, coded bytes `[N, C, H, W]`.
    pub treated: Vec<u8>,
    /// Rows of the condition table, `N` of them.
    pub conditions: Vec<u32>,
    /// The samples' image numbers and conditions, `N` of them.
    pub pairs: Vec<Pair>,
    /// Channels of an image.
    pub channels: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
}

impl HostBatch {
    /// Samples in the batch, `N`.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none, which is never so for a batch that was drawn.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The batch of the given pairs.
    ///
    /// # Errors
    /// [`DataError::Loader`] where pairs and cache belong to different experiments.
    pub fn of_pairs(cache: &PackedCache, pairs: Vec<Pair>) -> Result<Self, DataError> {
        collect(cache, Some(pairs), 0)
    }
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The split.
    pub split: Split,
    /// Samples a batch, `N`.
    pub batch: usize,
    /// Decides the orders and the controls.
    pub seed: u64,
}

/// Which batches of a run are gathered: all from one on, or every n-th where several processes share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The first one's position.
    pub first: u64,
    /// From each to the next, at least 1.
    pub every: u64,
}

impl From<u64> for Positions {
    fn from(first: u64) -> Self {
        Self { first, every: 1 }
    }
}

/// Threads that gather batches in order, ahead of need.
#[derive(Debug)]
pub struct Loader {
    /// One channel per thread; thread `k` of `T` gathers the batches `k`, `k + T`, ... of those asked for.
    ready: Vec<Receiver<Result<HostBatch, DataError>>>,
    threads: Vec<JoinHandle<()>>,
    positions: Positions,
    position: u64,
    waited: Duration,
}

impl Loader {
    /// Starts to gather batches at `positions`, whose first is the number of batches already drawn in this
    /// run.
    ///
    /// # Errors
    /// [`DataError::Nothing`] for a split without samples, [`DataError::Config`] for an empty batch or an
    /// impossible number of threads, [`DataError::Loader`] where no thread can be started.
    pub fn start(
        cache: &Arc<PackedCache>,
        pairing: &Arc<Pairing>,
        draw: Draw,
        positions: impl Into<Positions>,
        prefetch: Prefetch,
    ) -> Result<Self, DataError> {
        pairing.require(draw.split)?;
        let positions = positions.into();
        let Positions { first, every } = positions;
        let range = |field: &str, found: usize, most: usize| {
            if (1..=most).contains(&found) {
                return Ok(());
            }
            Err(DataError::config(field, found, format!("1 to {most}")))
        };
        range("batch size", draw.batch, 1 << 20)?;
        range("batches shared out", every as usize, 1 << 20)?;
        range("data.prefetch.threads", prefetch.threads, 64)?;
        range("data.prefetch.batches", prefetch.batches, 64)?;
        let mut loader = Self {
            ready: Vec::new(),
            threads: Vec::new(),
            positions,
            position: first,
            waited: Duration::ZERO,
        };
        for thread in 0..prefetch.threads as u64 {
            let (sender, receiver) = sync_channel(prefetch.batches);
            let mut batches = Batches::new(cache.clone(), pairing.clone(), draw);
            let positions = (first + thread * every..).step_by(prefetch.threads * every as usize);
            let handle = thread::Builder::new()
                .name(format!("loader {thread}"))
                .spawn(move || gather(&mut batches, positions, &sender))
                .map_err(|error| DataError::Loader {
                    position: first,
                    reason: error.to_string(),
                })?;
            loader.ready.push(receiver);
            loader.threads.push(handle);
        }
        Ok(loader)
    }

    /// The next batch; waits for it where it is not ready.
    ///
    /// # Errors
    /// [`DataError::Loader`] where the thread that gathers it is gone.
    #[allow(
        clippy::should_implement_trait,
        reason = "An endless stream that can fail is not an iterator: `for` would hide the error"
    )]
    pub fn next(&mut self) -> Result<HostBatch, DataError> {
        let began = Instant::now();
        let Positions { first, every } = self.positions;
        let thread = (self.position - first) / every % self.ready.len().max(1) as u64;
        let received = self
            .ready
            .get(thread as usize)
            .and_then(|ready| ready.recv().ok());
        self.waited += began.elapsed();
        let batch = received.unwrap_or_else(|| {
            Err(DataError::Loader {
                position: self.position,
                reason: "the thread that gathers it has ended".into(),
            })
        })?;
        self.position += every;
        Ok(batch)
    }

    /// The next batch's position: where all are gathered, the batches drawn in this run so far, those before
    /// [`Loader::start`] included.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Time that [`Loader::next`] has waited since the start.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        // Without receivers the threads' next `send` fails and they end.
        self.ready.clear();
        for thread in self.threads.drain(..) {
            // A thread that panicked has reported it already.
            let _ = thread.join();
        }
    }
}

fn gather(
    batches: &mut Batches,
    positions: impl Iterator<Item = u64>,
    sender: &SyncSender<Result<HostBatch, DataError>>,
) {
    for position in positions {
        let batch = batches.at(position);
        let last = batch.is_err();
        if sender.send(batch).is_err() || last {
            return;
        }
    }
}

/// The batches of a run, by position.
pub struct Batches {
    cache: Arc<PackedCache>,
    pairing: Arc<Pairing>,
    draw: Draw,
    /// The epoch whose order is at hand.
    epoch: Option<(u64, Vec<u32>)>,
}

impl Batches {
    /// Batches of a split.
    pub fn new(cache: Arc<PackedCache>, pairing: Arc<Pairing>, draw: Draw) -> Self {
        Self {
            cache,
            pairing,
            draw,
            epoch: None,
        }
    }

    /// The batch at a position: a pure function of the draw and the position.
    ///
    /// # Errors
    /// [`DataError::Nothing`] for a split without samples, [`DataError::Loader`] where cache and pairs belong
    /// to different experiments.
    pub fn at(&mut self, position: u64) -> Result<HostBatch, DataError> {
        self.pairing.require(self.draw.split)?;
        let samples = self.pairing.len(self.draw.split) as u64;
        let batch = self.draw.batch as u64;
        let first = position.checked_mul(batch).ok_or_else(|| DataError::Loader {
            position,
            reason: "the run is too long".into(),
        })?;
        let pairs = (first..first + batch)
            .map(|number| {
                let Draw { split, seed, .. } = self.draw;
                let sample = match self.pairing.drawn(split, seed, number) {
                    Some(sample) => sample,
                    None => *self.order(number / samples).get((number % samples) as usize)? as usize,
                };
                self.pairing.pair(split, sample, seed, number)
            })
            .collect();
        collect(&self.cache, pairs, position)
    }

    fn order(&mut self, epoch: u64) -> &[u32] {
        let current = self.epoch.take().filter(|(at, _)| *at == epoch);
        let drawn = || {
            let mut random = stream(self.draw.seed, Purpose::Order, epoch, 0);
            (epoch, order(self.pairing.len(self.draw.split), &mut random))
        };
        let (_, order) = self.epoch.insert(current.unwrap_or_else(drawn));
        order
    }
}

/// Fixed batches of a split for validation: every sample once, or `limit` evenly spread ones, in the table's
/// order, each with the same control every time. The last batch may be smaller.
pub fn fixed_batches<'a>(
    cache: &'a PackedCache,
    pairing: &'a Pairing,
    draw: Draw,
    limit: usize,
) -> impl Iterator<Item = Result<HostBatch, DataError>> + 'a {
    let samples = pairing.len(draw.split);
    let count = limit.min(samples);
    let batch = draw.batch.max(1);
    (0..count.div_ceil(batch)).map(move |position| {
        let numbers = position * batch..count.min((position + 1) * batch);
        let pairs = numbers
            .map(|number| {
                let sample = number * samples / count.max(1);
                pairing.pair(draw.split, sample, draw.seed, sample as u64)
            })
            .collect();
        collect(cache, pairs, position as u64)
    })
}

/// Copies a batch's images out of the cache.
fn collect(cache: &PackedCache, pairs: Option<Vec<Pair>>, position: u64) -> Result<HostBatch, DataError> {
    let lost = || DataError::Loader {
        position,
        reason: "the cache and the pairs belong to different experiments".into(),
    };
    let pairs = pairs.ok_or_else(lost)?;
    let [channels, height, width] = cache.shape();
    let bytes = pairs.len() * channels * height * width;
    let (mut control, mut treated) = (Vec::with_capacity(bytes), Vec::with_capacity(bytes));
    for pair in &pairs {
        control.extend_from_slice(cache.image(pair.control as usize).ok_or_else(lost)?);
        treated.extend_from_slice(cache.image(pair.treated as usize).ok_or_else(lost)?);
    }
    Ok(HostBatch {
        control,
        treated,
        conditions: pairs.iter().map(|pair| pair.condition).collect(),
        pairs,
        channels,
        height,
        width,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::sync::OnceLock;

    use super::*;
    use crate::experiment::Experiment;
    use crate::fixtures::{packed, synthetic};

    fn source(images: usize) -> (tempfile::TempDir, Arc<PackedCache>, Arc<Pairing>) {
        let dir = tempfile::tempdir().unwrap();
        let (_, cache, pairing) = packed(&synthetic(images), dir.path());
        (dir, Arc::new(cache), Arc::new(pairing))
    }

    fn draw(batch: usize, seed: u64) -> Draw {
        Draw {
            split: Split::Train,
            batch,
            seed,
        }
    }

    #[test]
    fn a_resumed_loader_gives_what_an_uninterrupted_one_would_have_given() {
        let (_dir, cache, pairing) = source(120);
        let start = |position, threads| {
            let prefetch = Prefetch { threads, batches: 3 };
            Loader::start(&cache, &pairing, draw(7, 5), position, prefetch).unwrap()
        };
        let mut whole = start(0, 3);
        // 120 images hold some 80 samples: 30 batches of 7 cross two ends of an epoch.
        let batches: Vec<HostBatch> = (0..30).map(|_| whole.next().unwrap()).collect();
        assert_eq!(whole.position(), 30);
        let mut resumed = start(11, 2);
        for batch in &batches[11..] {
            assert_eq!(&resumed.next().unwrap(), batch);
        }
        assert_eq!(resumed.position(), 30);
    }

    #[test]
    fn loaders_that_share_the_batches_out_give_together_what_one_gives() {
        let (_dir, cache, pairing) = source(120);
        let start = |positions: Positions, threads| {
            let prefetch = Prefetch { threads, batches: 2 };
            Loader::start(&cache, &pairing, draw(7, 5), positions, prefetch).unwrap()
        };
        let mut whole = start(Positions::from(4), 2);
        let mut shared: Vec<Loader> = (0..3)
            .map(|rank| {
                let positions = Positions {
                    first: 4 + rank,
                    every: 3,
                };
                start(positions, 1 + rank as usize)
            })
            .collect();
        for _ in 0..5 {
            for loader in &mut shared {
                assert_eq!(loader.next().unwrap(), whole.next().unwrap());
            }
        }
    }

    #[test]
    fn an_epoch_holds_every_sample_once_and_the_next_has_another_order() {
        let (_dir, cache, pairing) = source(120);
        let samples = pairing.len(Split::Train);
        let mut batches = Batches::new(cache, pairing, draw(samples, 1));
        let epoch = |batches: &mut Batches, number| -> Vec<u32> {
            let batch = batches.at(number).unwrap();
            batch.pairs.iter().map(|pair| pair.treated).collect()
        };
        let (first, second) = (epoch(&mut batches, 0), epoch(&mut batches, 1));
        assert_ne!(first, second);
        let sorted = |mut list: Vec<u32>| {
            list.sort_unstable();
            list.dedup();
            list
        };
        assert_eq!(sorted(first.clone()).len(), samples);
        assert_eq!(sorted(first), sorted(second));
    }

    #[test]
    fn a_batch_holds_the_bytes_of_its_pairs() {
        let (_dir, cache, pairing) = source(60);
        let batch = Batches::new(cache.clone(), pairing, draw(5, 2)).at(3).unwrap();
        let image = batch.channels * batch.height * batch.width;
        assert_eq!(
            (batch.len(), batch.control.len(), batch.treated.len()),
            (5, 5 * image, 5 * image)
        );
        for (index, pair) in batch.pairs.iter().enumerate() {
            let bytes = index * image..(index + 1) * image;
            assert_eq!(
                &batch.control[bytes.clone()],
                cache.image(pair.control as usize).unwrap()
            );
            assert_eq!(&batch.treated[bytes], cache.image(pair.treated as usize).unwrap());
            assert_eq!(batch.conditions[index], pair.condition);
        }
    }

    #[test]
    fn waiting_is_measured_and_a_dropped_loader_ends_its_threads() {
        let (_dir, cache, pairing) = source(40);
        let prefetch = Prefetch {
            threads: 2,
            batches: 1,
        };
        let mut loader = Loader::start(&cache, &pairing, draw(4, 0), 0, prefetch).unwrap();
        assert_eq!(loader.waited(), Duration::ZERO);
        loader.next().unwrap();
        assert!(loader.waited() > Duration::ZERO);
        drop(loader);
        // The threads have ended, so they no longer hold the cache.
        assert_eq!(Arc::strong_count(&cache), 1);
    }

    #[test]
    fn validation_is_the_same_pairs_every_time_and_a_limit_spreads_over_the_split() {
        let (_dir, cache, pairing) = source(200);
        let validation = Draw {
            split: Split::Validation,
            ..draw(4, 9)
        };
        let pairs = |limit| -> Vec<Pair> {
            fixed_batches(&cache, &pairing, validation, limit)
                .flat_map(|batch| batch.unwrap().pairs)
                .collect()
        };
        let all = pairs(usize::MAX);
        assert_eq!(all.len(), pairing.len(Split::Validation));
        assert_eq!(all, pairs(usize::MAX));
        let some = pairs(5);
        assert_eq!(some.len(), 5);
        assert!(some.iter().all(|pair| all.contains(pair)));
        assert!(some[4].treated > all[all.len() / 2].treated);
        assert_eq!(pairs(0), []);
    }

    #[test]
    fn an_empty_split_and_impossible_numbers_are_refused() {
        let (_dir, cache, pairing) = source(40);
        let start = |draw, prefetch| {
            Loader::start(&cache, &pairing, draw, 0, prefetch)
                .map(|_| ())
                .unwrap_err()
        };
        let held_out = Draw {
            split: Split::HeldOut,
            ..draw(4, 0)
        };
        let (train, validation) = (pairing.len(Split::Train), pairing.len(Split::Validation));
        assert_eq!(
            start(held_out, Prefetch::default()).to_string(),
            format!(
                "synthetic experiment: column SPLIT: no treated image with a control and a vector in the \
                held-out split, expected at least one; usable: {train} train, {validation} validation, 0 \
                test, 0 held-out"
            )
        );
        assert_eq!(
            start(draw(0, 0), Prefetch::default()).to_string(),
            "batch size is 0, expected 1 to 1048576"
        );
        let none = Prefetch {
            threads: 0,
            batches: 1,
        };
        assert_eq!(
            start(draw(1, 0), none).to_string(),
            "data.prefetch.threads is 0, expected 1 to 64"
        );
    }

    /// One small experiment for all cases.
    fn shared() -> &'static (Experiment, Arc<PackedCache>, Arc<Pairing>) {
        static SHARED: OnceLock<(Experiment, Arc<PackedCache>, Arc<Pairing>)> = OnceLock::new();
        SHARED.get_or_init(|| {
            // A mapping outlives its file's name.
            let dir = tempfile::tempdir().unwrap();
            let (experiment, cache, pairing) = packed(&synthetic(80), dir.path());
            (experiment, Arc::new(cache), Arc::new(pairing))
        })
    }

    proptest! {
        #[test]
        fn any_position_of_any_draw_is_a_pure_function_with_controls_of_the_same_batch(
            seed in any::<u64>(), position in 0u64..1_000_000_000, batch in 1usize..40,
        ) {
            let (experiment, cache, pairing) = shared();
            let at = |other: u64| {
                let mut batches = Batches::new(cache.clone(), pairing.clone(), draw(batch, seed));
                // What was drawn before leaves no trace.
                batches.at(other).unwrap();
                batches.at(position).unwrap()
            };
            let drawn = at(0);
            prop_assert_eq!(&drawn, &at(position.saturating_sub(3)));
            prop_assert_eq!(drawn.len(), batch);
            for pair in drawn.pairs {
                let entry = |number: u32| &experiment.entries()[number as usize];
                let (control, treated) = (entry(pair.control), entry(pair.treated));
                prop_assert!(!control.treated && treated.treated);
                prop_assert_eq!(control.batch, treated.batch);
                prop_assert_eq!((control.split, treated.split), (Split::Train, Split::Train));
            }
        }
    }
}
