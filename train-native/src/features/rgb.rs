//! Microscopy channels as the red, green and blue that a network of natural images takes.

use super::FeatureError;

/// How much each of `RxRx1`'s six channels adds to red, green and blue, in halves: the public code's matrix,
/// which shows them as blue, green, red, cyan, magenta and yellow. The weights of each colour sum to 2.
const RXRX1_HALVES: [[u16; 3]; 6] = [[0, 0, 2], [0, 2, 0], [2, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]];

/// Images `[N, C, H, W]` of bytes as `[N, 3, H, W]`, by the number of channels as the public code does it:
///
/// - 3 (BBBC021) stay as they are, in the order of the model's channels;
/// - 5 (CPJUMP1) are their first 3;
/// - 6 (`RxRx1`) are mixed by a fixed matrix in the model's range -1..1, where a channel darker than the
///   middle value takes light away: `255 (m + 1) / 2` with `m` the mixture, cut off at -1 and 1, rounded
///   down.
///
/// # Errors
/// [`FeatureError::Shape`] for another number of channels, for which no rule is published, and for bytes that
/// do not fill the shape.
pub fn rgb(images: &[u8], shape: [usize; 4]) -> Result<Vec<u8>, FeatureError> {
    let [count, channels, height, width] = shape;
    let pixels = height * width;
    if pixels == 0 || images.len() != count * channels * pixels {
        return Err(FeatureError::Shape {
            what: "images",
            found: format!("{} bytes for {shape:?}", images.len()),
            expected: "[N, C, H, W] and as many bytes".to_owned(),
        });
    }
    match channels {
        3 => Ok(images.to_vec()),
        5 => Ok(images
            .chunks_exact(channels * pixels)
            .flat_map(|image| image.iter().take(3 * pixels).copied())
            .collect()),
        6 => Ok(images
            .chunks_exact(channels * pixels)
            .flat_map(|image| mixed(image, pixels))
            .collect()),
        _ => Err(FeatureError::Shape {
            what: "images as red, green and blue",
            found: format!("{channels} channels"),
            expected: "3, 5 or 6; for others compute features elsewhere and give them as `table:FILE`"
                .to_owned(),
        }),
    }
}

/// One image of six channels, mixed: `[3, H, W]`.
fn mixed(image: &[u8], pixels: usize) -> Vec<u8> {
    let mut halves = vec![0u16; 3 * pixels];
    for (channel, weights) in image.chunks_exact(pixels).zip(RXRX1_HALVES) {
        for (plane, weight) in halves.chunks_exact_mut(pixels).zip(weights) {
            for (sum, &value) in plane.iter_mut().zip(channel) {
                *sum += weight * u16::from(value);
            }
        }
    }
    halves
        .into_iter()
        // A byte q is q / 127.5 - 1 in the model's range; a sum of two has one 127.5 too much.
        .map(|halves| u8::try_from(halves.saturating_sub(255) / 2).unwrap_or(u8::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_stay_five_lose_two_and_six_are_mixed() {
        // Two images of one row of two pixels.
        let images: Vec<u8> = (0..12).collect();
        assert_eq!(rgb(&images, [2, 3, 1, 2]).unwrap(), images);
        let images: Vec<u8> = (0..20).collect();
        assert_eq!(
            rgb(&images, [2, 5, 1, 2]).unwrap(),
            [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]
        );
        // One pixel: red has channel 3 and half of 5 and 6; green 2 and half of 4 and 6; blue 1, 4 and 5.
        let found = rgb(&[110, 120, 130, 140, 150, 161], [1, 6, 1, 1]).unwrap();
        let [red, green, blue] = [130.0 + 155.5, 120.0 + 150.5, 110.0 + 145.0];
        assert_eq!(found, [red, green, blue].map(|sum: f64| (sum - 127.5) as u8));
        assert_eq!(rgb(&[255; 6], [1, 6, 1, 1]).unwrap(), [255; 3]);
        assert_eq!(rgb(&[60; 6], [1, 6, 1, 1]).unwrap(), [0; 3]);
    }

    #[test]
    fn other_numbers_of_channels_are_refused_by_number() {
        let error = rgb(&[0; 4], [1, 4, 1, 1]).unwrap_err().to_string();
        assert!(
            error.contains("4 channels") && error.contains("table:FILE"),
            "{error}"
        );
        assert!(rgb(&[0; 5], [1, 3, 1, 2]).is_err());
    }
}
