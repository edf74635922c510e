//! Looking for inputs that a reader does not withstand, on any compiler.
//!
//! Without instrumentation there is no coverage; the answers stand in for it. An input that is refused with a
//! new kind of sentence has gone another way through the reader, and is changed further.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::mutate::Mutator;
use crate::{Target, corpus};

/// How long a case may take before the program ends itself, so that a hang is told.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The exit status that says so.
pub const HUNG: i32 = 124;

/// How a hunt goes.
pub struct Settings {
    /// For how long.
    pub time: Duration,
    /// The same seed, corpus and number of cases give the same inputs.
    pub seed: u64,
    /// Where findings go, and the input that is being read: what is left of it when the process dies.
    pub folder: PathBuf,
    /// Whether inputs that are answered in a new way go into the corpus.
    pub keep: bool,
}

/// What a hunt came to.
pub struct Catch {
    /// Inputs read.
    pub cases: u64,
    /// Inputs that were taken for what they say they are.
    pub taken: u64,
    /// Kinds of answers met.
    pub answers: usize,
    /// The longest case in seconds.
    pub slowest_s: f64,
    /// Inputs that broke a promise, one for each place of failure: the failure and the file.
    pub findings: BTreeMap<String, PathBuf>,
}

/// Where the input that is being read stands.
pub fn current_file(folder: &Path, target: &Target) -> PathBuf {
    folder.join(format!("{}.current", target.name))
}

/// Hunts until the time is over.
///
/// # Errors
/// Where the corpus or the folder of findings cannot be used.
pub fn hunt(target: &Target, settings: &Settings) -> Result<Catch> {
    fs::create_dir_all(&settings.folder).context("cannot make the folder of findings")?;
    let mut inputs: Vec<Vec<u8>> = corpus::read(target)?.into_values().collect();
    if inputs.is_empty() {
        inputs.push(Vec::new());
    }
    let told = listen_to_panics();
    let beat = watch();
    let path = current_file(&settings.folder, target);
    let mut current = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut mutator = Mutator::new(settings.seed, target.words);
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept = Catch {
        cases: 0,
        taken: 0,
        answers: 0,
        slowest_s: 0.0,
        findings: BTreeMap::new(),
    };
    let start = Instant::now();
    while start.elapsed() < settings.time {
        let index = kept.cases as usize;
        let input = if let Some(seed) = inputs.get(index).filter(|_| known.len() <= index) {
            seed.clone()
        } else {
            let (base, other) = (mutator.below(inputs.len()), mutator.below(inputs.len()));
            match (inputs.get(base), inputs.get(other)) {
                (Some(base), Some(other)) => mutator.change(base, other),
                _ => Vec::new(),
            }
        };
        note(&mut current, &input).context("cannot write down the input")?;
        let began = Instant::now();
        beat.fetch_add(1, Ordering::Relaxed);
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| target.try_input(&input)));
        kept.slowest_s = kept.slowest_s.max(began.elapsed().as_secs_f64());
        kept.cases += 1;
        let Ok(outcome) = outcome else {
            let failure = told.lock().map_or_else(|_| "a panic".into(), |told| told.clone());
            if !kept.findings.contains_key(&failure) && kept.findings.len() < 20 {
                let file = settings
                    .folder
                    .join(format!("{}-{}", target.name, corpus::name(&input)));
                fs::write(&file, &input).context("cannot write a finding")?;
                kept.findings.insert(failure, file);
            }
            continue;
        };
        kept.taken += u64::from(outcome.is_ok());
        let kind = corpus::kind(&outcome);
        // Of one kind the smallest input is kept: it is changed into another one soonest.
        let smaller = known
            .get(&kind)
            .is_none_or(|&length| input.len() < length * 3 / 4);
        if smaller && known.len() < 400 {
            if settings.keep && !known.contains_key(&kind) {
                let file = corpus::folder(target).join(corpus::name(&input));
                fs::create_dir_all(corpus::folder(target)).context("cannot make the corpus' folder")?;
                fs::write(file, &input).context("cannot write into the corpus")?;
            }
            known.insert(kind, input.len());
            inputs.push(input);
        }
    }
    kept.answers = known.len();
    let _ = fs::remove_file(path);
    Ok(kept)
}

/// Keeps the input on disk before it is read, since a reader may take the process with it.
fn note(current: &mut File, input: &[u8]) -> std::io::Result<()> {
    current.rewind()?;
    current.write_all(input)?;
    current.set_len(input.len() as u64)
}

/// Keeps what the last panic said and where, instead of printing thousands of them.
fn listen_to_panics() -> Arc<Mutex<String>> {
    let told = Arc::new(Mutex::new(String::new()));
    let ear = Arc::clone(&told);
    panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
        let message: String = info.payload_as_str().unwrap_or("").chars().take(300).collect();
        if let Ok(mut told) = ear.lock() {
            *told = if place.starts_with("fuzz/") {
                // A promise of a target: which word or value broke it is part of the finding.
                format!("{place}: {}", message.chars().take(24).collect::<String>())
            } else {
                place
            };
        }
        eprintln!("finding: {message}");
    }));
    told
}

/// Ends the process when a case takes longer than [`PATIENCE`]. The counter is raised at every case. Time is
/// counted in looks at the counter, since a clock goes on while the process is stopped or the machine sleeps.
fn watch() -> Arc<AtomicU64> {
    const LOOK: Duration = Duration::from_millis(500);
    let beat = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&beat);
    std::thread::spawn(move || {
        let (mut last, mut looks) = (0, 0);
        loop {
            std::thread::sleep(LOOK);
            let now = heard.load(Ordering::Relaxed);
            looks = if now == last { looks + 1 } else { 0 };
            last = now;
            if LOOK * looks > PATIENCE {
                std::process::exit(HUNG);
            }
        }
    });
    beat
}
