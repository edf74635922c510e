//! A step that was reached, as plain numbers: what scrubbing, export and recovery need.

use cellflux_bundle::quantise::WeightDtype;
use serde::Serialize;

/// An image of a trajectory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// Its time on the flow, 0 at the control and 1 at the treated image.
    pub t: f64,
    /// Guided velocities evaluated to reach it from the frame before; 0 for the start.
    pub evaluations: usize,
    /// Trials that the adaptive solver rejected before it; their evaluations are counted above.
    pub rejected: usize,
    /// The waypoint that the step to it was heading for, counted from 0, the start's.
    pub waypoint: usize,
    /// The step that the adaptive solver tries next, while it is between two waypoints.
    pub step_size: Option<f64>,
    /// The quick weights under which it or a frame before it was computed; nothing where all of them ran
    /// under the bundle's own, and for the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quick: Option<WeightDtype>,
    /// The image `[C, H, W]` in model range, as read back.
    #[serde(skip)]
    pub values: Vec<f32>,
}
