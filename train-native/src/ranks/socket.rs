//! Processes that are joined by sockets to the first one.
//!
//! A message is its length, 8 bytes little-endian, and its bytes. A connection begins with a greeting, so
//! that a foreign program, another run or another version is refused.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::launch::{Place, refused};
use super::star::{Link, Star};
use crate::TrainError;

/// How long processes wait for each other at the start: launchers start them within seconds, a cluster's file
/// system may take minutes to give each its program.
const PATIENCE: Duration = Duration::from_mins(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of the longest greeting.
const GREETING: u64 = 200;

/// A connection to another process.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl Socket {
    fn new(stream: TcpStream) -> io::Result<Self> {
        // A word of a byte must not wait for more.
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    fn receive_at_most(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut length = [0; 8];
        self.0.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > most {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its message is not one of this program's",
            ));
        }
        let mut message = Vec::new();
        // Takes no more memory than what really arrives.
        (&mut self.0).take(length).read_to_end(&mut message)?;
        if message.len() as u64 == length {
            Ok(message)
        } else {
            Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection ended in the middle of a message",
            ))
        }
    }
}

impl Link for Socket {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.0.write_all(&(message.len() as u64).to_le_bytes())?;
        self.0.write_all(message)
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        self.receive_at_most(u64::MAX)
    }
}

/// Joins the others: the first process listens, the others come to it.
///
/// # Errors
/// [`TrainError::Ranks`] naming the address, and the ranks that did not come.
pub(super) fn join(place: &Place) -> Result<Star<Socket>, TrainError> {
    if place.rank == 0 {
        let host = if is_here(&place.address) {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        };
        let listener = TcpListener::bind((host, place.port)).map_err(|error| {
            refused(format!(
                "port {} of this machine, where rank 0 listens: {error}; set MASTER_PORT to one that is free",
                place.port
            ))
        })?;
        return listen(&listener, place.size, PATIENCE);
    }
    come(place, PATIENCE)
}

/// Whether an address is only ever this machine's.
fn is_here(address: &str) -> bool {
    address == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What the first process and another say to each other.
fn greeting(rank: usize, size: usize) -> String {
    format!(
        "cellflux-train {} rank {rank} of {size}",
        env!("CARGO_PKG_VERSION")
    )
}

fn listen(listener: &TcpListener, size: usize, patience: Duration) -> Result<Star<Socket>, TrainError> {
    let wrong = |error: io::Error| refused(format!("rank 0 cannot wait for the others: {error}"));
    listener.set_nonblocking(true).map_err(wrong)?;
    let began = Instant::now();
    let mut links: Vec<Option<Socket>> = (1..size).map(|_| None).collect();
    while links.iter().any(Option::is_none) {
        match listener.accept() {
            Ok((stream, _)) => {
                // Whoever is not one of ours is sent away without a word, and the wait goes on.
                if let Ok((rank, link)) = welcomed(stream, size)
                    && let Some(free) = links
                        .get_mut(rank.saturating_sub(1))
                        .filter(|free| free.is_none())
                {
                    *free = Some(link);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if began.elapsed() > patience {
                    let ranks = (1..).zip(&links).filter(|(_, link)| link.is_none());
                    let missing: Vec<String> = ranks.map(|(rank, _)| format!("rank {rank}")).collect();
                    return Err(refused(format!(
                        "{} of {size} did not come within {} s, expected processes of this version with the \
                         same MASTER_ADDR and MASTER_PORT",
                        missing.join(", "),
                        patience.as_secs()
                    )));
                }
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(wrong(error)),
        }
    }
    Ok(Star::first(links.into_iter().flatten().collect()))
}

/// Reads another process's greeting, and answers it.
fn welcomed(stream: TcpStream, size: usize) -> io::Result<(usize, Socket)> {
    // On some systems a connection takes this over from its listener.
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut link = Socket::new(stream)?;
    let said = String::from_utf8_lossy(&link.receive_at_most(GREETING)?).into_owned();
    let Some(rank) = (1..size).find(|&rank| said == greeting(rank, size)) else {
        link.send(format!("rank 0 is {}", greeting(0, size)).as_bytes())?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, said));
    };
    link.send(said.as_bytes())?;
    link.0.set_read_timeout(None)?;
    Ok((rank, link))
}

fn come(place: &Place, patience: Duration) -> Result<Star<Socket>, TrainError> {
    let Place {
        rank,
        size,
        address,
        port,
        ..
    } = place;
    let began = Instant::now();
    let stream = loop {
        match connected(address, *port) {
            Ok(stream) => break stream,
            Err(error) if began.elapsed() > patience => {
                return Err(refused(format!(
                    "rank {rank} of {size} does not reach rank 0 at {address}, port {port}: {error}"
                )));
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    };
    let own = greeting(*rank, *size);
    let greeted = || -> io::Result<(Socket, Vec<u8>)> {
        let mut link = Socket::new(stream)?;
        link.send(own.as_bytes())?;
        let answer = link.receive_at_most(GREETING)?;
        Ok((link, answer))
    };
    match greeted() {
        Ok((link, answer)) if answer == own.as_bytes() => Ok(Star::other(*rank, *size, link)),
        Ok((_, answer)) => Err(refused(format!(
            "this is {own}, but {}: expected the same program and the same number of processes",
            String::from_utf8_lossy(&answer)
        ))),
        Err(error) => Err(refused(format!(
            "what answers at {address}, port {port} is not rank 0 of this run: {error}"
        ))),
    }
}

/// A connection to the first of the addresses that answers.
fn connected(address: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for place in (address, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, Duration::from_secs(10)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::Transport;

    fn place(rank: usize, size: usize, port: u16) -> Place {
        Place {
            rank,
            size,
            local: 0,
            address: "127.0.0.1".into(),
            port,
        }
    }

    fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[test]
    fn processes_find_each_other_whoever_comes_first_and_strangers_are_sent_away() {
        let (listener, port) = listener();
        let found = std::thread::scope(|scope| {
            let others: Vec<_> = [2, 1]
                .map(|rank| {
                    scope.spawn(move || {
                        let mut star = come(&place(rank, 3, port), PATIENCE).unwrap();
                        star.gather(&[rank as u8; 3]).unwrap()
                    })
                })
                .into();
            let stranger = scope.spawn(move || {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                let _ = stream.write_all(b"GET / HTTP/1.1\r\n\r\n");
                let mut answer = Vec::new();
                let _ = stream.read_to_end(&mut answer);
                answer
            });
            let mut first = listen(&listener, 3, PATIENCE).unwrap();
            let own = first.gather(&[0]).unwrap();
            // It is waited for no longer once everybody is here.
            drop(listener);
            drop(stranger.join().unwrap());
            let mut all: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
            all.push(own);
            all
        });
        let expected = vec![vec![0], vec![1; 3], vec![2; 3]];
        assert_eq!(found, vec![expected; 3]);
    }

    #[test]
    fn who_does_not_come_is_named() {
        let (listener, _) = listener();
        let error = listen(&listener, 3, Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("rank 1, rank 2 of 3 did not come"), "{error}");
    }

    #[test]
    fn another_number_of_processes_is_refused_in_words() {
        let (listener, port) = listener();
        std::thread::scope(|scope| {
            let other = scope.spawn(move || come(&place(1, 4, port), PATIENCE).map(|_| ()));
            let first = listen(&listener, 2, Duration::from_secs(1));
            assert!(first.is_err());
            let message = other.join().unwrap().unwrap_err().to_string();
            assert!(message.contains("rank 1 of 4, but rank 0 is"), "{message}");
        });
    }
}
