//! What an exploration promises: the solver's own numbers, nothing computed twice, nothing lost with a
//! device.

use cellflux_flow::field::Field;
use cellflux_flow::guidance::Guidance;
use cellflux_flow::solver::Solver;
use cellflux_flow::time_grid::GridKind;
use pollster::block_on;

use super::*;
use crate::recipe::{Direction, Recipe, Treatment};
use crate::step_error::StepError;
use crate::test_engine::{Call, TestEngine, TestError, prepared};
use crate::test_model::recipe;

fn adaptive(recipe: &mut Recipe) {
    recipe.sampling.solver = Solver::Dopri5;
    recipe.sampling.rtol = 1e-4;
    recipe.sampling.atol = 1e-4;
}

fn with_engine(walk: PreparedWalk, engine: TestEngine) -> Exploration<TestEngine> {
    let mut exploration = Exploration::new(walk);
    assert!(exploration.attach_engine(engine).is_none());
    exploration
}

fn run_to_end(exploration: &mut Exploration<TestEngine>, pacing: Pacing) -> Result<(), StepError<TestError>> {
    while block_on(exploration.advance(pacing))?.is_some() {}
    assert!(exploration.is_finished());
    Ok(())
}

fn walked(walk: PreparedWalk) -> Exploration<TestEngine> {
    let mut exploration = with_engine(walk, TestEngine::default());
    run_to_end(&mut exploration, Pacing::Single).unwrap();
    exploration
}

#[test]
fn each_step_is_the_solver_s_own() {
    for solver in Solver::ALL {
        let Solver::Fixed(fixed) = solver else { continue };
        let exploration = walked(prepared(|r| r.sampling.solver = solver));
        assert_eq!(exploration.frames().len(), 5);
        let mut engine = TestEngine::default();
        let flow = exploration.walk().flow().clone();
        engine.condition(&[flow.condition], flow.guidance).unwrap();
        let mut x = engine.upload(exploration.walk().start()).unwrap();
        for frame in &exploration.frames()[1..] {
            x = engine.combine(&[(1.0, &x)]).unwrap();
            x = fixed.step(&mut engine, frame.t - 0.25, frame.t, &x).unwrap();
            assert_eq!(frame.values, *x, "{solver} at {}", frame.t);
            assert_eq!(frame.evaluations, fixed.evaluations());
        }
        assert_eq!(exploration.evaluations(), 4 * fixed.evaluations());
    }
}

#[test]
fn a_step_taken_to_pieces_is_the_same_step() {
    for solver in Solver::ALL {
        let whole = walked(prepared(|r| r.sampling.solver = solver));
        let mut pieces = with_engine(prepared(|r| r.sampling.solver = solver), TestEngine::default());
        while !pieces.is_finished() {
            while block_on(pieces.evaluate()).unwrap() {}
            block_on(pieces.advance(Pacing::Single)).unwrap();
        }
        assert_eq!(pieces.frames(), whole.frames(), "{solver}");
        assert!(!block_on(pieces.evaluate()).unwrap());
    }
}

#[test]
fn a_change_in_mid_step_is_followed_after_the_velocity_that_was_under_way() {
    let rk4 = |recipe: &mut Recipe| recipe.sampling.solver = "rk4".parse().unwrap();
    let mut exploration = with_engine(prepared(rk4), TestEngine::default());
    block_on(exploration.advance(Pacing::Single)).unwrap();
    let calls = std::rc::Rc::clone(&exploration.engine().unwrap().calls);
    calls.borrow_mut().clear();
    assert!(block_on(exploration.evaluate()).unwrap());
    let changed = |recipe: &mut Recipe| {
        rk4(recipe);
        recipe.sampling.alpha = 2.0;
    };
    assert_eq!(
        exploration.apply(prepared(changed)),
        Change::Trajectory { kept: 1 }
    );
    let velocities = calls
        .borrow()
        .iter()
        .filter(|call| **call == Call::Velocity)
        .count();
    assert_eq!(velocities, 1);
    run_to_end(&mut exploration, Pacing::Single).unwrap();
    assert_eq!(exploration.frames(), walked(prepared(changed)).frames());
}

#[test]
fn an_adaptive_walk_ends_at_the_end_close_to_a_fine_fixed_one() {
    let fine = walked(prepared(|r| r.sampling.steps = 400));
    let adaptive = walked(prepared(adaptive));
    let (a, b) = (fine.frames().last().unwrap(), adaptive.frames().last().unwrap());
    assert!((b.t - 1.0).abs() < f64::EPSILON);
    for (a, b) in a.values.iter().zip(&b.values) {
        // Tolerances of 1e-4 per step, about ten steps.
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}

#[test]
fn the_return_comes_back_within_the_solver_s_error() {
    for (change, bound) in [
        ((|r| r.sampling.steps = 100) as fn(&mut Recipe), 1e-3),
        (adaptive, 1e-2),
    ] {
        let exploration = walked(prepared(|r| {
            change(r);
            r.direction = Direction::Return;
        }));
        let (start, end) = (&exploration.frames()[0], exploration.frames().last().unwrap());
        assert!((end.t - start.t).abs() < f64::EPSILON);
        let away = exploration
            .frames()
            .iter()
            .find(|frame| (frame.t - 1.0).abs() < f64::EPSILON);
        let distance = |a: &Frame, b: &Frame| {
            let pairs = a.values.iter().zip(&b.values);
            pairs.map(|(a, b)| (a - b).abs()).fold(0f32, f32::max)
        };
        assert!(distance(start, away.unwrap()) > 0.1);
        assert!(distance(start, end) < bound, "{}", distance(start, end));
    }
}

#[test]
fn looking_ahead_changes_no_number_and_queues_the_next_step_before_waiting() {
    use Call::{Arrived, Condition, Read, Upload, Velocity};
    let single = walked(prepared(|_| {}));
    let mut continuous = with_engine(prepared(|_| {}), TestEngine::default());
    block_on(continuous.advance(Pacing::Continuous)).unwrap();
    let calls = std::rc::Rc::clone(&continuous.engine().unwrap().calls);
    let expected = [
        Condition, Upload, Velocity, Velocity, Read, Velocity, Velocity, Arrived,
    ];
    assert_eq!(*calls.borrow(), expected);
    run_to_end(&mut continuous, Pacing::Continuous).unwrap();
    assert_eq!(continuous.frames(), single.frames());
    let velocities = calls.borrow().iter().filter(|call| **call == Velocity).count();
    assert_eq!(velocities, single.evaluations());
}

#[test]
fn an_engine_that_computes_while_it_is_called_takes_no_step_ahead() {
    let prompt = TestEngine {
        prompt: true,
        ..TestEngine::default()
    };
    let mut exploration = with_engine(prepared(|_| {}), prompt);
    block_on(exploration.advance(Pacing::Continuous)).unwrap();
    let calls = exploration.engine().unwrap().calls.borrow().clone();
    assert_eq!(calls.last(), Some(&Call::Arrived));
    assert_eq!(calls.iter().filter(|call| **call == Call::Velocity).count(), 2);
}

#[test]
fn a_device_lost_in_mid_run_costs_nothing_that_was_reached() {
    for change in [(|_| {}) as fn(&mut Recipe), adaptive] {
        for pacing in [Pacing::Single, Pacing::Continuous] {
            let whole = walked(prepared(change));
            for life in 0..whole.evaluations() {
                let mut exploration = with_engine(prepared(change), TestEngine::with_life(life));
                let error = run_to_end(&mut exploration, pacing).unwrap_err();
                assert_eq!(error, StepError::Engine(TestError::Lost));
                let reached = exploration.frames().to_vec();
                assert_eq!(reached, whole.frames()[..reached.len()]);
                // The page may try again before it has a new device.
                assert!(block_on(exploration.advance(pacing)).is_err());
                assert!(exploration.detach_engine().is_some());
                assert_eq!(block_on(exploration.advance(pacing)), Err(StepError::NoEngine));
                exploration.attach_engine(TestEngine::default());
                run_to_end(&mut exploration, pacing).unwrap();
                assert_eq!(exploration.frames().len(), whole.frames().len());
                for (a, b) in exploration.frames().iter().zip(whole.frames()) {
                    assert_eq!(
                        (a.t, &a.values),
                        (b.t, &b.values),
                        "lost after {life} evaluations"
                    );
                }
            }
        }
    }
}

#[test]
fn a_dropped_step_is_taken_again_with_the_same_numbers() {
    let whole = walked(prepared(|_| {}));
    let mut exploration = with_engine(prepared(|_| {}), TestEngine::default());
    block_on(exploration.advance(Pacing::Continuous)).unwrap();
    {
        let mut step = std::pin::pin!(exploration.advance(Pacing::Continuous));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(
            step.as_mut().poll(&mut context).is_pending(),
            "it waits for its values"
        );
    }
    run_to_end(&mut exploration, Pacing::Continuous).unwrap();
    assert_eq!(exploration.frames(), whole.frames());
}

#[test]
fn a_change_restarts_only_what_it_must() {
    let expect = |change: fn(&mut Recipe), expected: Change| {
        let mut exploration = walked(prepared(|_| {}));
        let before = exploration.frames().to_vec();
        let calls = std::rc::Rc::clone(&exploration.engine().unwrap().calls);
        let done = calls.borrow().len();
        assert_eq!(exploration.apply(prepared(change)), expected);
        let kept = match expected {
            Change::Trajectory { kept } => kept,
            _ => before.len(),
        };
        assert_eq!(exploration.frames()[..kept], before[..kept]);
        run_to_end(&mut exploration, Pacing::Single).unwrap();
        let fresh = walked(prepared(change));
        assert_eq!(
            exploration.frames(),
            fresh.frames(),
            "as if walked from the start"
        );
        let velocities = calls.borrow()[done..]
            .iter()
            .filter(|call| **call == Call::Velocity)
            .count();
        let frames = &fresh.frames()[kept.max(1)..];
        assert_eq!(
            velocities,
            frames.iter().map(|frame| frame.evaluations).sum::<usize>()
        );
    };
    let restart = |kept| Change::Trajectory { kept };
    expect(|_| {}, Change::Nothing);
    expect(|r| r.sampling.rtol = 0.1, Change::Nothing);
    expect(
        |r| r.condition = Treatment::Listed("renamed".into()),
        Change::Nothing,
    );
    expect(|r| r.view.hidden = vec![0], Change::Display);
    expect(|r| r.sampling.alpha = 1.0, restart(1));
    expect(|r| r.sampling.solver = Solver::Dopri5, restart(1));
    expect(|r| r.sampling.steps = 8, restart(1));
    expect(|r| r.sampling.grid = GridKind::Cosine, restart(1));
    expect(|r| r.sampling.seed = 8, restart(0));
    expect(|r| r.sampling.noise = 0.0, restart(0));
    expect(|r| r.direction = Direction::Reverse, restart(0));
    expect(|r| r.sampling.grid = GridKind::Edm, restart(0));
    expect(|r| r.direction = Direction::Return, restart(5));
}

#[test]
fn leaving_the_way_back_out_keeps_the_way_there() {
    for change in [(|_| {}) as fn(&mut Recipe), adaptive] {
        let there = walked(prepared(change));
        let mut exploration = walked(prepared(|r| {
            change(r);
            r.direction = Direction::Return;
        }));
        let kept = there.frames().len();
        assert_eq!(exploration.apply(prepared(change)), Change::Trajectory { kept });
        assert_eq!(exploration.frames(), there.frames());
        assert!(exploration.is_finished());
    }
}

#[test]
fn a_seed_without_noise_and_a_grid_without_grid_steps_change_nothing() {
    let mut silent = walked(prepared(|r| r.sampling.noise = 0.0));
    let other_seed = prepared(|r| {
        r.sampling.noise = 0.0;
        r.sampling.seed = 99;
    });
    assert_eq!(silent.apply(other_seed), Change::Nothing);
    let mut walked = walked(prepared(adaptive));
    let other_grid = prepared(|r| {
        adaptive(r);
        r.sampling.grid = GridKind::Edm;
        r.sampling.steps = 50;
    });
    assert_eq!(walked.apply(other_grid), Change::Nothing);
}

#[test]
fn a_step_that_was_looked_ahead_is_forgotten_when_the_flow_changes() {
    let mut exploration = with_engine(prepared(|_| {}), TestEngine::default());
    block_on(exploration.advance(Pacing::Continuous)).unwrap();
    exploration.apply(prepared(|r| r.sampling.alpha = 0.5));
    run_to_end(&mut exploration, Pacing::Continuous).unwrap();
    assert_eq!(
        exploration.frames(),
        walked(prepared(|r| r.sampling.alpha = 0.5)).frames()
    );
}

#[test]
fn numbers_that_are_none_end_the_walk_and_keep_what_was_reached() {
    for change in [(|_| {}) as fn(&mut Recipe), adaptive] {
        let engine = TestEngine {
            broken_from: Some(0.6),
            ..TestEngine::default()
        };
        let mut exploration = with_engine(prepared(change), engine);
        let error = run_to_end(&mut exploration, Pacing::Single).unwrap_err();
        assert!(matches!(error, StepError::NotFinite { t } if t < 0.6), "{error}");
        assert!(exploration.frames().len() > 1);
        assert!(
            exploration
                .frames()
                .iter()
                .all(|frame| frame.values.iter().all(|v| v.is_finite()))
        );
    }
}

#[test]
fn an_adaptive_walk_that_does_not_arrive_is_ended() {
    let mut recipe = recipe();
    adaptive(&mut recipe);
    // A motion this fast allows no step beyond 3.3 / 30,000, whatever the tolerance.
    let stiff = PreparedWalk::of_parts(recipe, &[0.0; 32], vec![3e4]).unwrap();
    let mut exploration = with_engine(stiff, TestEngine::default());
    let error = run_to_end(&mut exploration, Pacing::Single).unwrap_err();
    assert!(matches!(error, StepError::TooManySteps { .. }), "{error}");
    assert_eq!(exploration.frames().len(), ADAPTIVE_STEPS + 1);
}

#[test]
fn trials_that_the_adaptive_solver_rejected_are_counted_with_the_step_they_came_before() {
    let mut recipe = recipe();
    adaptive(&mut recipe);
    let fast = PreparedWalk::of_parts(recipe, &[0.0; 32], vec![6e1]).unwrap();
    let exploration = walked(fast);
    let rejected: usize = exploration.frames().iter().map(|frame| frame.rejected).sum();
    assert!(rejected > 0);
    // Six evaluations for each trial, rejected or not, and at most three more to begin with.
    for frame in &exploration.frames()[1..] {
        let trials = 6 * (frame.rejected + 1);
        assert!((trials..trials + 4).contains(&frame.evaluations), "{frame:?}");
    }
}

#[test]
fn the_condition_s_effect_times_alpha_is_what_guidance_adds_to_the_velocity_of_no_condition() {
    for alpha in [0.0, 1.0, 1.2, 3.0] {
        let mut exploration = walked(prepared(|r| r.sampling.alpha = alpha));
        let frame = exploration.frames()[2].clone();
        let effect = block_on(exploration.condition_effect(2)).unwrap().unwrap();
        let mut engine = TestEngine::default();
        let x = engine.upload(&frame.values).unwrap();
        let mut velocity = |alpha: f64| {
            engine.condition(&[vec![0.8, 0.0]], Guidance { alpha }).unwrap();
            engine.velocity(frame.t, &x).unwrap()
        };
        let (guided, without) = (velocity(alpha), velocity(0.0));
        for ((guided, without), effect) in guided.iter().zip(without.iter()).zip(&effect) {
            let expected = f64::from(*without) + alpha * f64::from(*effect);
            assert!(
                (f64::from(*guided) - expected).abs() < 1e-5,
                "{guided} {expected}"
            );
        }
        assert!(effect.iter().any(|value| value.abs() > 0.1));
        assert_eq!(block_on(exploration.condition_effect(99)).unwrap(), None);
    }
}

#[test]
fn a_condition_that_the_network_takes_as_none_has_no_effect_and_alpha_does_not_matter_there() {
    // At t = 0 the test's network gives 0 without a condition, and 0 under one of zeros.
    let without = |alpha: f64| {
        let mut recipe = recipe();
        recipe.sampling.alpha = alpha;
        recipe.sampling.solver = "euler".parse().unwrap();
        PreparedWalk::of_parts(recipe, &[0.5; 32], vec![0.0, 0.0]).unwrap()
    };
    let mut first = with_engine(without(0.5), TestEngine::default());
    assert_eq!(block_on(first.condition_effect(0)).unwrap(), Some(vec![0.0; 32]));
    let mut second = with_engine(without(3.0), TestEngine::default());
    for exploration in [&mut first, &mut second] {
        block_on(exploration.advance(Pacing::Single)).unwrap();
    }
    assert_eq!(first.frames(), second.frames());
}

#[test]
fn asking_for_the_condition_s_effect_changes_nothing_of_the_walk() {
    for solver in Solver::ALL {
        let whole = walked(prepared(|r| r.sampling.solver = solver));
        let mut asked = with_engine(prepared(|r| r.sampling.solver = solver), TestEngine::default());
        while !asked.is_finished() {
            // In the middle of a step, too.
            block_on(asked.evaluate()).unwrap();
            assert!(block_on(asked.condition_effect(0)).unwrap().is_some());
            block_on(asked.advance(Pacing::Continuous)).unwrap();
        }
        assert_eq!(asked.frames(), whole.frames(), "{solver}");
    }
    let mut bare: Exploration<TestEngine> = Exploration::new(prepared(|_| ()));
    let error = block_on(bare.condition_effect(0)).unwrap_err();
    assert_eq!(error, StepError::NoEngine);
    let mut broken = with_engine(
        prepared(|_| ()),
        TestEngine {
            broken_from: Some(0.0),
            ..TestEngine::default()
        },
    );
    let error = block_on(broken.condition_effect(0)).unwrap_err();
    assert!(matches!(error, StepError::NotFinite { .. }), "{error}");
}

#[test]
fn steps_under_quick_weights_say_so_as_do_all_after_them_until_the_walk_starts_over() {
    let mut exploration = Exploration::new(prepared(|_| ()));
    exploration.attach_engine_of(TestEngine::default(), Some(WeightDtype::Int8));
    block_on(exploration.advance(Pacing::Single)).unwrap();
    // The full weights have come: what is walked with them still starts where the quick ones led.
    exploration.attach_engine(TestEngine::default());
    assert_eq!(exploration.quick(), None);
    run_to_end(&mut exploration, Pacing::Single).unwrap();
    let said: Vec<_> = exploration.frames().iter().map(|frame| frame.quick).collect();
    let int8 = Some(WeightDtype::Int8);
    assert_eq!(said, [None, int8, int8, int8, int8]);

    exploration.apply(prepared(|recipe| recipe.sampling.alpha = 2.0));
    run_to_end(&mut exploration, Pacing::Single).unwrap();
    assert!(exploration.frames().iter().all(|frame| frame.quick.is_none()));
}

#[test]
fn a_frame_reached_elsewhere_is_gone_on_from_with_the_same_numbers() {
    let unchanged: fn(&mut Recipe) = |_| ();
    for change in [unchanged, adaptive] {
        let whole = walked(prepared(change));
        let last = whole.frames().len() - 1;
        for handed in 1..last {
            // The first steps come from elsewhere; another exploration begins at the one after its start.
            let mut follower = with_engine(prepared(change), TestEngine::default());
            for frame in &whole.frames()[1..=handed] {
                follower.take_frame(frame.clone()).unwrap();
            }
            run_to_end(&mut follower, Pacing::Single).unwrap();
            let mut placed = with_engine(prepared(change), TestEngine::default());
            placed.take_frame(whole.frames()[handed].clone()).unwrap();
            run_to_end(&mut placed, Pacing::Single).unwrap();
            for (exploration, from) in [(&follower, handed), (&placed, 1)] {
                let reached = exploration.frames()[from..]
                    .iter()
                    .map(|frame| (frame.t, &frame.values));
                let expected = whole.frames()[handed..]
                    .iter()
                    .map(|frame| (frame.t, &frame.values));
                assert!(reached.eq(expected), "from frame {handed}");
            }
        }
    }
}

#[test]
fn a_frame_reached_elsewhere_says_under_which_weights_the_way_to_it_ran() {
    let whole = walked(prepared(|_| ()));
    let int8 = Some(WeightDtype::Int8);
    let mut exploration = Exploration::new(prepared(|_| ()));
    exploration.attach_engine_of(TestEngine::default(), int8);
    block_on(exploration.advance(Pacing::Single)).unwrap();
    exploration.take_frame(whole.frames()[2].clone()).unwrap();

    let mut follower = Exploration::<TestEngine>::new(prepared(|_| ()));
    let quick = Frame {
        quick: int8,
        ..whole.frames()[1].clone()
    };
    follower.take_frame(quick).unwrap();
    follower.take_frame(whole.frames()[2].clone()).unwrap();
    for frames in [exploration.frames(), follower.frames()] {
        let said: Vec<_> = frames.iter().map(|frame| frame.quick).collect();
        assert_eq!(said, [None, int8, int8]);
    }
}

#[test]
fn a_frame_that_does_not_lie_ahead_is_refused_and_changes_nothing() {
    let whole = walked(prepared(|_| ()));
    let mut exploration = Exploration::<TestEngine>::new(prepared(|_| ()));
    let second = whole.frames()[2].clone();
    exploration.take_frame(second.clone()).unwrap();
    let short = Frame {
        values: vec![0.0],
        ..second.clone()
    };
    let broken = Frame {
        values: vec![f32::NAN; second.values.len()],
        ..second.clone()
    };
    let beyond = Frame {
        waypoint: 99,
        ..second.clone()
    };
    for frame in [whole.frames()[1].clone(), short, broken, beyond] {
        assert!(matches!(
            exploration.take_frame(frame),
            Err(StepError::ForeignFrame { .. })
        ));
    }
    assert_eq!(exploration.frames().len(), 2);
    let mut finished = walked(prepared(|_| ()));
    assert!(finished.take_frame(second).is_err());
}
