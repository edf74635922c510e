//! Processes that are joined by links to the first one, which collects what they send and answers all of
//! them. Sums are added in the order of ranks, so that every run of the same processes has the same bits.

use std::fmt::Debug;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use candle_core::{Device, Tensor};

use super::transport::{Transport, TransportError};

/// A connection to one other process.
pub trait Link: Debug + Send {
    /// Sends a message.
    ///
    /// # Errors
    /// When the other end is gone.
    fn send(&mut self, message: &[u8]) -> io::Result<()>;

    /// The next message of the other end; waits for it.
    ///
    /// # Errors
    /// When the other end is gone.
    fn receive(&mut self) -> io::Result<Vec<u8>>;
}

/// A process among others.
#[derive(Debug)]
pub struct Star<L> {
    rank: usize,
    size: usize,
    /// To the ranks from 1 on; in those to the first.
    links: Vec<L>,
}

impl<L: Link> Star<L> {
    /// The first process, with its links to the others in the order of their ranks.
    pub(super) fn first(links: Vec<L>) -> Self {
        Self {
            rank: 0,
            size: links.len() + 1,
            links,
        }
    }

    /// Process `rank` of `size`, from 1 on, with its link to the first.
    pub(super) fn other(rank: usize, size: usize, link: L) -> Self {
        Self {
            rank,
            size,
            links: vec![link],
        }
    }

    /// What all processes make of their messages: the first one calls `answer` with everybody's, in the order
    /// of ranks, and all get its result.
    fn round(
        &mut self,
        own: Vec<u8>,
        answer: impl FnOnce(Vec<Vec<u8>>) -> Vec<u8>,
    ) -> Result<Vec<u8>, TransportError> {
        if self.rank > 0 {
            let heard = self.links.first_mut().map(|link| {
                link.send(&own)?;
                link.receive()
            });
            return match heard {
                Some(Ok(message)) => opened(message),
                Some(Err(error)) => Err(lost(0, &error)),
                None => Err(gone(0, "there is no link to it")),
            };
        }
        let mut messages = vec![own];
        let mut failure = None;
        for (rank, link) in (1..).zip(&mut self.links) {
            match link.receive() {
                Ok(message) => messages.push(message),
                Err(error) => {
                    failure.get_or_insert((rank, error.to_string()));
                }
            }
        }
        let (message, result) = match failure {
            None => {
                let answer = answer(messages);
                ([&[HEARD][..], &answer].concat(), Ok(answer))
            }
            Some((rank, reason)) => (lost_message(rank, &reason), Err(gone(rank, &reason))),
        };
        for (rank, link) in (1..).zip(&mut self.links) {
            if let Err(error) = link.send(&message)
                && result.is_ok()
            {
                return Err(lost(rank, &error));
            }
        }
        result
    }
}

/// How the first process's messages begin: everybody was heard, or one is lost.
const HEARD: u8 = 0;
const LOST: u8 = 1;

fn lost_message(rank: usize, reason: &str) -> Vec<u8> {
    let rank = (rank as u64).to_le_bytes();
    [&[LOST][..], &rank, reason.as_bytes()].concat()
}

/// The first process's answer, or who is lost.
fn opened(mut message: Vec<u8>) -> Result<Vec<u8>, TransportError> {
    match message.split_first() {
        Some((&HEARD, _)) => Ok(message.split_off(1)),
        Some((&LOST, rest)) => match rest.split_first_chunk::<8>() {
            Some((rank, reason)) => Err(gone(
                u64::from_le_bytes(*rank) as usize,
                &String::from_utf8_lossy(reason),
            )),
            None => Err(garbled()),
        },
        _ => Err(garbled()),
    }
}

fn lost(rank: usize, error: &io::Error) -> TransportError {
    gone(rank, &error.to_string())
}

fn gone(rank: usize, reason: &str) -> TransportError {
    TransportError::Lost {
        rank: Some(rank),
        reason: reason.to_owned(),
    }
}

fn garbled() -> TransportError {
    gone(0, "its message is not one of this program's")
}

impl<L: Link> Transport for Star<L> {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn gather(&mut self, own: &[u8]) -> Result<Vec<Vec<u8>>, TransportError> {
        let packed = self.round(own.to_vec(), |messages| {
            messages
                .iter()
                .flat_map(|message| [&(message.len() as u64).to_le_bytes()[..], message].concat())
                .collect()
        })?;
        let mut rest = packed.as_slice();
        let mut messages = Vec::with_capacity(self.size);
        while let Some((length, after)) = rest.split_first_chunk::<8>() {
            let length = u64::from_le_bytes(*length) as usize;
            let (message, after) = after.split_at_checked(length).ok_or_else(garbled)?;
            messages.push(message.to_vec());
            rest = after;
        }
        if messages.len() == self.size && rest.is_empty() {
            Ok(messages)
        } else {
            Err(garbled())
        }
    }

    fn sum(&mut self, values: &Tensor) -> Result<Tensor, TransportError> {
        let device = values.device().clone();
        let own = to_bytes(&values.to_device(&Device::Cpu)?)?;
        let bytes = own.len();
        let sum = self.round(own, |messages| {
            let mut messages = messages.into_iter();
            let mut total: Vec<f32> = numbers(&messages.next().unwrap_or_default()).collect();
            for message in messages {
                // A message of another length would be another network's: its sender finds that below.
                for (total, value) in total.iter_mut().zip(numbers(&message)) {
                    *total += value;
                }
            }
            total.iter().flat_map(|value| value.to_le_bytes()).collect()
        })?;
        if sum.len() != bytes {
            return Err(garbled());
        }
        let sum: Vec<f32> = numbers(&sum).collect();
        let count = sum.len();
        Ok(Tensor::from_vec(sum, count, &device)?)
    }
}

fn to_bytes(values: &Tensor) -> Result<Vec<u8>, TransportError> {
    let values: Vec<f32> = values.to_vec1()?;
    Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    let numbers = bytes.as_chunks::<4>().0.iter();
    numbers.map(|bytes| f32::from_le_bytes(*bytes))
}

/// A link inside one program.
#[derive(Debug)]
pub struct Channel {
    to: Sender<Vec<u8>>,
    from: Receiver<Vec<u8>>,
}

impl Link for Channel {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.to.send(message.to_vec()).map_err(|_| ended())
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        self.from.recv().map_err(|_| ended())
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "its thread has ended")
}

/// `size` processes that are threads of this one, each to be taken into its own thread.
pub fn threads(size: usize) -> Vec<Star<Channel>> {
    let pair = || {
        let ((to_other, from_first), (to_first, from_other)) = (channel(), channel());
        let end = |to, from| Channel { to, from };
        (end(to_other, from_other), end(to_first, from_first))
    };
    let (links, ends): (Vec<_>, Vec<_>) = (1..size).map(|_| pair()).unzip();
    let others = (1..).zip(ends).map(|(rank, link)| Star::other(rank, size, link));
    std::iter::once(Star::first(links)).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of `size` threads makes of its end.
    fn each<T: Send>(size: usize, work: impl Fn(&mut Star<Channel>) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let work = &work;
            let threads: Vec<_> = threads(size)
                .into_iter()
                .map(|mut star| scope.spawn(move || work(&mut star)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    #[test]
    fn everybody_has_everybody_s_bytes_in_the_order_of_ranks() {
        let found = each(3, |star| {
            let own = vec![star.rank() as u8; star.rank()];
            star.gather(&own).unwrap()
        });
        let expected = vec![vec![], vec![1], vec![2, 2]];
        assert_eq!(found, vec![expected; 3]);
        assert_eq!(each(1, |star| star.gather(b"x").unwrap()), [[b"x".to_vec()]]);
    }

    #[test]
    fn a_sum_is_added_in_the_order_of_ranks_and_has_the_same_bits_in_all() {
        // In this order 1e8 swallows the first 1, and the last stays.
        let values = [1.0f32, 1e8, -1e8, 1.0];
        let found = each(4, |star| {
            let own = Tensor::new(&[values[star.rank()], 0.5], &Device::Cpu).unwrap();
            star.sum(&own).unwrap().to_vec1::<f32>().unwrap()
        });
        let expected = values.iter().fold(0.0, |sum, value| sum + value);
        assert_eq!(found, vec![vec![expected, 2.0]; 4]);
    }

    #[test]
    fn all_others_hear_which_one_is_gone() {
        let found = each(3, |star| {
            if star.rank() == 1 {
                // Its end is dropped with its thread's work.
                *star = Star::other(1, 3, threads(2).remove(1).links.remove(0));
                return None;
            }
            Some(star.gather(b"here").unwrap_err())
        });
        for error in found.into_iter().flatten() {
            assert!(
                matches!(error, TransportError::Lost { rank: Some(1), .. }),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_message_that_no_first_process_sent_is_refused() {
        assert!(opened(vec![]).is_err());
        assert!(opened(vec![LOST, 1, 2]).is_err());
        assert!(opened(vec![9]).is_err());
        assert_eq!(opened(vec![HEARD, 4]).unwrap(), [4]);
    }
}
