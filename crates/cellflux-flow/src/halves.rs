//! A guided velocity in two halves: the conditional one on this engine, the one of the null condition
//! wherever somebody else computes it meanwhile.
//!
//! The numbers are those of the engine alone, bit for bit, if it computes a sample of a batch as it computes
//! the sample by itself: both halves are combined in the engine's own order, by the engine.

use std::cell::OnceCell;
use std::future::Future;
use std::rc::Rc;

use crate::field::{AdaptiveField, Engine, Field, Tolerance};
use crate::guidance::Guidance;

/// Somebody with the same network who computes velocities of the null condition.
pub trait OtherHalf {
    /// The velocity that is on its way: `None` where it does not come.
    type Coming: Future<Output = Option<Vec<f32>>>;

    /// Asks for `v(x, t, null)` of one image `x` `[C, H, W]`, in model range; work begins with the call.
    /// `None` where nobody is free.
    fn ask(&mut self, t: f64, x: &[f32]) -> Option<Self::Coming>;
}

/// An engine whose guided velocities somebody else may compute a half of.
///
/// [`Field::velocity`] only notes what is wanted. [`AdaptiveField::settle`] has both halves computed at the
/// same time. A velocity that is used before it was settled, and one whose other half does not come, is
/// computed on this engine alone.
#[derive(Debug)]
pub struct Halves<E, O> {
    engine: E,
    other: Option<O>,
    /// What [`Field::velocity`] is conditioned on, where it has two halves of one image.
    guided: Option<(Vec<f32>, Guidance)>,
}

impl<E: Engine, O: OtherHalf> Halves<E, O> {
    /// The engine alone, until [`Self::share`].
    pub fn new(engine: E) -> Self {
        Self {
            engine,
            other: None,
            guided: None,
        }
    }

    /// Has `other` asked for the other halves from now on; nobody, where it is `None`.
    pub fn share(&mut self, other: Option<O>) {
        self.other = other;
    }

    /// The engine itself.
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// The state itself, computed here if nobody has computed it.
    fn here(&mut self, state: &HalvesState<E::State>) -> Result<E::State, E::Error> {
        match state {
            HalvesState::Here(state) => Ok(state.clone()),
            HalvesState::Wanted(wanted) => {
                if let Some(velocity) = wanted.velocity.get() {
                    return Ok(velocity.clone());
                }
                let velocity = self.engine.velocity(wanted.t, &wanted.x)?;
                Ok(wanted.velocity.get_or_init(|| velocity).clone())
            }
        }
    }

    /// Both halves of a velocity at the same time; `None` where nobody else is there.
    async fn both(&mut self, t: f64, x: &E::State) -> Result<Option<E::State>, E::Error> {
        let (Some(other), Some((condition, guidance))) = (&mut self.other, &self.guided) else {
            return Ok(None);
        };
        let values = self.engine.read(x).await?;
        let Some(coming) = other.ask(t, &values) else {
            return Ok(None);
        };
        let conditional = self.engine.evaluate(x, &[t], &[Some(condition.as_slice())])?;
        let unconditional = match coming.await {
            Some(velocity) if velocity.len() == values.len() => self.engine.upload(&velocity)?,
            _ => self.engine.evaluate(x, &[t], &[None])?,
        };
        let terms = [
            (guidance.conditional(), &conditional),
            (guidance.unconditional(), &unconditional),
        ];
        self.engine.combine(&terms).map(Some)
    }
}

/// A state of [`Halves`]: the engine's own, or a velocity that is wanted.
#[derive(Clone, Debug)]
pub enum HalvesState<S> {
    /// A state on the engine.
    Here(S),
    /// A velocity, computed or not.
    Wanted(Rc<Wanted<S>>),
}

/// A guided velocity that was asked for.
#[derive(Debug)]
pub struct Wanted<S> {
    t: f64,
    x: S,
    velocity: OnceCell<S>,
}

impl<E: Engine, O: OtherHalf> Field for Halves<E, O> {
    type State = HalvesState<E::State>;
    type Error = E::Error;

    fn velocity(&mut self, t: f64, x: &Self::State) -> Result<Self::State, E::Error> {
        let x = self.here(x)?;
        if self.other.is_none() || self.guided.is_none() {
            return Ok(HalvesState::Here(self.engine.velocity(t, &x)?));
        }
        Ok(HalvesState::Wanted(Rc::new(Wanted {
            t,
            x,
            velocity: OnceCell::new(),
        })))
    }

    fn combine(&mut self, terms: &[(f64, &Self::State)]) -> Result<Self::State, E::Error> {
        let mut states = Vec::with_capacity(terms.len());
        for (weight, state) in terms {
            states.push((*weight, self.here(state)?));
        }
        let terms: Vec<_> = states.iter().map(|(weight, state)| (*weight, state)).collect();
        Ok(HalvesState::Here(self.engine.combine(&terms)?))
    }
}

impl<E: Engine, O: OtherHalf> AdaptiveField for Halves<E, O> {
    async fn settle(&mut self, velocity: &Self::State) -> Result<(), E::Error> {
        let HalvesState::Wanted(wanted) = velocity else {
            return Ok(());
        };
        if wanted.velocity.get().is_none()
            && let Some(both) = self.both(wanted.t, &wanted.x).await?
        {
            // It was empty, and nobody else has filled it: this has the engine to itself.
            let _ = wanted.velocity.set(both);
        }
        self.here(velocity)?;
        Ok(())
    }

    async fn error_norm(
        &mut self,
        error: &Self::State,
        from: &Self::State,
        to: &Self::State,
        tolerance: Tolerance,
    ) -> Result<f64, E::Error> {
        let (error, from, to) = (self.here(error)?, self.here(from)?, self.here(to)?);
        self.engine.error_norm(&error, &from, &to, tolerance).await
    }
}

impl<E: Engine, O: OtherHalf> Engine for Halves<E, O> {
    fn upload(&mut self, values: &[f32]) -> Result<Self::State, E::Error> {
        Ok(HalvesState::Here(self.engine.upload(values)?))
    }

    fn read(&mut self, state: &Self::State) -> impl Future<Output = Result<Vec<f32>, E::Error>> + use<E, O> {
        let reading = self.here(state).map(|state| self.engine.read(&state));
        async move { reading?.await }
    }

    fn condition(&mut self, conditions: &[Vec<f32>], guidance: Guidance) -> Result<(), E::Error> {
        self.guided = match conditions {
            [condition] if guidance.needs_unconditional() && guidance.conditional() != 0.0 => {
                Some((condition.clone(), guidance))
            }
            _ => None,
        };
        self.engine.condition(conditions, guidance)
    }

    fn evaluate(
        &mut self,
        x: &Self::State,
        t: &[f64],
        conditions: &[Option<&[f32]>],
    ) -> Result<Self::State, E::Error> {
        let x = self.here(x)?;
        Ok(HalvesState::Here(self.engine.evaluate(&x, t, conditions)?))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;
    use std::future::{Ready, ready};

    use pollster::block_on;

    use super::*;
    use crate::dopri5::Dopri5;
    use crate::solver::{FixedSolver, FixedStep};

    /// `v(x, t, c) = cos(5 t) c - x`, and `t x` under the null condition. It notes what it evaluates.
    #[derive(Clone, Default)]
    struct Formula {
        condition: f32,
        alpha: f64,
        log: Rc<RefCell<Vec<&'static str>>>,
    }

    impl Formula {
        fn half(x: &[f32], t: f64, condition: Option<f32>) -> Vec<f32> {
            let t = t as f32;
            x.iter()
                .map(|x| condition.map_or(t * x, |c| (5.0 * t).cos() * c - x))
                .collect()
        }

        fn note(&self, what: &'static str) {
            self.log.borrow_mut().push(what);
        }
    }

    fn sum(terms: &[(f64, &Vec<f32>)]) -> Vec<f32> {
        let of = |at: usize| {
            terms
                .iter()
                .map(|(weight, x)| *weight as f32 * x[at])
                .sum::<f32>()
        };
        (0..terms[0].1.len()).map(of).collect()
    }

    impl Field for Formula {
        type State = Vec<f32>;
        type Error = Infallible;

        fn velocity(&mut self, t: f64, x: &Vec<f32>) -> Result<Vec<f32>, Infallible> {
            self.note("whole");
            let halves = [Self::half(x, t, Some(self.condition)), Self::half(x, t, None)];
            Ok(sum(&[(self.alpha, &halves[0]), (1.0 - self.alpha, &halves[1])]))
        }

        fn combine(&mut self, terms: &[(f64, &Vec<f32>)]) -> Result<Vec<f32>, Infallible> {
            Ok(sum(terms))
        }
    }

    impl AdaptiveField for Formula {
        async fn error_norm(
            &mut self,
            error: &Vec<f32>,
            _: &Vec<f32>,
            _: &Vec<f32>,
            tolerance: Tolerance,
        ) -> Result<f64, Infallible> {
            let squares: f64 = error.iter().map(|error| f64::from(*error).powi(2)).sum();
            Ok((squares / error.len() as f64).sqrt() / tolerance.atol)
        }
    }

    impl Engine for Formula {
        fn upload(&mut self, values: &[f32]) -> Result<Vec<f32>, Infallible> {
            Ok(values.to_vec())
        }

        fn read(&mut self, state: &Vec<f32>) -> impl Future<Output = Result<Vec<f32>, Infallible>> + use<> {
            ready(Ok(state.clone()))
        }

        fn condition(&mut self, conditions: &[Vec<f32>], guidance: Guidance) -> Result<(), Infallible> {
            self.condition = conditions[0][0];
            self.alpha = guidance.alpha;
            Ok(())
        }

        fn evaluate(
            &mut self,
            x: &Vec<f32>,
            t: &[f64],
            conditions: &[Option<&[f32]>],
        ) -> Result<Vec<f32>, Infallible> {
            self.note(if conditions[0].is_some() {
                "conditional"
            } else {
                "null"
            });
            Ok(Self::half(x, t[0], conditions[0].map(|condition| condition[0])))
        }
    }

    /// What a played other half does with a question.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Manner {
        Answers,
        Busy,
        Fails,
        AnswersTooShort,
    }

    struct Played(Manner, Formula);

    impl OtherHalf for Played {
        type Coming = Ready<Option<Vec<f32>>>;

        fn ask(&mut self, t: f64, x: &[f32]) -> Option<Self::Coming> {
            let Self(manner, formula) = self;
            match manner {
                Manner::Busy => return None,
                Manner::Fails => return Some(ready(None)),
                Manner::AnswersTooShort => return Some(ready(Some(Vec::new()))),
                Manner::Answers => formula.note("asked"),
            }
            Some(ready(Some(Formula::half(x, t, None))))
        }
    }

    const X: [f32; 4] = [-1.0, -0.25, 0.5, 0.875];

    fn halves(formula: &Formula, manner: Option<Manner>, alpha: f64) -> Halves<Formula, Played> {
        let mut halves = Halves::new(formula.clone());
        halves.share(manner.map(|manner| Played(manner, formula.clone())));
        halves.condition(&[vec![0.7]], Guidance { alpha }).unwrap();
        halves
    }

    /// The end of a step, each velocity settled or none.
    fn step(field: &mut Halves<Formula, Played>, solver: FixedSolver, settled: bool) -> Vec<f32> {
        let x = field.upload(&X).unwrap();
        let mut step = FixedStep::new(solver, 0.25, 0.5, x);
        while settled && step.remaining() > 0 {
            let velocity = step.evaluate(field).unwrap().unwrap();
            block_on(field.settle(velocity)).unwrap();
        }
        let end = step.finish(field).unwrap();
        block_on(field.read(&end)).unwrap()
    }

    const FIXED: [FixedSolver; 4] = [
        FixedSolver::Euler,
        FixedSolver::Midpoint,
        FixedSolver::Heun,
        FixedSolver::Rk4,
    ];

    #[test]
    fn a_step_of_two_halves_has_the_numbers_of_the_engine_alone() {
        for solver in FIXED {
            let formula = Formula::default();
            let alone = step(&mut halves(&formula, None, 1.2), solver, true);
            formula.log.take();
            let shared = step(&mut halves(&formula, Some(Manner::Answers), 1.2), solver, true);
            assert_eq!(shared, alone, "{solver:?}");
            let expected = ["asked", "conditional"].repeat(solver.evaluations());
            assert_eq!(
                formula.log.take(),
                expected,
                "asked before it computes its own half"
            );
        }
    }

    #[test]
    fn a_half_that_does_not_come_is_computed_here() {
        let formula = Formula::default();
        let alone = step(&mut halves(&formula, None, 1.2), FixedSolver::Heun, true);
        for (manner, expected) in [
            (Manner::Busy, vec!["whole"; 2]),
            (Manner::Fails, ["conditional", "null"].repeat(2)),
            (Manner::AnswersTooShort, ["conditional", "null"].repeat(2)),
        ] {
            formula.log.take();
            let found = step(&mut halves(&formula, Some(manner), 1.2), FixedSolver::Heun, true);
            assert_eq!(found, alone, "{manner:?}");
            assert_eq!(formula.log.take(), expected, "{manner:?}");
        }
    }

    #[test]
    fn a_velocity_that_nobody_waited_for_is_computed_here_once() {
        let formula = Formula::default();
        let mut field = halves(&formula, Some(Manner::Answers), 1.2);
        step(&mut field, FixedSolver::Rk4, false);
        assert_eq!(formula.log.take(), ["whole"; 4]);
        let x = field.upload(&X).unwrap();
        let velocity = field.velocity(0.5, &x).unwrap();
        for _ in 0..2 {
            block_on(field.read(&velocity)).unwrap();
            block_on(field.settle(&velocity)).unwrap();
        }
        assert_eq!(formula.log.take(), ["whole"]);
    }

    #[test]
    fn without_two_halves_nobody_is_asked() {
        for alpha in [0.0, 1.0] {
            let formula = Formula::default();
            step(
                &mut halves(&formula, Some(Manner::Answers), alpha),
                FixedSolver::Heun,
                true,
            );
            assert_eq!(formula.log.take(), ["whole"; 2], "alpha {alpha}");
        }
    }

    #[test]
    fn the_adaptive_solver_shares_every_velocity_and_walks_the_same_way() {
        let tolerance = Tolerance {
            rtol: 1e-4,
            atol: 1e-4,
        };
        let walk = |manner| {
            let formula = Formula::default();
            let mut field = halves(&formula, manner, 1.2);
            let x = field.upload(&X).unwrap();
            let mut solver = block_on(Dopri5::start(&mut field, 0.0, 1.0, x, tolerance)).unwrap();
            let mut steps = Vec::new();
            while let Some(step) = block_on(solver.step(&mut field)).unwrap() {
                steps.push(step);
            }
            let end = block_on(field.read(solver.state())).unwrap();
            (steps, end, formula.log.take())
        };
        let (steps, end, _) = walk(None);
        let (shared, same_end, log) = walk(Some(Manner::Answers));
        assert_eq!((shared, same_end), (steps, end));
        assert!(!log.contains(&"whole") && log.contains(&"asked"), "{log:?}");
    }
}
