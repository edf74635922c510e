//! The engine of a walk, which asks another worker for half of what it computes.

use std::future::Future;
use std::pin::Pin;

use cellflux_engine::AnyEngine;
use cellflux_flow::halves::{Halves, OtherHalf};
use js_sys::{Float32Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// An engine that has the other halves of its velocities computed by a [`Helper`], where there is one.
pub(crate) type SharedEngine = Halves<AnyEngine, Helper>;

/// The worker's function that asks other workers.
pub(crate) struct Helper(Function);

impl Helper {
    pub(crate) fn new(ask: Function) -> Self {
        Self(ask)
    }
}

impl OtherHalf for Helper {
    type Coming = Pin<Box<dyn Future<Output = Option<Vec<f32>>>>>;

    fn ask(&mut self, t: f64, x: &[f32]) -> Option<Self::Coming> {
        // A copy outside of the module's memory, which is handed on.
        let image = JsValue::from(Float32Array::from(x));
        let answer = self.0.call2(&JsValue::NULL, &JsValue::from_f64(t), &image);
        let promise = answer.ok()?.dyn_into::<Promise>().ok()?;
        Some(Box::pin(async move {
            let velocity = JsFuture::from(promise).await.ok()?;
            Some(velocity.dyn_into::<Float32Array>().ok()?.to_vec())
        }))
    }
}
