//! Finding the fastest tile of every convolution on this adapter, one candidate at a time.
//!
//! The caller decides when: each [`Tuner::step`] compiles, checks and times one tile at one site and returns,
//! so that nobody waits for more than one candidate before the device is free. A candidate's time counts only
//! if it computes what the default computes. What was found is a [`StoredTiles`], which grows site by site
//! and can be kept at any moment.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;

use crate::{AdapterReport, Gpu, GpuError, Plan, Probe, Site, StoredTiles, Tile, Tuning};

/// A candidate replaces the default only if it takes at most this part of its time: a smaller gain is within
/// a timing's noise.
const FASTER: f64 = 0.95;
/// Sites with less than this part of an evaluation's operations keep the defaults.
const SHARE: f64 = 0.01;
/// Seconds that one timing takes: runs that are shorter are repeated.
const TIMING: f64 = 0.01;
/// A run longer than this many seconds is timed by itself.
const LONG_RUN: f64 = 0.05;
/// Runs of one timing at most.
const MOST_RUNS: f64 = 256.0;

/// How much a tuner may do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Seconds that all steps may take together; the step that is running when they are over is the last.
    pub budget: f64,
    /// Seconds that one run of a site may take, estimated from the evaluation's pace; slower sites keep the
    /// defaults.
    pub longest_run: f64,
}

impl Effort {
    /// What is reasonable while somebody works on this adapter, who may have to wait for a candidate: a few
    /// runs of at most 100 ms, mostly of a few ms. A software adapter computes on the cores that the page
    /// itself needs, so only cheap sites are tuned there: sites whose run takes at most 50 ms.
    pub fn of(adapter: &AdapterReport) -> Self {
        if adapter.software {
            Self {
                budget: 10.0,
                longest_run: 0.05,
            }
        } else {
            Self {
                budget: 20.0,
                longest_run: 0.1,
            }
        }
    }
}

/// One tile's run at a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What it computed.
    pub output: Vec<f32>,
    /// Seconds of a run.
    pub seconds: f64,
}

/// Runs and times the candidates: the device does, or in a test made-up figures.
pub trait Trials {
    /// Runs a tile at a site. A first run of more than `hopeless` seconds needs no better timing.
    ///
    /// # Errors
    /// What the device reports, a shader that does not compile included.
    fn run(&mut self, site: Site, tile: Tile, hopeless: f64)
    -> impl Future<Output = Result<Trial, GpuError>>;

    /// Seconds since any moment.
    fn now(&self) -> f64;
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub enum Tried {
    /// It computes the right output, in `seconds`.
    Timed {
        /// Where.
        site: Site,
        /// Which.
        tile: Tile,
        /// Seconds of a run.
        seconds: f64,
    },
    /// It does not count.
    Refused {
        /// Where.
        site: Site,
        /// Which.
        tile: Tile,
        /// Why, in words.
        reason: String,
    },
}

/// One line for people.
impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timed { site, tile, seconds } => write!(f, "{site}, {tile}: {:.3} ms", seconds * 1e3),
            Self::Refused { site, tile, reason } => write!(f, "{site}, {tile} is refused: {reason}"),
        }
    }
}

/// The candidates of one site, and the best so far.
#[derive(Debug)]
struct Race {
    site: Site,
    /// What every candidate must compute.
    expected: Vec<f32>,
    /// Seconds of the default.
    standard: f64,
    best: (Tile, f64),
    waiting: VecDeque<Tile>,
}

/// A search under way.
#[derive(Debug)]
pub struct Tuner {
    defaults: Tuning,
    stored: StoredTiles,
    /// Sites that have not been measured yet, the most expensive first.
    waiting: VecDeque<Site>,
    race: Option<Race>,
    budget: f64,
}

impl Tuner {
    /// Goes on from what is `stored`, for the sites of `plan`. `evaluation` is the seconds that an evaluation
    /// of the plan takes with the defaults, with which sites that are too slow are left out.
    pub fn new(plan: &Plan, defaults: Tuning, stored: StoredTiles, effort: Effort, evaluation: f64) -> Self {
        let total = plan.flops();
        let images = plan.images();
        let mut sites: Vec<_> = plan
            .sites()
            .iter()
            .filter(|(site, flops)| {
                let run = evaluation * site.flops(images) / total;
                !stored.contains(site) && **flops >= SHARE * total && run <= effort.longest_run
            })
            .collect();
        sites.sort_by(|a, b| b.1.total_cmp(a.1));
        Self {
            defaults,
            stored,
            waiting: sites.into_iter().map(|(site, _)| *site).collect(),
            race: None,
            budget: effort.budget,
        }
    }

    /// What has been found so far.
    pub fn stored(&self) -> &StoredTiles {
        &self.stored
    }

    /// Sites that are still to be measured.
    pub fn remaining(&self) -> usize {
        self.waiting.len() + usize::from(self.race.is_some())
    }

    /// Tries one tile at one site; nothing when all sites are done or the budget is spent.
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`]; anything else that goes wrong is a reason to refuse the candidate.
    pub async fn step(&mut self, trials: &mut impl Trials) -> Result<Option<Tried>, GpuError> {
        if self.budget <= 0.0 {
            return Ok(None);
        }
        let began = trials.now();
        let tried = self.try_next(trials).await;
        self.budget -= trials.now() - began;
        tried
    }

    async fn try_next(&mut self, trials: &mut impl Trials) -> Result<Option<Tried>, GpuError> {
        if let Some(race) = &mut self.race {
            let tried = race.try_next(trials).await?;
            if race.waiting.is_empty() {
                self.stored.insert(race.site, race.best.0);
                self.race = None;
            }
            return Ok(tried);
        }
        let Some(site) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let tile = self.defaults.tile(&site);
        let trial = match trials.run(site, tile, f64::INFINITY).await {
            Ok(trial) => trial,
            Err(error) => return refused(site, tile, error).map(Some),
        };
        let mut waiting: VecDeque<_> = self.defaults.candidates(&site).into();
        waiting.retain(|candidate| *candidate != tile);
        let seconds = trial.seconds;
        if waiting.is_empty() {
            self.stored.insert(site, tile);
        } else {
            self.race = Some(Race {
                site,
                expected: trial.output,
                standard: seconds,
                best: (tile, seconds),
                waiting,
            });
        }
        Ok(Some(Tried::Timed { site, tile, seconds }))
    }
}

impl Race {
    async fn try_next(&mut self, trials: &mut impl Trials) -> Result<Option<Tried>, GpuError> {
        let Some(tile) = self.waiting.pop_front() else {
            return Ok(None);
        };
        let site = self.site;
        let Trial { output, seconds } = match trials.run(site, tile, 2.0 * self.best.1).await {
            Ok(trial) => trial,
            Err(error) => return refused(site, tile, error).map(Some),
        };
        let error = Probe::distance(&output, &self.expected);
        let bound = Probe::rounding(site.precision);
        // Written so that a distance or a time that is NaN counts as wrong.
        let right = error <= bound;
        if !right {
            let reason =
                format!("its output is {error:.1e} from the default's, expected at most {bound:.0e}");
            return Ok(Some(Tried::Refused { site, tile, reason }));
        }
        if seconds < self.best.1 && seconds <= FASTER * self.standard {
            self.best = (tile, seconds);
        }
        Ok(Some(Tried::Timed { site, tile, seconds }))
    }
}

/// A candidate that cannot run is refused; without the device the search ends.
fn refused(site: Site, tile: Tile, error: GpuError) -> Result<Tried, GpuError> {
    if matches!(error, GpuError::DeviceLost { .. }) {
        return Err(error);
    }
    let reason = error.to_string();
    Ok(Tried::Refused { site, tile, reason })
}

/// Trials on a device.
#[derive(Clone, Debug)]
pub struct DeviceTrials<C> {
    gpu: Gpu,
    images: u32,
    clock: C,
}

impl<C: Fn() -> f64> DeviceTrials<C> {
    /// Trials with this many images at once. `clock` gives seconds since an arbitrary moment; the crate
    /// itself has no clock that works everywhere.
    pub fn new(gpu: &Gpu, images: u32, clock: C) -> Self {
        Self {
            gpu: gpu.clone(),
            images,
            clock,
        }
    }

    /// Seconds of `runs` runs, one after the other.
    async fn seconds(&self, probe: &Probe, runs: f64) -> Result<f64, GpuError> {
        let began = (self.clock)();
        probe.run(runs as usize).await?;
        Ok((self.clock)() - began)
    }
}

impl<C: Fn() -> f64> Trials for DeviceTrials<C> {
    async fn run(&mut self, site: Site, tile: Tile, hopeless: f64) -> Result<Trial, GpuError> {
        let probe = Probe::new(&self.gpu, site, self.images, tile).await?;
        // Reading it back warms the device up.
        let output = probe.output().await?;
        let mut seconds = self.seconds(&probe, 1.0).await?;
        if seconds > hopeless {
            return Ok(Trial { output, seconds });
        }
        if seconds > LONG_RUN {
            seconds = seconds.min(self.seconds(&probe, 1.0).await?);
            return Ok(Trial { output, seconds });
        }
        // Waiting for a single run may take longer than the run itself: with more runs per wait it counts
        // less.
        for _ in 0..3 {
            let runs = (TIMING / seconds).ceil().clamp(1.0, MOST_RUNS);
            seconds = seconds.min(self.seconds(&probe, runs).await? / runs);
        }
        Ok(Trial { output, seconds })
    }

    fn now(&self) -> f64 {
        (self.clock)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Precision;
    use cellflux_bundle::config::UNetConfig;
    use std::collections::BTreeMap;

    /// Made-up trials: every trial takes a second of the clock, and reports the time that the test gave it.
    #[derive(Default)]
    struct MadeUp {
        clock: f64,
        seconds: BTreeMap<String, f64>,
        wrong: BTreeMap<String, f32>,
        failing: Option<(String, GpuError)>,
        asked: Vec<(Site, Tile)>,
    }

    impl Trials for MadeUp {
        async fn run(&mut self, site: Site, tile: Tile, _: f64) -> Result<Trial, GpuError> {
            self.clock += 1.0;
            self.asked.push((site, tile));
            let name = tile.to_string();
            if let Some((failing, error)) = &self.failing
                && *failing == name
            {
                return Err(error.clone());
            }
            let output = vec![1.0, 2.0, self.wrong.get(&name).copied().unwrap_or(3.0)];
            let seconds = self.seconds.get(&name).copied().unwrap_or(1.0);
            Ok(Trial { output, seconds })
        }

        fn now(&self) -> f64 {
            self.clock
        }
    }

    fn plan() -> Plan {
        let config = UNetConfig::preset("tiny").unwrap();
        Plan::new(&config, [64, 64], 2, Precision::F32, &Tuning::default()).unwrap()
    }

    const PATIENT: Effort = Effort {
        budget: 1e9,
        longest_run: 1e9,
    };

    fn tune(trials: &mut MadeUp, stored: StoredTiles, effort: Effort) -> (StoredTiles, Vec<Tried>) {
        let mut tuner = Tuner::new(&plan(), Tuning::default(), stored, effort, 1.0);
        let mut tried = Vec::new();
        while let Some(each) = pollster::block_on(tuner.step(trials)).unwrap() {
            tried.push(each);
        }
        (tuner.stored().clone(), tried)
    }

    fn named<T: Clone>(pairs: &[(&str, T)]) -> BTreeMap<String, T> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    }

    /// The tile that was stored at every site where `tile` is a candidate.
    fn where_possible(stored: &StoredTiles, tile: &str) -> Vec<Tile> {
        let tile: Tile = tile.parse().unwrap();
        let (defaults, tuned) = (Tuning::default(), stored.tuning(&Tuning::default()));
        let plan = plan();
        let sites = plan
            .sites()
            .keys()
            .filter(|site| stored.contains(site) && defaults.candidates(site).contains(&tile));
        let found: Vec<_> = sites.map(|site| tuned.tile(site)).collect();
        assert!(!found.is_empty());
        found
    }

    #[test]
    fn the_fastest_candidate_is_chosen_at_every_site() {
        let mut trials = MadeUp {
            seconds: named(&[("workgroup:8x16:8x2:4", 0.3), ("workgroup:8x8:4x1:4", 0.5)]),
            ..MadeUp::default()
        };
        let (stored, _) = tune(&mut trials, StoredTiles::new("x"), PATIENT);
        let chosen = where_possible(&stored, "workgroup:8x16:8x2:4");
        assert!(
            chosen
                .iter()
                .all(|tile| tile.to_string() == "workgroup:8x16:8x2:4"),
            "{chosen:?}"
        );
    }

    #[test]
    fn a_candidate_that_computes_something_else_is_never_chosen_however_fast() {
        for wrong in [3.001, f32::NAN, f32::INFINITY] {
            let mut trials = MadeUp {
                seconds: named(&[("workgroup:8x16:8x2:4", 0.1), ("registers:8x2", 0.5)]),
                wrong: named(&[("workgroup:8x16:8x2:4", wrong)]),
                ..MadeUp::default()
            };
            let (stored, tried) = tune(&mut trials, StoredTiles::new("x"), PATIENT);
            let chosen = where_possible(&stored, "registers:8x2");
            assert!(chosen.iter().all(|tile| tile.to_string() == "registers:8x2"));
            let wrong = |tried: &Tried| match tried {
                Tried::Refused { reason, .. } => reason.contains("from the default's"),
                Tried::Timed { .. } => false,
            };
            assert!(tried.iter().any(wrong));
        }
    }

    #[test]
    fn a_candidate_within_the_noise_or_without_a_time_leaves_the_default() {
        for seconds in [0.97, f64::NAN] {
            let mut trials = MadeUp {
                seconds: named(&[("registers:8x2", seconds)]),
                ..MadeUp::default()
            };
            let (stored, _) = tune(&mut trials, StoredTiles::new("x"), PATIENT);
            let (defaults, tuned) = (Tuning::default(), stored.tuning(&Tuning::default()));
            assert!(!stored.is_empty());
            for site in plan().sites().keys() {
                assert_eq!(tuned.tile(site), defaults.tile(site));
            }
        }
    }

    #[test]
    fn a_candidate_that_does_not_compile_is_refused_and_a_lost_device_ends_the_search() {
        let message = String::from("no");
        let error = GpuError::Shader {
            kernel: "convolution".into(),
            message: message.clone(),
        };
        let mut trials = MadeUp {
            seconds: named(&[("registers:8x2", 0.1)]),
            failing: Some(("registers:8x2".into(), error)),
            ..MadeUp::default()
        };
        let (stored, _) = tune(&mut trials, StoredTiles::new("x"), PATIENT);
        let chosen = where_possible(&stored, "workgroup:8x8:4x1:4");
        assert!(chosen.iter().all(|tile| tile.to_string() != "registers:8x2"));

        let lost = GpuError::DeviceLost { reason: message };
        trials.failing = Some(("registers:8x2".into(), lost.clone()));
        let mut tuner = Tuner::new(&plan(), Tuning::default(), StoredTiles::new("x"), PATIENT, 1.0);
        let error = loop {
            match pollster::block_on(tuner.step(&mut trials)) {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the search ended without the device"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, lost);
    }

    #[test]
    fn the_most_expensive_sites_come_first_and_the_budget_ends_the_search() {
        let mut trials = MadeUp::default();
        let effort = Effort {
            budget: 10.0,
            ..PATIENT
        };
        let (stored, tried) = tune(&mut trials, StoredTiles::new("x"), effort);
        // A second each.
        assert_eq!(tried.len(), 10);
        let plan = plan();
        let most = plan.sites().values().copied().fold(0.0, f64::max);
        assert!((plan.sites()[&trials.asked[0].0] - most).abs() < 1.0);
        assert!(stored.contains(&trials.asked[0].0));
        // A site that was begun and not finished is not stored.
        assert!(!stored.contains(&trials.asked[9].0));

        // The next search goes on where this one ended.
        let mut later = MadeUp::default();
        tune(&mut later, stored.clone(), PATIENT);
        assert_eq!(later.asked[0].0, trials.asked[9].0);
        assert!(later.asked.iter().all(|(site, _)| !stored.contains(site)));
    }

    #[test]
    fn sites_whose_run_takes_too_long_are_left_to_the_defaults() {
        let plan = plan();
        let effort = Effort {
            longest_run: 0.05,
            ..PATIENT
        };
        let mut trials = MadeUp::default();
        tune(&mut trials, StoredTiles::new("x"), effort);
        assert!(!trials.asked.is_empty());
        for (site, _) in &trials.asked {
            // An evaluation takes a second here.
            assert!(site.flops(2) / plan.flops() <= 0.05);
        }
        assert!(
            plan.sites()
                .keys()
                .any(|site| site.flops(2) / plan.flops() > 0.05)
        );
    }
}
