//! Which control a treated image starts from: one of the same batch and the same split, drawn uniformly, so that what differs
//! between the two is the treatment and not the plate (the paper's batch-wise pairing).

use std::collections::HashMap;

use serde::Serialize;

use super::conditions::ConditionTable;
use super::config::{PairingConfig, WithoutControl};
use super::error::DataError;
use super::experiment::{Entry, Experiment, Split, Titles};
use super::random::{Purpose, below, stream};

/// The samples of every split with their pools of controls.
#[derive(Clone, Debug)]
pub struct Pairing {
    splits: Vec<Samples>,
    titles: Titles,
}

/// One sample: a control, what it becomes, and the row of the condition table that says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The control image's number.
    pub control: u32,
    /// The treated image's number.
    pub treated: u32,
    /// Row of the [`ConditionTable`].
    pub condition: u32,
}

/// What pairing made of a split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PairingCounts {
    /// Treated images that have a control and a vector: the samples of an epoch.
    pub samples: usize,
    /// Treated images whose batch has no control in this split.
    pub without_control: usize,
    /// Batches of which that is so.
    pub batches_without_control: usize,
    /// Treated images whose compound has no vector; left out.
    pub without_vector: usize,
}

#[derive(Clone, Debug, Default)]
struct Samples {
    list: Vec<Sample>,
    /// Controls to draw from.
    pools: Vec<Vec<u32>>,
    counts: PairingCounts,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    entry: u32,
    condition: u32,
    pool: u32,
}

impl Pairing {
    /// Pairs every split. Controls come from the treated image's own split; for held-out compounds, of which training sees
    /// no treated image, from all splits.
    ///
    /// # Errors
    /// [`DataError::NoControl`] for a batch without control where the configuration does not say otherwise, or a split
    /// without any; [`DataError::NoVector`] where controls are to be learnt and theirs is missing.
    pub fn new(
        experiment: &Experiment,
        conditions: &ConditionTable,
        config: &PairingConfig,
    ) -> Result<Self, DataError> {
        let splits = Split::ALL
            .iter()
            .map(|&split| samples(experiment, conditions, config, split))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            splits,
            titles: experiment.titles.clone(),
        })
    }

    /// Samples in one epoch of a split.
    pub fn len(&self, split: Split) -> usize {
        self.samples(split).list.len()
    }

    /// Whether a split has no sample.
    pub fn is_empty(&self, split: Split) -> bool {
        self.len(split) == 0
    }

    /// What pairing made of a split.
    pub fn counts(&self, split: Split) -> &PairingCounts {
        &self.samples(split).counts
    }

    /// Refuses a split without samples.
    ///
    /// # Errors
    /// [`DataError::Nothing`] naming the table and its column of splits.
    pub fn require(&self, split: Split) -> Result<(), DataError> {
        if !self.is_empty(split) {
            return Ok(());
        }
        let others: Vec<String> = Split::ALL
            .iter()
            .map(|&other| format!("{} {other}", self.len(other)))
            .collect();
        Err(DataError::Nothing {
            file: self.titles.table.clone(),
            column: self.titles.split.clone(),
            what: format!("no treated image with a control and a vector in the {split} split"),
            found: format!("usable: {}", others.join(", ")),
        })
    }

    /// The sample at position `sample` of a split, with a control drawn for the `number`-th time; none beyond the split's
    /// end. A pure function of its arguments.
    pub fn pair(&self, split: Split, sample: usize, seed: u64, number: u64) -> Option<Pair> {
        let samples = self.samples(split);
        let sample = samples.list.get(sample)?;
        let pool = samples.pools.get(sample.pool as usize)?;
        let mut random = stream(seed, Purpose::Control, number);
        // A control that is learnt itself starts from another one, where there is another.
        let own = pool.binary_search(&sample.entry).ok().filter(|_| pool.len() > 1);
        let drawn = match own {
            None => below(&mut random, pool.len() as u64) as usize,
            Some(own) => {
                let drawn = below(&mut random, pool.len() as u64 - 1) as usize;
                drawn + usize::from(drawn >= own)
            }
        };
        Some(Pair {
            control: *pool.get(drawn)?,
            treated: sample.entry,
            condition: sample.condition,
        })
    }

    fn samples(&self, split: Split) -> &Samples {
        static NONE: Samples = Samples {
            list: Vec::new(),
            pools: Vec::new(),
            counts: PairingCounts {
                samples: 0,
                without_control: 0,
                batches_without_control: 0,
                without_vector: 0,
            },
        };
        self.splits.get(split as usize).unwrap_or(&NONE)
    }
}

fn samples(
    experiment: &Experiment,
    conditions: &ConditionTable,
    config: &PairingConfig,
    split: Split,
) -> Result<Samples, DataError> {
    let mut pools: Vec<Vec<u32>> = vec![Vec::new(); experiment.batches().len()];
    let mut all = Vec::new();
    let is_control = |entry: &Entry| !entry.treated && (split == Split::HeldOut || entry.split == split);
    for (number, entry) in (0u32..).zip(experiment.entries()) {
        if is_control(entry) {
            all.push(number);
            if let Some(pool) = pools.get_mut(entry.batch as usize) {
                pool.push(number);
            }
        }
    }
    let any = pools.len() as u32;
    let has_any = !all.is_empty();
    pools.push(all);

    let mut list = Vec::new();
    let mut counts = PairingCounts::default();
    // Batches without control: the first image's line, and how many images.
    let mut alone: HashMap<u32, (u32, usize)> = HashMap::new();
    for (number, entry) in (0u32..).zip(experiment.entries()) {
        let learnt = entry.treated || config.learn_controls;
        if entry.split != split || !learnt {
            continue;
        }
        let Some(condition) = conditions.row_of(entry) else {
            if !entry.treated {
                return Err(ConditionTable::missing(experiment, entry));
            }
            counts.without_vector += 1;
            continue;
        };
        let own = pools
            .get(entry.batch as usize)
            .is_some_and(|pool| !pool.is_empty());
        let pool = if own {
            entry.batch
        } else {
            counts.without_control += 1;
            alone.entry(entry.batch).or_insert((entry.line, 0)).1 += 1;
            if config.without_control == WithoutControl::Any && has_any {
                any
            } else {
                continue;
            }
        };
        list.push(Sample {
            entry: number,
            condition,
            pool,
        });
    }
    counts.batches_without_control = alone.len();
    counts.samples = list.len();
    let refuse = match config.without_control {
        WithoutControl::Error => true,
        WithoutControl::Skip => false,
        WithoutControl::Any => !has_any,
    };
    if refuse && let Some((&batch, &(line, treated))) = alone.iter().min_by_key(|(_, (line, _))| *line) {
        return Err(DataError::NoControl {
            place: Box::new(experiment.titles.place(&experiment.titles.batch, line)),
            batch: experiment
                .batches()
                .get(batch as usize)
                .cloned()
                .unwrap_or_default(),
            split: split.to_string(),
            treated,
            batches: alone.len(),
        });
    }
    Ok(Samples { list, pools, counts })
}
