//! The ground that stains are painted on: the crop and a margin, so that light of neighbours and blur comes
//! in from outside the crop.

/// Width in pixels of the margin around the crop that is painted, blurred and cut away.
const MARGIN: usize = 14;

/// One stain's light, or any other number per pixel.
#[derive(Clone)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f64>,
}

impl Canvas {
    /// An empty canvas for a crop of this size.
    pub(super) fn new(crop_height: usize, crop_width: usize) -> Self {
        let (width, height) = (crop_width + 2 * MARGIN, crop_height + 2 * MARGIN);
        Self {
            width,
            height,
            values: vec![0.0; width * height],
        }
    }

    /// Fills a canvas of the same size from pixel coordinates relative to the crop's centre.
    pub(super) fn painted(&self, mut paint: impl FnMut(usize, f64, f64) -> f64) -> Self {
        let (centre_x, centre_y) = self.centre();
        let values = (0..self.values.len())
            .map(|i| {
                paint(
                    i,
                    (i % self.width) as f64 - centre_x,
                    (i / self.width) as f64 - centre_y,
                )
            })
            .collect();
        Self { values, ..*self }
    }

    fn centre(&self) -> (f64, f64) {
        ((self.width as f64 - 1.0) / 2.0, (self.height as f64 - 1.0) / 2.0)
    }

    /// Half the canvas's diagonal: nothing farther from the centre is seen.
    pub(super) fn radius(&self) -> f64 {
        let (x, y) = self.centre();
        libm::sqrt(x * x + y * y)
    }

    /// The index of the pixel nearest to a place relative to the crop's centre.
    pub(super) fn index(&self, x: f64, y: f64) -> Option<usize> {
        let (centre_x, centre_y) = self.centre();
        let (column, row) = (libm::round(x + centre_x), libm::round(y + centre_y));
        let inside = column >= 0.0 && row >= 0.0 && column < self.width as f64 && row < self.height as f64;
        inside.then(|| row as usize * self.width + column as usize)
    }

    /// Adds light at a place relative to the crop's centre, shared among the four pixels around it.
    pub(super) fn splat(&mut self, x: f64, y: f64, light: f64) {
        let (centre_x, centre_y) = self.centre();
        let (x, y) = (x + centre_x, y + centre_y);
        let (left, top) = (libm::floor(x), libm::floor(y));
        if left < 0.0 || top < 0.0 || left + 1.0 >= self.width as f64 || top + 1.0 >= self.height as f64 {
            return;
        }
        let (u, v) = (x - left, y - top);
        let corner = top as usize * self.width + left as usize;
        let shares = [
            (0, (1.0 - u) * (1.0 - v)),
            (1, u * (1.0 - v)),
            (self.width, (1.0 - u) * v),
            (self.width + 1, u * v),
        ];
        for (offset, share) in shares {
            if let Some(value) = self.values.get_mut(corner + offset) {
                *value += light * share;
            }
        }
    }

    /// Gaussian blur of `sigma` pixels; beyond the edge, the edge's pixels are repeated.
    pub(super) fn blur(&mut self, sigma: f64) {
        if sigma < 0.05 {
            return;
        }
        let reach = libm::ceil(3.0 * sigma) as i64;
        let weights: Vec<f64> = (-reach..=reach)
            .map(|d| libm::exp(-0.5 * (d * d) as f64 / (sigma * sigma)))
            .collect();
        let total: f64 = weights.iter().sum();
        for (step, length, lines, line_step) in [
            (1, self.width, self.height, self.width),
            (self.width, self.height, self.width, 1),
        ] {
            let mut line = Vec::with_capacity(length);
            for start in (0..lines).map(|n| n * line_step) {
                line.clear();
                line.extend(self.values.iter().skip(start).step_by(step).take(length).copied());
                for (place, value) in self
                    .values
                    .iter_mut()
                    .skip(start)
                    .step_by(step)
                    .take(length)
                    .enumerate()
                {
                    let sum: f64 = weights
                        .iter()
                        .zip(-reach..=reach)
                        .map(|(weight, d)| {
                            let from = (place as i64 + d).clamp(0, length as i64 - 1) as usize;
                            weight * line.get(from).copied().unwrap_or_default()
                        })
                        .sum();
                    *value = sum / total;
                }
            }
        }
    }

    /// The crop without its margin, row by row.
    pub(super) fn cropped(&self) -> Vec<f64> {
        let rows = self
            .values
            .chunks_exact(self.width)
            .skip(MARGIN)
            .take(self.height - 2 * MARGIN);
        rows.flat_map(|row| row.iter().skip(MARGIN).take(self.width - 2 * MARGIN).copied())
            .collect()
    }
}
