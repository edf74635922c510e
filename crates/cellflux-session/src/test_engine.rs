//! An engine with a formula in place of a network, which can lose its device, for the tests.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use cellflux_flow::field::{AdaptiveField, Engine, Field, Tolerance};
use cellflux_flow::guidance::Guidance;
use pollster::block_on;

use crate::exploration::Exploration;
use crate::prepared_walk::PreparedWalk;
use crate::recipe::Recipe;
use crate::test_model::recipe;

/// What was asked of the engine, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Condition,
    Upload,
    Velocity,
    Read,
    /// The values of a read came.
    Arrived,
}

/// Why the engine fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TestError {
    #[error("the device was lost")]
    Lost,
    #[error("no condition")]
    NoCondition,
}

/// `v = alpha c cos(5 t) (1.5 - x) + (1 - alpha) t x`, element by element, where `c` is the condition's first
/// number.
#[derive(Default)]
pub struct TestEngine {
    /// Set by [`Engine::condition`].
    pub condition: Option<(f64, Guidance)>,
    /// Velocities left before the device is lost.
    pub life: Option<usize>,
    /// Velocities become NaN from this time on.
    pub broken_from: Option<f64>,
    /// Whether a read has its values at once, as on a CPU, and not only after it was polled again.
    pub prompt: bool,
    pub calls: Rc<RefCell<Vec<Call>>>,
}

impl TestEngine {
    pub fn with_life(velocities: usize) -> Self {
        Self {
            life: Some(velocities),
            ..Self::default()
        }
    }

    fn note(&self, call: Call) -> Result<(), TestError> {
        self.calls.borrow_mut().push(call);
        if self.life == Some(0) {
            return Err(TestError::Lost);
        }
        Ok(())
    }
}

type State = Rc<Vec<f32>>;

impl Field for TestEngine {
    type State = State;
    type Error = TestError;

    fn velocity(&mut self, t: f64, x: &State) -> Result<State, TestError> {
        self.note(Call::Velocity)?;
        self.life = self.life.map(|life| life - 1);
        let (condition, guidance) = self.condition.ok_or(TestError::NoCondition)?;
        let broken = self.broken_from.is_some_and(|from| t >= from);
        let velocity = |x: &f32| {
            let x = f64::from(*x);
            let conditional = condition * libm::cos(5.0 * t) * (1.5 - x);
            let unconditional = t * x;
            let v = guidance.conditional() * conditional + guidance.unconditional() * unconditional;
            if broken { f32::NAN } else { v as f32 }
        };
        Ok(Rc::new(x.iter().map(velocity).collect()))
    }

    fn combine(&mut self, terms: &[(f64, &State)]) -> Result<State, TestError> {
        let sum = |i: usize| terms.iter().map(|(w, x)| w * f64::from(x[i])).sum::<f64>() as f32;
        Ok(Rc::new((0..terms[0].1.len()).map(sum).collect()))
    }
}

impl AdaptiveField for TestEngine {
    async fn error_norm(
        &mut self,
        error: &State,
        from: &State,
        to: &State,
        tolerance: Tolerance,
    ) -> Result<f64, TestError> {
        let squares = error.iter().zip(from.iter().zip(&**to)).map(|(e, (a, b))| {
            let size = f64::from(a.abs().max(b.abs()));
            (f64::from(*e) / (tolerance.atol + tolerance.rtol * size)).powi(2)
        });
        Ok((squares.sum::<f64>() / error.len() as f64).sqrt())
    }
}

impl Engine for TestEngine {
    fn upload(&mut self, values: &[f32]) -> Result<State, TestError> {
        self.note(Call::Upload)?;
        Ok(Rc::new(values.to_vec()))
    }

    fn read(&mut self, state: &State) -> impl Future<Output = Result<Vec<f32>, TestError>> + use<> {
        let values = self.note(Call::Read).map(|()| state.to_vec());
        let calls = Rc::clone(&self.calls);
        let mut turns = if self.prompt { 0 } else { 2 };
        async move {
            poll_fn(|context| {
                if turns == 0 {
                    return Poll::Ready(());
                }
                turns -= 1;
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            calls.borrow_mut().push(Call::Arrived);
            values
        }
    }

    fn condition(&mut self, conditions: &[Vec<f32>], guidance: Guidance) -> Result<(), TestError> {
        self.note(Call::Condition)?;
        self.condition = Some((f64::from(conditions[0][0]), guidance));
        Ok(())
    }

    fn evaluate(&mut self, x: &State, t: &[f64], conditions: &[Option<&[f32]>]) -> Result<State, TestError> {
        let (first, alpha) = conditions[0].map_or((0.0, 0.0), |vector| (f64::from(vector[0]), 1.0));
        let before = self.condition.replace((first, Guidance { alpha }));
        let velocity = self.velocity(t[0], x);
        self.condition = before;
        velocity
    }
}

/// A walk of the test model's recipe, changed, for the engine: from a ramp, under a condition of two numbers.
pub fn prepared(change: impl FnOnce(&mut Recipe)) -> PreparedWalk {
    let mut recipe = recipe();
    change(&mut recipe);
    let start: Vec<f32> = (0..32u8).map(|i| f32::from(i) / 16.0 - 1.0).collect();
    PreparedWalk::of_parts(recipe, &start, vec![0.8, 0.0]).unwrap()
}

/// The same, walked to its end.
pub fn walked(change: impl FnOnce(&mut Recipe)) -> Exploration<TestEngine> {
    let mut exploration = Exploration::new(prepared(change));
    assert!(exploration.attach_engine(TestEngine::default()).is_none());
    block_on(exploration.finish()).unwrap();
    exploration
}
