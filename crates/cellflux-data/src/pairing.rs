//! Which control a treated image starts from: one of the same batch and the same split, drawn uniformly, so
//! that what differs between the two is the treatment and not the plate (the paper's batch-wise pairing).

use std::collections::HashMap;

use serde::Serialize;

use crate::random::{Purpose, below, stream};

use crate::conditions::ConditionTable;
use crate::config::{DataConfig, DrawConfig, PairingConfig, WithoutControl};
use crate::entry::{Entry, Split};
use crate::error::DataError;
use crate::experiment::Experiment;
use crate::mixture::Mixture;
use crate::titles::Titles;

/// The samples of every split with their pools of controls.
#[derive(Clone, Debug)]
pub struct Pairing {
    splits: Vec<Samples>,
    titles: Titles,
}

/// One sample: a control, the treated image that it is paired with, and the row of the condition table.
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
    /// Controls that are targets of a share of the draws, numbered behind the list.
    targets: Vec<Sample>,
    mixture: Mixture,
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
    /// Pairs every split. Controls come from the treated image's own split; for held-out compounds, of which
    /// training sees no treated image, from all splits.
    ///
    /// # Errors
    /// [`DataError::NoControl`] for a batch without control unless the configuration allows that, or a split
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

    /// Pairs every split as [`Pairing::new`] does, for training draws as `[data.draw]` says.
    ///
    /// # Errors
    /// As [`Pairing::new`]; [`DataError::Config`] for impossible draws.
    pub fn configured(
        experiment: &Experiment,
        conditions: &ConditionTable,
        config: &DataConfig,
    ) -> Result<Self, DataError> {
        let draw = config.draw;
        draw.validate(&config.pairing)?;
        let mut pairing = Self::new(experiment, conditions, &config.pairing)?;
        if let Some(samples) = pairing.splits.get_mut(Split::Train as usize) {
            samples.draw_as(experiment, conditions, draw)?;
        }
        Ok(pairing)
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
            found: format!("usable: {}{}", others.join(", "), self.setting(split)),
        })
    }

    /// The position of the sample that the `number`-th training draw of a split is; none where it is the next
    /// of the epoch's order. A pure function of its arguments.
    pub(crate) fn drawn(&self, split: Split, seed: u64, number: u64) -> Option<usize> {
        self.samples(split).mixture.draw(seed, number)
    }

    /// The sample at position `sample` of a split, with a control drawn for the `number`-th time; none beyond
    /// the split's end. Behind the samples of an epoch are the controls that are targets of a share of the
    /// draws. A pure function of its arguments.
    pub fn pair(&self, split: Split, sample: usize, seed: u64, number: u64) -> Option<Pair> {
        let samples = self.samples(split);
        let behind = |sample: usize| samples.targets.get(sample.checked_sub(samples.list.len())?);
        let sample = samples.list.get(sample).or_else(|| behind(sample))?;
        let pool = samples.pools.get(sample.pool as usize)?;
        let mut random = stream(seed, Purpose::Control, number, 0);
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

    /// The rows of the [`ConditionTable`] for which a split has samples, those of controls that are targets
    /// of a share of the draws included.
    pub fn conditions(&self, split: Split) -> impl Iterator<Item = u32> + '_ {
        let samples = self.samples(split);
        let all = samples.list.iter().chain(&samples.targets);
        all.map(|sample| sample.condition)
    }

    /// Where a table's values become this split, as the end of a sentence.
    fn setting(&self, split: Split) -> String {
        // Held-out compounds are named, and a drawn experiment has no table.
        if split == Split::HeldOut || !self.titles.table.is_file() {
            return String::new();
        }
        let rule = match split {
            Split::Validation => {
                ", or draws it from another split, for example validation = { from = \"train\", \
                by = \"WELL\", share = 0.05 }"
            }
            _ => "",
        };
        format!(
            "; [data.split] says which values of {} are {split}, for example {split} = [\"test\"]{rule}",
            self.titles.split
        )
    }

    fn samples(&self, split: Split) -> &Samples {
        static NONE: Samples = Samples {
            list: Vec::new(),
            targets: Vec::new(),
            mixture: Mixture::NONE,
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

impl Samples {
    /// Lets training draw as `draw` says.
    fn draw_as(
        &mut self,
        experiment: &Experiment,
        conditions: &ConditionTable,
        draw: DrawConfig,
    ) -> Result<(), DataError> {
        let entries = experiment.entries();
        if draw.controls > 0.0 {
            self.targets = self.control_targets(experiment, conditions)?;
            if self.targets.is_empty() {
                return Err(DataError::config(
                    "data.draw.controls",
                    draw.controls,
                    "0, since no batch of the train split has two controls",
                ));
            }
        }
        let compounds: Vec<u32> = self
            .list
            .iter()
            .filter_map(|sample| entries.get(sample.entry as usize))
            .map(|entry| entry.compound)
            .collect();
        self.mixture = Mixture::new(draw, &compounds, self.targets.len());
        Ok(())
    }

    /// The controls that can start from another control of their batch, as targets.
    fn control_targets(
        &self,
        experiment: &Experiment,
        conditions: &ConditionTable,
    ) -> Result<Vec<Sample>, DataError> {
        let batches = 0..experiment.batches().len();
        let mut targets = Vec::new();
        // The last pool is that of all batches.
        for (batch, pool) in batches.zip(&self.pools).filter(|(_, pool)| pool.len() > 1) {
            for &control in pool {
                let Some(entry) = experiment.entries().get(control as usize) else {
                    continue;
                };
                let condition = conditions.row_of(entry);
                targets.push(Sample {
                    entry: control,
                    condition: condition.ok_or_else(|| ConditionTable::missing(experiment, entry))?,
                    pool: batch as u32,
                });
            }
        }
        Ok(targets)
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
    Ok(Samples {
        list,
        pools,
        counts,
        ..Samples::default()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::config::ConditionsConfig;
    use crate::fixtures::{Folder, one_hot, without_control};

    fn paired(folder: &Folder, config: &PairingConfig) -> Result<(Experiment, Pairing), DataError> {
        let experiment = folder.read()?;
        let conditions = ConditionTable::build(&experiment, &one_hot())?;
        let pairing = Pairing::new(&experiment, &conditions, config)?;
        Ok((experiment, pairing))
    }

    /// Batch B has treated cells and no control in training.
    fn lonely() -> Folder {
        let folder = Folder::usual();
        folder.edit("b0.png,train,0", "b0.png,val,0");
        folder
    }

    #[test]
    fn controls_are_drawn_uniformly_from_the_own_batch_and_split() {
        let (experiment, pairing) = paired(&Folder::usual(), &PairingConfig::default()).unwrap();
        assert_eq!(
            (pairing.len(Split::Train), pairing.len(Split::Validation)),
            (3, 1)
        );
        let mut counts = [0u32; 8];
        for number in 0..4000 {
            let pair = pairing.pair(Split::Train, 0, 11, number).unwrap();
            assert_eq!(
                (pair.treated, experiment.entries()[pair.control as usize].batch),
                (2, 0)
            );
            counts[pair.control as usize] += 1;
        }
        // Two controls: binomial with mean 2000 and standard deviation 32; five of those.
        assert_eq!(counts[0] + counts[1], 4000);
        assert!(counts[0].abs_diff(2000) < 160, "{counts:?}");
        // The only control of batch B's validation is b2, though training has b0.
        assert_eq!(pairing.pair(Split::Validation, 0, 11, 0).unwrap().control, 6);
        assert_eq!(pairing.pair(Split::Validation, 1, 11, 0), None);
    }

    #[test]
    fn a_batch_without_control_is_an_error_skipped_or_given_any_and_counted() {
        let error = paired(&lonely(), &without_control(WithoutControl::Error))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(
                "line 7, column BATCH: batch B has 1 treated images and no control in the train split (1 \
                such batches in all)"
            ),
            "{error}"
        );
        let (_, skipped) = paired(&lonely(), &without_control(WithoutControl::Skip)).unwrap();
        let counts = |samples| PairingCounts {
            samples,
            without_control: 1,
            batches_without_control: 1,
            without_vector: 0,
        };
        assert_eq!(skipped.counts(Split::Train), &counts(2));
        let (experiment, any) = paired(&lonely(), &without_control(WithoutControl::Any)).unwrap();
        assert_eq!(any.counts(Split::Train), &counts(3));
        let controls: HashSet<u32> = (0..100)
            .map(|number| any.pair(Split::Train, 2, 1, number).unwrap().control)
            .collect();
        assert_eq!(controls, HashSet::from([0, 1]));
        assert_eq!(experiment.entries()[0].split, Split::Train);
    }

    #[test]
    fn held_out_compounds_are_paired_with_controls_of_every_split() {
        let folder = Folder::usual();
        let mut config = folder.config();
        config.held_out = vec!["benzene".into()];
        let experiment = crate::read_experiment(&config).unwrap();
        let conditions = ConditionTable::build(&experiment, &one_hot()).unwrap();
        let pairing = Pairing::new(&experiment, &conditions, &config.pairing).unwrap();
        assert_eq!((pairing.len(Split::Train), pairing.len(Split::HeldOut)), (2, 2));
        let controls: HashSet<u32> = (0..100)
            .map(|number| pairing.pair(Split::HeldOut, 0, 1, number).unwrap().control)
            .collect();
        assert_eq!(controls, HashSet::from([4, 6]));
        let error = pairing.require(Split::Validation).unwrap_err().to_string();
        assert!(
            error.contains(
                "column SPLIT: no treated image with a control and a vector in the validation split"
            )
        );
    }

    #[test]
    fn learnt_controls_start_from_another_control() {
        let config = PairingConfig {
            learn_controls: true,
            ..PairingConfig::default()
        };
        let (experiment, pairing) = paired(&Folder::usual(), &config).unwrap();
        assert_eq!(pairing.len(Split::Train), 6);
        for number in 0..50 {
            // a0 and a1 are each other's only choice; b0 has only itself.
            for (sample, treated, control) in [(0, 0, 1), (1, 1, 0), (4, 4, 4)] {
                let pair = pairing.pair(Split::Train, sample, 3, number).unwrap();
                assert_eq!((pair.treated, pair.control), (treated, control));
            }
        }
        // A control without a vector cannot be learnt.
        let folder = Folder::usual();
        for _ in 0..4 {
            folder.edit("CS(=O)C", "");
        }
        let experiment_without = folder.read().unwrap();
        let morgan = ConditionTable::build(&experiment_without, &ConditionsConfig::default()).unwrap();
        let error = Pairing::new(&experiment_without, &morgan, &config)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2, column CPD_NAME: compound DMSO has no vector"),
            "{error}"
        );
        assert_eq!(experiment.entries().len(), 8);
    }

    #[test]
    fn a_share_of_the_draws_has_a_control_as_target_from_another_control_of_its_batch() {
        let folder = Folder::usual();
        let mut config = folder.config();
        config.draw.controls = 0.25;
        let experiment = folder.read().unwrap();
        let conditions = ConditionTable::build(&experiment, &one_hot()).unwrap();
        let plain = Pairing::new(&experiment, &conditions, &config.pairing).unwrap();
        let pairing = Pairing::configured(&experiment, &conditions, &config).unwrap();
        // An epoch is that of the treated cells, as without the share.
        assert_eq!(pairing.len(Split::Train), plain.len(Split::Train));
        let draws = 8000;
        let mut targets = 0.0;
        for number in 0..draws {
            let Some(sample) = pairing.drawn(Split::Train, 4, number) else {
                continue;
            };
            targets += 1.0;
            let pair = pairing.pair(Split::Train, sample, 4, number).unwrap();
            // a0 and a1 are each other's only choice; b0 is alone and no target.
            assert!(
                matches!((pair.treated, pair.control), (0, 1) | (1, 0)),
                "{pair:?}"
            );
            assert_eq!(
                pair.condition,
                conditions.row_of(&experiment.entries()[0]).unwrap()
            );
        }
        // Binomial with mean 2000 and standard deviation 39; five of those.
        assert!((targets - 2000.0f64).abs() < 194.0, "{targets}");
        let dmso = conditions.row_of(&experiment.entries()[0]).unwrap();
        assert!(pairing.conditions(Split::Train).any(|row| row == dmso));
        assert!(!plain.conditions(Split::Train).any(|row| row == dmso));
        assert!((0..100).all(|number| pairing.drawn(Split::Validation, 4, number).is_none()));
    }

    #[test]
    fn draws_that_cannot_be_are_refused_by_their_key() {
        let folder = Folder::usual();
        let refused = |controls, learn_controls| {
            let mut config = folder.config();
            config.draw.controls = controls;
            config.pairing.learn_controls = learn_controls;
            let experiment = folder.read().unwrap();
            let conditions = ConditionTable::build(&experiment, &one_hot()).unwrap();
            let refused = Pairing::configured(&experiment, &conditions, &config).unwrap_err();
            refused.to_string()
        };
        for share in [1.0, -0.1, f64::NAN] {
            let message = refused(share, false);
            assert!(message.starts_with("data.draw.controls is "), "{message}");
        }
        assert!(refused(0.1, true).contains("0 with data.pairing.learn_controls"));
        folder.edit("a1.png,train", "a1.png,test");
        assert!(refused(0.1, false).contains("no batch of the train split has two controls"));
    }
}
