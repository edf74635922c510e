//! What one sampling and a sweep of them have in common: the command line, what it opened, and what is asked.

use cellflux_bundle::sampling::Sampling;
use cellflux_measure::sets::bootstrap::Plan as Bootstrap;
use cellflux_train::evaluate::cells::{Cells, Choice};
use cellflux_train::evaluate::generate::Shard;
use cellflux_train::evaluate::question::{Images, Question};
use cellflux_train::evaluate::spaces::Extractor;
use cellflux_train::ranks::Ranks;

use super::{Args, Opened};

/// What is to be evaluated.
pub struct Task<'a> {
    /// The command line.
    pub args: &'a Args,
    /// What it names.
    pub opened: &'a Opened,
    /// Which cells were asked for.
    pub choice: Choice,
    /// The cells.
    pub cells: &'a Cells,
    /// The spaces in which distances are measured.
    pub spaces: &'a [Extractor],
    /// The processes that generate.
    pub ranks: &'a Ranks,
}

impl<'a> Task<'a> {
    /// The sampling: as the bundle recommends, but for what the command line says.
    pub fn sampling(&self) -> Sampling {
        let recommended = &self.opened.subject.bundle.manifest.sampling;
        self.args.sampling.over(recommended)
    }

    /// The cells that fall to this process.
    pub fn shard(&self) -> Shard {
        self.args.shard.unwrap_or(Shard {
            index: self.ranks.rank(),
            count: self.ranks.size(),
        })
    }

    /// The question about sets of generated cells, without walks of shared controls and training images.
    pub fn question(&self, sets: &'a [Images], sampling: &'a Sampling) -> Question<'a> {
        let Opened {
            subject,
            experiment,
            cache,
        } = self.opened;
        Question {
            experiment,
            cache,
            bundle: &subject.bundle,
            cells: self.cells,
            sets,
            shared: None,
            spaces: self.spaces,
            training: &[],
            sampling,
            split: self.choice.split,
            least_cells: self.args.least,
            plan: Bootstrap {
                replicates: self.args.replicates,
                seed: self.args.evaluation_seed,
            },
        }
    }
}
