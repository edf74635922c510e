//! Draws every chart of an evaluation: `cargo run --example draw -- MODEL evaluation.json FOLDER`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use cellflux_bundle::Evaluation;
use cellflux_figures::{Chart, Labels, Source, charts};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(model), Some(file), Some(folder)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("expected the model's name, evaluation.json and a folder".into());
    };
    let evaluation = Evaluation::from_json(&fs::read(file)?)?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    let labels = Labels::english(evaluation.data.nature());
    for Chart { name, figure } in charts(&evaluation, &labels) {
        let path = folder.join(format!("{name}.svg"));
        fs::write(&path, figure.standalone(&Source::of(&model, &evaluation)))?;
        println!("{}", path.display());
    }
    Ok(())
}
