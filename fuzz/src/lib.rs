//! Hostile inputs for every reader of this repository.
//!
//! A [`Target`] is a function that takes any bytes: it may refuse them with a sentence, and must not panic,
//! overflow, hang or let through what its reader promises to stop. `cargo fuzz` finds its inputs by coverage
//! (a nightly compiler); the program `cellflux-fuzz` needs none: it changes the corpus at random ([`mutate`])
//! and keeps what is answered in a new way ([`hunt`]). `cargo xtask fuzz` runs it target by target.

pub mod corpus;
pub mod hunt;
pub mod model;
pub mod mutate;
pub mod seeds;
pub mod targets;

/// What a reader makes of an input: taken, or refused with a sentence.
pub type Outcome = Result<(), String>;

/// The longest sentence that a refusal of a stranger's file may take: a message must not repeat the attack.
pub const LONGEST_SENTENCE: usize = 2000;

/// A reader under attack.
pub struct Target {
    /// Its name: of the corpus' folder, of the libFuzzer target.
    pub name: &'static str,
    /// What it reads, for tables.
    pub reads: &'static str,
    /// Hands an input to the reader.
    pub read: fn(&[u8]) -> Outcome,
    /// Whether it is the user's own text, of which a message may quote a whole line.
    pub own: bool,
    /// Words of the format, which random bytes would not hit upon.
    pub words: &'static [&'static str],
}

impl Target {
    /// Reads one input.
    ///
    /// # Errors
    /// The sentence that the reader refuses it with, which is a good answer.
    ///
    /// # Panics
    /// Where the reader panics or what it promises does not hold: that is what is being looked for.
    pub fn try_input(&self, input: &[u8]) -> Outcome {
        let outcome = (self.read)(input);
        if let Err(sentence) = &outcome {
            assert!(
                self.own || sentence.len() <= LONGEST_SENTENCE,
                "a refusal of {} bytes: {:.300}",
                sentence.len(),
                sentence
            );
        }
        outcome
    }
}

/// Hands an input to the target of a name, for the libFuzzer targets.
///
/// # Panics
/// As [`Target::try_input`], and for a name that no target has.
pub fn one_case(name: &str, input: &[u8]) {
    let target = targets::named(name);
    assert!(target.is_some(), "no target is called {name}");
    if let Some(target) = target {
        // A refusal is a good answer.
        let _ = target.try_input(input);
    }
}
