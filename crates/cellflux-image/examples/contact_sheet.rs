//! Writes a contact sheet of synthetic cells, and of real crops beside them where given.
//!
//! `cargo run -p cellflux-image --example contact_sheet -- OUT.png [REAL_CROP.png ...]`
//!
//! Rows from the top: untreated cells, then one effect per row, then the real crops. All are shown in the
//! same window.

use std::error::Error;

use cellflux_image::composite::{Display, Rgba, composite};
use cellflux_image::crop::{Crop, cut};
use cellflux_image::synthetic::{Batch, Cell, Effects};
use cellflux_image::{ImageSpec, assign, decode, strip};

const SIDE: usize = 64;
const COLUMNS: u64 = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments
        .next()
        .ok_or("expected the file to write, for example sheet.png")?;
    let spec = ImageSpec::bbbc021(SIDE, SIDE);

    let none = Effects::default();
    let rows = [
        none,
        Effects {
            nuclear_size: 1.5,
            ..none
        },
        Effects {
            fragmentation: 1.0,
            ..none
        },
        Effects {
            microtubules: 0.0,
            ..none
        },
        Effects {
            bundling: 1.0,
            ..none
        },
        Effects {
            ruffling: 1.0,
            actin_fibres: 1.5,
            ..none
        },
        Effects {
            cell_size: 0.5,
            ..none
        },
        Effects {
            rounding: 1.0,
            ..none
        },
    ];
    let mut crops = Vec::new();
    for seed in 0..COLUMNS {
        crops.push(
            Cell {
                batch: Batch::drawn(seed),
                ..Cell::untreated(100 + seed)
            }
            .render(SIDE, SIDE)?,
        );
    }
    for effects in rows {
        for seed in 0..COLUMNS {
            crops.push(
                Cell {
                    effects,
                    ..Cell::untreated(seed)
                }
                .render(SIDE, SIDE)?,
            );
        }
    }
    for path in arguments {
        let pictures = [decode(&path, &std::fs::read(&path)?)?];
        let assignment = assign::suggest(&pictures, &spec)?.complete(&pictures, &spec)?;
        let place = Crop::centred(pictures[0].width(), pictures[0].height(), &spec);
        crops.push(cut(&spec, &pictures, &assignment, place, None)?.bytes);
    }

    let display = Display::of(&spec);
    let frames = crops
        .iter()
        .map(|crop| composite(&spec, &display, &spec.to_model_range(crop)?))
        .collect::<Result<Vec<_>, _>>()?;
    std::fs::write(&out, strip::encode_png(&sheet(&frames))?)?;
    println!("{out}: {} crops of {SIDE} x {SIDE} px", frames.len());
    Ok(())
}

/// Rows of frames below one another; the last row is filled up with black.
fn sheet(frames: &[Rgba]) -> Rgba {
    let columns = COLUMNS as usize;
    let mut pixels = Vec::new();
    let rows = frames.len().div_ceil(columns);
    for row in frames.chunks(columns) {
        for y in 0..SIDE {
            for column in 0..columns {
                match row.get(column) {
                    Some(frame) => pixels.extend(&frame.pixels[4 * SIDE * y..4 * SIDE * (y + 1)]),
                    None => pixels.extend([0, 0, 0, 255].repeat(SIDE)),
                }
            }
        }
    }
    Rgba {
        width: columns * SIDE,
        height: rows * SIDE,
        pixels,
    }
}
