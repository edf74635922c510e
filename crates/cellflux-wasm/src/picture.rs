//! Pictures for a canvas.

use cellflux_image::composite::Rgba;
use js_sys::{Object, Reflect, Uint8ClampedArray};
use wasm_bindgen::JsValue;

/// `{ width, height, rgba: Uint8ClampedArray }`, the bytes copied once; their buffer can be transferred.
pub fn to_js(picture: &Rgba) -> JsValue {
    let object = Object::new();
    let rgba = Uint8ClampedArray::from(picture.pixels.as_slice());
    for (name, value) in [
        ("width", JsValue::from_f64(picture.width as f64)),
        ("height", JsValue::from_f64(picture.height as f64)),
        ("rgba", rgba.into()),
    ] {
        set(&object, name, &value);
    }
    object.into()
}

/// Sets a property of a plain object, which cannot fail.
pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    // `Reflect::set` fails on proxies and frozen objects only; these are our own.
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}
