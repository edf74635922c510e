//! The order of values outside and on the device.

/// `[N, C, H, W]` to the device's `[N, H, W, padded C]`.
pub(crate) fn to_device_layout(values: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let padded = channels.next_multiple_of(4);
    let mut out = vec![0.0; values.len() / channels * padded];
    for (to, from) in out
        .chunks_exact_mut(pixels * padded)
        .zip(values.chunks_exact(pixels * channels))
    {
        for (channel, plane) in from.chunks_exact(pixels).enumerate() {
            for (pixel, value) in to.chunks_exact_mut(padded).zip(plane) {
                pixel[channel] = *value;
            }
        }
    }
    out
}

/// The device's `[N, H, W, padded C]` to `[N, C, H, W]`.
pub(crate) fn from_device_layout(values: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let padded = channels.next_multiple_of(4);
    let mut out = Vec::with_capacity(values.len() / padded * channels);
    for image in values.chunks_exact(pixels * padded) {
        for channel in 0..channels {
            out.extend(image.iter().skip(channel).step_by(padded));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pixels_come_together_and_padding_is_zero() {
        // One image of three channels and two pixels.
        let device = to_device_layout(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2);
        assert_eq!(device, [1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 0.0]);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(images in 1_usize..4, channels in 1_usize..10, pixels in 1_usize..30) {
            let values: Vec<f32> = (0..images * channels * pixels).map(|v| v as f32).collect();
            let back = from_device_layout(&to_device_layout(&values, channels, pixels), channels, pixels);
            prop_assert_eq!(back, values);
        }
    }
}
