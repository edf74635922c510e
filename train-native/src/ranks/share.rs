//! Which samples of a step fall to a process. The config says what a step holds, however many processes make
//! it: `accumulate` micro-batches of `batch` pairs. They are shared out whole as far as they go, and cut into
//! equal parts beyond that.

use cellflux_data::Positions;

use crate::TrainError;
use crate::config::TrainingConfig;
use crate::step::Part;

/// A process's share of every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Pairs a micro-batch of the config.
    whole: usize,
    /// Micro-batches a step of the config.
    step: usize,
    /// Processes that work at different micro-batches.
    among: usize,
    /// Processes that work at parts of the same micro-batch.
    parts: usize,
    /// This process, of all.
    rank: usize,
}

impl Share {
    /// That of process `rank` of `size`.
    ///
    /// # Errors
    /// [`TrainError::ConfigValue`] where a step cannot be shared out equally.
    pub fn new(training: &TrainingConfig, rank: usize, size: usize) -> Result<Self, TrainError> {
        let among = common_divisor(training.accumulate, size.max(1));
        let parts = size.max(1) / among;
        if !training.batch.is_multiple_of(parts) {
            return Err(TrainError::value(
                "training.batch",
                training.batch,
                format!(
                    "a multiple of {parts}, since {size} processes share {} micro-batches a step \
                     (training.accumulate); the processes divide the config's batch, they do not multiply it",
                    training.accumulate
                ),
            ));
        }
        Ok(Self {
            whole: training.batch,
            step: training.accumulate,
            among,
            parts,
            rank,
        })
    }

    /// Pairs that the process takes at once.
    pub fn batch(&self) -> usize {
        self.whole / self.parts
    }

    /// Processes that take parts of the same micro-batch.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// Micro-batches that the process takes in each step.
    pub fn micro_batches(&self) -> usize {
        self.step / self.among
    }

    /// The numbers, within a step, of the samples of the process's `own`-th micro-batch.
    pub fn part(&self, own: usize) -> Part {
        let micro_batch = own * self.among + self.rank % self.among;
        let first_of_whole = (micro_batch * self.whole) as u64;
        let cut = (self.rank / self.among * self.batch()) as u64;
        Part {
            micro_batch: first_of_whole,
            first: first_of_whole + cut,
        }
    }

    /// The positions of the process's batches in the run from after `step` steps on, in batches of
    /// [`Self::batch`].
    pub fn positions(&self, step: u64) -> Positions {
        let micro_batch = step * self.step as u64 + (self.rank % self.among) as u64;
        Positions {
            first: micro_batch * self.parts as u64 + (self.rank / self.among) as u64,
            every: (self.among * self.parts) as u64,
        }
    }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn training(batch: usize, accumulate: usize) -> TrainingConfig {
        TrainingConfig {
            batch,
            accumulate,
            ..TrainingConfig::default()
        }
    }

    #[test]
    fn every_sample_of_a_step_falls_to_one_process_however_many_there_are() {
        for (batch, accumulate, sizes) in [(8, 1, vec![1, 2, 4, 8]), (6, 4, vec![1, 2, 3, 4, 8, 12])] {
            let training = training(batch, accumulate);
            for size in sizes {
                let (mut in_step, mut in_run) = (Vec::new(), Vec::new());
                for rank in 0..size {
                    let share = Share::new(&training, rank, size).unwrap();
                    let own = share.batch() as u64;
                    assert_eq!(share.batch() * share.micro_batches() * size, batch * accumulate);
                    let Positions { first, every } = share.positions(5);
                    for number in 0..share.micro_batches() {
                        let part = share.part(number);
                        in_step.extend(part.first..part.first + own);
                        let whole = part.micro_batch..part.micro_batch + batch as u64;
                        assert!(whole.contains(&part.first));
                        let position = first + number as u64 * every;
                        in_run.extend(position * own..(position + 1) * own);
                    }
                }
                in_step.sort_unstable();
                in_run.sort_unstable();
                let step = (batch * accumulate) as u64;
                assert_eq!(in_step, (0..step).collect::<Vec<_>>(), "{size}");
                assert_eq!(in_run, (5 * step..6 * step).collect::<Vec<_>>(), "{size}");
            }
        }
    }

    #[test]
    fn whole_micro_batches_are_shared_out_before_one_is_cut() {
        // The public code's four processes with 32 pairs each.
        let training = training(32, 4);
        for rank in 0..4 {
            let share = Share::new(&training, rank, 4).unwrap();
            assert_eq!((share.batch(), share.micro_batches()), (32, 1));
            let part = share.part(0);
            assert_eq!(
                (part.first, part.micro_batch),
                (32 * rank as u64, 32 * rank as u64)
            );
        }
    }

    #[test]
    fn a_step_that_cannot_be_shared_out_equally_is_refused_with_the_divisor() {
        let message = Share::new(&training(3, 2), 0, 4).unwrap_err().to_string();
        assert!(
            message.contains("training.batch is 3, expected a multiple of 2, since 4 processes share 2"),
            "{message}"
        );
    }
}
