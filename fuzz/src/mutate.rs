//! Changing an input at random: bits, numbers, words of the format, parts of other inputs.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The largest input that is made.
pub const LARGEST: usize = 32 << 10;

/// Numbers at which readers go wrong.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// A source of changes; the same seed gives the same changes.
pub struct Mutator {
    random: ChaCha8Rng,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// Changes with these words of the format. A character up to U+00FF stands for the byte of that number.
    pub fn new(seed: u64, words: &[&str]) -> Self {
        let bytes = |word: &&str| word.chars().flat_map(byte_or_text).collect();
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            words: words.iter().map(bytes).collect(),
        }
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        match bound {
            0 => 0,
            bound => (self.random.next_u64() % bound as u64) as usize,
        }
    }

    /// A changed input, of one to eight changes; `other` is what parts may be taken from.
    pub fn change(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        let changes = 1 << self.below(4);
        for _ in 0..changes {
            self.change_once(&mut bytes, other);
        }
        bytes.truncate(LARGEST);
        bytes
    }

    fn change_once(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len());
        let length = self.length(bytes.len() - at.min(bytes.len()));
        match self.below(11) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = self.random.next_u32() as u8;
                }
            }
            2 => self.write_edge(bytes, at),
            3 => self.write_digits(bytes, at),
            4 => drop(bytes.drain(at..at + length)),
            5 => {
                let part = bytes.get(at..at + length).unwrap_or_default().to_vec();
                let times = 1 + self.below(4).pow(3);
                let to = self.below(bytes.len() + 1);
                insert(bytes, to, &part.repeat(times));
            }
            6 => {
                let from = self.below(other.len());
                let length = self.length(other.len() - from.min(other.len()));
                let part = other.get(from..from + length).unwrap_or_default();
                insert(bytes, at, part);
            }
            7 => {
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend(other.get(from..).unwrap_or_default());
            }
            8 if bytes.len() > 1 && self.below(4) == 0 => bytes.truncate(at),
            _ => {
                let word = self.below(self.words.len());
                let Some(word) = self.words.get(word).cloned() else {
                    return;
                };
                if self.below(2) == 0 {
                    insert(bytes, at, &word);
                } else {
                    let end = bytes.len().min(at + word.len());
                    bytes.splice(at..end, word);
                }
            }
        }
    }

    /// A length up to `most`, mostly a short one.
    fn length(&mut self, most: usize) -> usize {
        let most = if self.below(4) == 0 { most } else { most.min(16) };
        self.below(most + 1)
    }

    /// An edge, or a number near what stands there, of 1, 2, 4 or 8 bytes in either order.
    fn write_edge(&mut self, bytes: &mut [u8], at: usize) {
        let width = 1 << self.below(4);
        let Some(place) = bytes.get_mut(at..at + width) else {
            return;
        };
        let edge = EDGES.get(self.below(EDGES.len())).copied().unwrap_or_default();
        let number = edge.wrapping_add(self.below(3) as u64).wrapping_sub(1);
        let mut written = number.to_le_bytes();
        if self.below(2) == 0 {
            place.copy_from_slice(written.get(..width).unwrap_or_default());
        } else {
            written.reverse();
            place.copy_from_slice(written.get(8 - width..).unwrap_or_default());
        }
    }

    /// Another number in place of the first digits from a place on.
    fn write_digits(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let tail = bytes.get(at..).unwrap_or_default();
        let Some(skip) = tail.iter().position(u8::is_ascii_digit) else {
            return;
        };
        let count = tail
            .iter()
            .skip(skip)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let edge = EDGES.get(self.below(EDGES.len())).copied().unwrap_or_default();
        let number = match self.below(4) {
            0 => format!("-{edge}"),
            1 => format!("{edge}e{}", self.below(400)),
            2 => format!("{}.{edge}", self.below(10)),
            _ => edge.to_string(),
        };
        bytes.splice(at + skip..at + skip + count, number.into_bytes());
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    let at = at.min(bytes.len());
    let room = LARGEST.saturating_sub(bytes.len()).min(part.len());
    bytes.splice(at..at, part.iter().take(room).copied());
}

fn byte_or_text(c: char) -> Vec<u8> {
    u8::try_from(c).map_or_else(|_| c.to_string().into_bytes(), |byte| vec![byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_none_is_too_large() {
        let made = |seed| {
            let mut mutator = Mutator::new(seed, &["word", "\u{ff}\u{d8}"]);
            let mut input = b"12 bytes, 3 numbers".to_vec();
            (0..2000)
                .map(|_| {
                    let other = input.clone();
                    input = mutator.change(&input, &other);
                    assert!(input.len() <= LARGEST);
                    input.clone()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
    }

    #[test]
    fn an_empty_input_can_be_changed() {
        let mut mutator = Mutator::new(3, &[]);
        for _ in 0..200 {
            mutator.change(&[], &[]);
        }
    }
}
