//! A network on its way from pairs to a velocity field.

use candle_core::Tensor;
use candle_nn::{AdamW, Optimizer as _, ParamsAdamW};
use cellflux_candle::reproducible::mean_square;
use cellflux_flow::guidance::Guidance;
use cellflux_flow::random::below;
use cellflux_flow::solver::FixedSolver;
use cellflux_flow::time_grid::TimeGrid;

use crate::draws::{Purpose, stream};
use crate::error::LabError;
use crate::examples::{Example, examples};
use crate::guided::Guided;
use crate::learnt::{LearntField, tensor};
use crate::loss_curve::LossCurve;
use crate::network::Network;
use crate::pairs::{Pair, Pairing};
use crate::plane::Point;
use crate::settings::{Settings, check_rate};
use crate::walk::Walk;

/// No two points of the lab are so far apart that a loss could be this large, unless learning broke down.
const LARGEST_LOSS: f64 = 1e6;
/// The weights are kept after so many steps each, to return to them when learning breaks down.
const STEPS_BETWEEN_KEPT: usize = 50;
/// Pairs of each condition in a reflow.
const REFLOW_PAIRS: usize = 2048;
/// Steps of the walks that make a reflow's pairs.
const REFLOW_STEPS: usize = 25;

/// Whether a network still learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// The next step can be taken.
    Learning,
    /// The loss became too large or no number at all. A lower rate ([`Learning::set_rate`]) goes back to the
    /// weights that were kept last, [`Learning::reset`] to the beginning.
    Diverged {
        /// The step at which it happened, from 1.
        step: u64,
        /// The learning rate there.
        rate: f64,
    },
}

/// A network that learns a flow, step by step. Settings and steps decide every bit of it.
pub struct Learning {
    settings: Settings,
    pairing: Pairing,
    network: Network,
    optimiser: AdamW,
    curve: LossCurve,
    state: State,
    kept: Kept,
    /// Each condition's sources with the ends of their own walks, after a reflow.
    walked: Option<Vec<Pair>>,
}

/// The weights after some step.
struct Kept {
    steps: usize,
    parameters: Vec<Tensor>,
}

impl Learning {
    /// A network that has learnt nothing yet.
    ///
    /// # Errors
    /// [`LabError`] for the first setting out of its range.
    pub fn new(settings: Settings) -> Result<Self, LabError> {
        let pairing = Pairing::new(&settings)?;
        let network = Network::new(&settings.network, settings.conditions.len(), settings.seed)?;
        Ok(Self {
            optimiser: optimiser(&network, settings.learning.rate)?,
            curve: LossCurve::default(),
            state: State::Learning,
            kept: Kept::of(&network, 0)?,
            walked: None,
            settings,
            pairing,
            network,
        })
    }

    /// Learns from one batch of pairs, and gives the loss before it: the mean of `(v - (x1 - x0))^2` over
    /// pairs and coordinates.
    ///
    /// # Errors
    /// [`LabError::Diverged`] when learning has broken down, from then on until a lower rate or a reset.
    pub fn step(&mut self) -> Result<f64, LabError> {
        if let State::Diverged { step, rate } = self.state {
            return Err(LabError::Diverged { step, rate });
        }
        let steps = self.curve.steps();
        let loss = self.loss(steps as u64)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        if !value.is_finite() || value > LARGEST_LOSS {
            let (step, rate) = (steps as u64 + 1, self.rate());
            self.state = State::Diverged { step, rate };
            return Err(LabError::Diverged { step, rate });
        }
        if steps.is_multiple_of(STEPS_BETWEEN_KEPT) {
            self.kept = Kept::of(&self.network, steps)?;
        }
        self.optimiser.backward_step(&loss)?;
        self.curve.push(value);
        Ok(value)
    }

    /// Learns with another rate from the next step on. After a breakdown it goes on from the weights that
    /// were kept last; the steps since then are forgotten, and moments of gradients with them.
    ///
    /// # Errors
    /// [`LabError::OutOfRange`] for a rate that settings may not hold.
    pub fn set_rate(&mut self, rate: f64) -> Result<(), LabError> {
        check_rate(rate)?;
        self.settings.learning.rate = rate;
        if self.state == State::Learning {
            self.optimiser.set_learning_rate(rate);
            return Ok(());
        }
        for (variable, kept) in self.network.variables()?.iter().zip(&self.kept.parameters) {
            variable.set(kept)?;
        }
        self.curve.cut(self.kept.steps);
        self.optimiser = optimiser(&self.network, rate)?;
        self.state = State::Learning;
        Ok(())
    }

    /// Forgets all that was learnt, reflows included; the settings stay, with the rate that was set last.
    ///
    /// # Errors
    /// When candle fails.
    pub fn reset(&mut self) -> Result<(), LabError> {
        *self = Self::new(self.settings.clone())?;
        Ok(())
    }

    /// A round of reflow (Liu, Gong and Liu 2023): from now on the network learns from its own walks, each
    /// source with the place where its walk ends, so that paths no longer cross and become straighter. It
    /// goes on from the weights it has, with new moments of gradients. What it has not learnt yet of a target
    /// is lost.
    ///
    /// # Errors
    /// [`LabError::Diverged`] after a breakdown, [`LabError::Escaped`] when a walk leaves the plane.
    pub fn reflow(&mut self) -> Result<(), LabError> {
        if let State::Diverged { step, rate } = self.state {
            return Err(LabError::Diverged { step, rate });
        }
        let grid = TimeGrid::uniform(REFLOW_STEPS)?;
        let mut walked = Vec::new();
        for condition in 0..self.pairing.conditions() {
            let start = self.pairing.reflow_sources(condition, REFLOW_PAIRS);
            let field = LearntField::new(&self.network, Some(condition));
            let walk = Walk::new(&field, FixedSolver::Heun, &grid, start)?;
            let pairs = walk.start().iter().zip(walk.end());
            walked.extend(pairs.map(|(&x0, &x1)| Pair { condition, x0, x1 }));
        }
        self.walked = Some(walked);
        self.optimiser = optimiser(&self.network, self.rate())?;
        self.kept = Kept::of(&self.network, self.curve.steps())?;
        Ok(())
    }

    /// The field that has been learnt so far, under a condition or none.
    ///
    /// # Errors
    /// [`LabError::Unknown`] for a condition that the settings do not have.
    pub fn field(
        &self,
        condition: Option<usize>,
        guidance: Guidance,
    ) -> Result<Guided<LearntField>, LabError> {
        if let Some(condition) = condition {
            self.settings.condition(condition)?;
        }
        Guided::new(condition, guidance, |condition| {
            Ok(LearntField::new(&self.network, condition))
        })
    }

    /// Whether the next step can be taken.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether pairs come from a reflow.
    pub fn is_reflowed(&self) -> bool {
        self.walked.is_some()
    }

    /// The losses so far.
    pub fn curve(&self) -> &LossCurve {
        &self.curve
    }

    /// The settings, with the learning rate of the next step.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What draws pairs, sources and targets.
    pub fn pairing(&self) -> &Pairing {
        &self.pairing
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The pairs of a step: drawn, or chosen from a reflow's.
    pub fn pairs(&self, step: u64) -> Vec<Pair> {
        let count = self.settings.learning.batch;
        let Some(walked) = &self.walked else {
            return self.pairing.draw(step, count);
        };
        let mut numbers = stream(self.settings.seed, Purpose::Choice, step, 0);
        (0..count)
            .filter_map(|_| {
                walked
                    .get(below(&mut numbers, walked.len() as u64) as usize)
                    .copied()
            })
            .collect()
    }

    fn rate(&self) -> f64 {
        self.settings.learning.rate
    }

    /// The loss of a step, with what is needed for its gradients.
    fn loss(&self, step: u64) -> Result<Tensor, LabError> {
        let examples = examples(&self.settings, step, &self.pairs(step));
        let points = |of: fn(&Example) -> Point| -> Vec<Point> { examples.iter().map(of).collect() };
        let times: Vec<f64> = examples.iter().map(|example| example.t).collect();
        let conditions: Vec<Option<usize>> = examples.iter().map(|example| example.condition).collect();
        let x = tensor(&points(|example| example.x))?;
        let velocity = tensor(&points(|example| example.velocity))?;
        let predicted = self.network.forward(&x, &times, &conditions)?;
        Ok(mean_square(&(predicted - velocity)?)?)
    }
}

impl Kept {
    fn of(network: &Network, steps: usize) -> Result<Self, LabError> {
        let parameters = network.parameters();
        let copies = parameters.iter().map(|parameter| parameter.detach().copy());
        Ok(Self {
            steps,
            parameters: copies.collect::<Result<_, _>>()?,
        })
    }
}

fn optimiser(network: &Network, rate: f64) -> Result<AdamW, LabError> {
    let parameters = ParamsAdamW {
        lr: rate,
        beta1: 0.9,
        beta2: 0.95,
        eps: 1e-8,
        weight_decay: 0.01,
    };
    Ok(AdamW::new(network.variables()?, parameters)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::{distance, distance_by_batch};
    use crate::coupling::Coupling;
    use crate::distribution::{Distribution, Part};
    use crate::least_loss::least_loss;
    use crate::plane::{difference, mean, square};
    use crate::settings::Condition;

    /// A small network that learns to divide a Gaussian into two.
    fn settings() -> Settings {
        let part = |x| Part {
            mean: [x, 0.5],
            spread: 0.4,
            weight: 1.0,
        };
        let mut settings = Settings::default();
        settings.conditions[0].target = Distribution::Mixture {
            parts: vec![part(-2.0), part(2.0)],
        };
        settings.network.widths = vec![32, 32];
        settings.learning.batch = 128;
        settings.learning.rate = 5e-3;
        settings
    }

    fn learnt(settings: Settings, steps: usize) -> Learning {
        let mut learning = Learning::new(settings).unwrap();
        for _ in 0..steps {
            learning.step().unwrap();
        }
        learning
    }

    fn walk(learning: &Learning, condition: usize, steps: usize) -> Walk {
        let start = learning.pairing().sources(condition, None, 400).unwrap();
        let field = learning.field(Some(condition), Guidance { alpha: 1.0 }).unwrap();
        Walk::new(
            &field,
            FixedSolver::Heun,
            &TimeGrid::uniform(steps).unwrap(),
            start,
        )
        .unwrap()
    }

    fn bits(learning: &Learning) -> Vec<u32> {
        let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let parameters = learning.network().parameters();
        parameters.iter().flat_map(numbers).map(f32::to_bits).collect()
    }

    #[test]
    fn a_network_learns_to_lead_a_source_to_its_target() {
        let learning = learnt(settings(), 800);
        let targets = learning.pairing().targets(0, None, 400).unwrap();
        let walk = walk(&learning, 0, 20);
        let (before, after) = (
            distance(walk.start(), &targets).unwrap().unbiased,
            distance(walk.end(), &targets).unwrap().unbiased,
        );
        assert!(before > 0.3 && after < 0.05, "{before} {after}");
        // And the loss comes near the least that is possible.
        let least = least_loss(learning.settings(), 4000).unwrap();
        let reached = learning.curve().mean_of_last(100).unwrap();
        assert!(
            reached < 1.15 * least && reached > 0.85 * least,
            "{reached} {least}"
        );
    }

    #[test]
    fn equal_settings_learn_equal_bits_and_another_seed_does_not() {
        let one = learnt(settings(), 30);
        assert_eq!(bits(&one), bits(&learnt(settings(), 30)));
        let other = Settings {
            seed: 1,
            ..settings()
        };
        assert_ne!(bits(&one), bits(&learnt(other, 30)));
    }

    #[test]
    fn a_rate_that_is_too_high_is_a_state_from_which_a_lower_one_or_a_reset_leads_back() {
        let mut learning = learnt(settings(), 60);
        learning.set_rate(100.0).unwrap();
        let error = (0..100).find_map(|_| learning.step().err()).unwrap();
        assert!(error.to_string().contains("learning rate of 100"), "{error}");
        assert!(matches!(learning.state(), State::Diverged { step, .. } if step > 60));
        assert!(learning.step().is_err() && learning.reflow().is_err());

        learning.set_rate(5e-3).unwrap();
        assert_eq!(
            (learning.state(), learning.curve().steps()),
            (State::Learning, 50)
        );
        let loss = learning.step().unwrap();
        assert!(loss < 10.0, "{loss}");

        learning.set_rate(100.0).unwrap();
        assert!((0..100).any(|_| learning.step().is_err()));
        learning.set_rate(1e3).unwrap_err();
        learning.reset().unwrap();
        learning.set_rate(5e-3).unwrap();
        assert_eq!(learning.curve().steps(), 0);
        assert_eq!(bits(&learning), bits(&Learning::new(settings()).unwrap()));
    }

    #[test]
    fn a_target_like_the_source_moves_nothing() {
        let mut settings = settings();
        settings.conditions[0].target = Distribution::STANDARD;
        settings.path.coupling = Coupling::OptimalTransport;
        let learning = learnt(settings, 300);
        let walk = walk(&learning, 0, 20);
        // Optimal pairs of two draws of 128 points are near each other, and lead in no common direction.
        assert!(walk.transport_cost() < 0.1, "{}", walk.transport_cost());
    }

    #[test]
    fn a_target_of_one_point_is_reached() {
        let mut settings = settings();
        settings.conditions[0].target = Distribution::Points {
            points: vec![[1.0, -1.0]],
            spread: 0.0,
        };
        let learning = learnt(settings, 500);
        let walk = walk(&learning, 0, 20);
        let left = mean(walk.end().iter().map(|&end| square(difference(end, [1.0, -1.0]))));
        // From a mean squared distance of 4; the last part of the way needs more learning than this.
        assert!(left < 0.3, "{left}");
    }

    #[test]
    fn conditions_lead_to_their_targets_and_guidance_leads_further() {
        let mut settings = settings();
        let condition = |label: &str, mean| Condition {
            label: label.into(),
            source: None,
            target: Distribution::Gaussian { mean, spread: 0.5 },
        };
        settings.conditions = vec![condition("left", [-2.0, 0.0]), condition("right", [2.0, 0.0])];
        let learning = learnt(settings, 600);
        let middle = |condition, alpha| {
            let start = learning.pairing().sources(0, None, 300).unwrap();
            let field = learning.field(condition, Guidance { alpha }).unwrap();
            let walk = Walk::new(&field, FixedSolver::Heun, &TimeGrid::uniform(10).unwrap(), start).unwrap();
            mean(walk.end().iter().map(|end| end[0]))
        };
        let (left, right, null) = (middle(Some(0), 1.0), middle(Some(1), 1.0), middle(None, 1.0));
        assert!(
            (left + 2.0).abs() < 0.3 && (right - 2.0).abs() < 0.3,
            "{left} {right}"
        );
        assert!(null.abs() < 0.6, "{null}");
        let guided = middle(Some(1), 2.0);
        // Right of the middle the null field leads to the right as well: guidance adds only on the way there.
        assert!(guided > right + 0.05, "{guided} {right} {null}");
    }

    #[test]
    fn a_reflow_straightens_the_paths() {
        let mut learning = learnt(settings(), 600);
        let before = walk(&learning, 0, 40).straightness();
        learning.reflow().unwrap();
        assert!(learning.is_reflowed());
        for _ in 0..600 {
            learning.step().unwrap();
        }
        let after = walk(&learning, 0, 40).straightness();
        assert!(after < 0.5 * before, "{before} {after}");
    }

    #[test]
    fn pairs_within_batches_are_learnt_better_than_pairs_across_them() {
        let mut settings = settings();
        let narrow = |mean| Distribution::Gaussian { mean, spread: 0.3 };
        settings.source = narrow([0.0, 0.0]);
        settings.conditions[0].target = narrow([1.0, 1.0]);
        settings.batches = vec![[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]];
        let grid = TimeGrid::uniform(2).unwrap();
        let [within, across] = [Coupling::SameBatch, Coupling::Independent].map(|coupling| {
            settings.path.coupling = coupling;
            let learning = learnt(settings.clone(), 400);
            let field = learning.field(Some(0), Guidance { alpha: 1.0 }).unwrap();
            let distance = distance_by_batch(&settings, &field, 0, FixedSolver::Euler, &grid, 200).unwrap();
            (distance, learning.curve().mean_of_last(100).unwrap())
        });
        assert!(within.0 < 0.5 * across.0, "{within:?} {across:?}");
        assert!(within.1 < 0.5 * across.1, "{within:?} {across:?}");
    }
}
