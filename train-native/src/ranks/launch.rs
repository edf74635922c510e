//! How processes find each other: what launchers say in a process's environment.

use crate::TrainError;

use super::Ranks;
use super::socket;

/// What joins the processes of a run, as `--processes` takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Through {
    /// There is one process.
    #[default]
    Alone,
    /// Sockets to the first process, whose address the environment has; for CPUs and tests.
    Sockets,
    /// MPI, started by `mpirun` or `srun`; from GPUs by way of the host's memory.
    Mpi,
    /// MPI that takes addresses on GPUs.
    MpiCuda,
    /// NCCL, which sums on the GPUs; the processes meet through sockets.
    Nccl,
}

/// Their names, in the order of [`Through`].
const NAMES: [(&str, Through); 5] = [
    ("alone", Through::Alone),
    ("sockets", Through::Sockets),
    ("mpi", Through::Mpi),
    ("mpi-cuda", Through::MpiCuda),
    ("nccl", Through::Nccl),
];

impl std::fmt::Display for Through {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = NAMES.iter().find(|(_, own)| own == self);
        f.write_str(name.map_or("", |(name, _)| *name))
    }
}

impl std::str::FromStr for Through {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, own)| *own).ok_or_else(|| {
            let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("{text:?}, expected one of {}", names.join(", "))
        })
    }
}

impl Through {
    /// Joins the other processes, and waits for them.
    ///
    /// # Errors
    /// [`TrainError::Ranks`] where the environment names no place among others, another process does not
    /// come, or the program was built without what was asked for.
    pub fn join(self) -> Result<Ranks, TrainError> {
        let environment = |name: &str| std::env::var(name).ok();
        match self {
            Self::Alone => alone(environment),
            Self::Sockets => {
                let place = Place::read(environment)?;
                Ok(Ranks::new(socket::join(&place)?, place.local))
            }
            Self::Mpi | Self::MpiCuda => mpi(self == Self::MpiCuda, environment),
            Self::Nccl => nccl(environment),
        }
    }
}

/// A process that a launcher started as one of several would train the same as each of the others.
fn alone(environment: impl Fn(&str) -> Option<String>) -> Result<Ranks, TrainError> {
    for (name, through) in [("OMPI_COMM_WORLD_SIZE", "mpi"), ("WORLD_SIZE", "nccl or sockets")] {
        if let Some(size) = environment(name).and_then(|text| text.trim().parse::<usize>().ok())
            && size > 1
        {
            return Err(refused(format!(
                "{name} is {size}, so a launcher started this as one of {size}: say --processes {through}, \
                 or start it without the launcher"
            )));
        }
    }
    Ok(Ranks::alone())
}

#[cfg(feature = "mpi")]
fn mpi(on_gpus: bool, environment: impl Fn(&str) -> Option<String>) -> Result<Ranks, TrainError> {
    let local = ["OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID", "MPI_LOCALRANKID"]
        .iter()
        .find_map(|name| environment(name)?.trim().parse().ok());
    let transport = super::mpi::Mpi::join(on_gpus)?;
    Ok(Ranks::new(transport, local.unwrap_or(0)))
}

#[cfg(not(feature = "mpi"))]
fn mpi(_on_gpus: bool, _environment: impl Fn(&str) -> Option<String>) -> Result<Ranks, TrainError> {
    Err(not_built("mpi", "mpi"))
}

#[cfg(feature = "nccl")]
fn nccl(environment: impl Fn(&str) -> Option<String>) -> Result<Ranks, TrainError> {
    let place = Place::read(environment)?;
    let transport = super::nccl::Nccl::new(socket::join(&place)?);
    Ok(Ranks::new(transport, place.local))
}

#[cfg(not(feature = "nccl"))]
fn nccl(_environment: impl Fn(&str) -> Option<String>) -> Result<Ranks, TrainError> {
    Err(not_built("nccl", "nccl"))
}

#[cfg(not(all(feature = "mpi", feature = "nccl")))]
fn not_built(asked: &str, feature: &str) -> TrainError {
    refused(format!(
        "--processes {asked}: this program was built without it; build it with --features {feature}"
    ))
}

pub(super) fn refused(reason: impl Into<String>) -> TrainError {
    TrainError::Ranks {
        reason: reason.into(),
    }
}

/// A process's place among those that a launcher started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// This process, from 0.
    pub rank: usize,
    /// How many there are.
    pub size: usize,
    /// This process among those of its machine, from 0.
    pub local: usize,
    /// The machine of the first process.
    pub address: String,
    /// Where the first process listens.
    pub port: u16,
}

impl Place {
    /// Reads the variables that torchrun sets (`RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR`,
    /// `MASTER_PORT`), or those of a Slurm step (`SLURM_PROCID`, `SLURM_NTASKS`, `SLURM_LOCALID`,
    /// `SLURM_STEP_NODELIST`, `SLURM_JOB_ID`), where `MASTER_ADDR` and `MASTER_PORT` go before the step's
    /// first node and a port made from the job's number.
    ///
    /// # Errors
    /// [`TrainError::Ranks`] naming the variable that is missing or no number in its range.
    pub fn read(environment: impl Fn(&str) -> Option<String>) -> Result<Self, TrainError> {
        let number = |name: &str| -> Result<Option<usize>, TrainError> {
            match environment(name) {
                None => Ok(None),
                Some(text) => match text.trim().parse() {
                    Ok(number) => Ok(Some(number)),
                    Err(_) => Err(refused(format!("{name} is {text:?}, expected a whole number"))),
                },
            }
        };
        let slurm = environment("RANK").is_none() && environment("SLURM_PROCID").is_some();
        let [rank_name, size_name, local_name] = if slurm {
            ["SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"]
        } else {
            ["RANK", "WORLD_SIZE", "LOCAL_RANK"]
        };
        let missing = |name: &str| {
            refused(format!(
                "{name} is not set in the environment, expected RANK, WORLD_SIZE, MASTER_ADDR and \
                 MASTER_PORT, as torchrun sets them, or the variables of a Slurm step, as srun does"
            ))
        };
        let rank = number(rank_name)?.ok_or_else(|| missing(rank_name))?;
        let size = number(size_name)?.ok_or_else(|| missing(size_name))?;
        if rank >= size {
            return Err(refused(format!(
                "{rank_name} is {rank} and {size_name} {size}, expected a rank from 0 and below the size"
            )));
        }
        let nodes = || first_host(&environment("SLURM_STEP_NODELIST")?);
        let address = environment("MASTER_ADDR")
            .or_else(|| if slurm { nodes() } else { None })
            .ok_or_else(|| missing("MASTER_ADDR"))?;
        let port = match (number("MASTER_PORT")?, number("SLURM_JOB_ID")?) {
            (Some(port), _) => {
                // torchrun itself listens at its port then.
                let taken = environment("TORCHELASTIC_USE_AGENT_STORE").is_some_and(|text| text == "True");
                port + usize::from(taken)
            }
            // A job's own, in the range that is free on most machines.
            (None, Some(job)) if slurm => 15_000 + job % 10_000,
            (None, _) => return Err(missing("MASTER_PORT")),
        };
        Ok(Self {
            rank,
            size,
            local: number(local_name)?.unwrap_or(0),
            address,
            port: u16::try_from(port)
                .map_err(|_| refused(format!("MASTER_PORT gives port {port}, expected at most 65535")))?,
        })
    }
}

/// The first machine of a list as Slurm writes it, such as `gpu[003-010,12],cpu1`.
fn first_host(list: &str) -> Option<String> {
    let end = list.find([',', '[']).unwrap_or(list.len());
    let (name, rest) = list.split_at_checked(end)?;
    let numbers = rest.strip_prefix('[');
    let number = numbers.and_then(|numbers| numbers.split([',', '-', ']']).next());
    let host = format!("{name}{}", number.unwrap_or_default());
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Place, TrainError> {
        Place::read(|name| {
            let found = variables.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn torchrun_s_variables_are_read_and_its_own_port_is_left_to_it() {
        let torchrun = [
            ("RANK", "3"),
            ("WORLD_SIZE", "4"),
            ("LOCAL_RANK", "1"),
            ("MASTER_ADDR", "node7"),
            ("MASTER_PORT", "29400"),
            // Inside a Slurm job torchrun's own go first.
            ("SLURM_PROCID", "0"),
        ];
        let place = read(&torchrun).unwrap();
        let expected = Place {
            rank: 3,
            size: 4,
            local: 1,
            address: "node7".into(),
            port: 29400,
        };
        assert_eq!(place, expected);
        let agent = [&torchrun[..], &[("TORCHELASTIC_USE_AGENT_STORE", "True")]].concat();
        assert_eq!(read(&agent).unwrap().port, 29401);
    }

    #[test]
    fn a_slurm_step_needs_no_further_variables() {
        let place = read(&[
            ("SLURM_PROCID", "5"),
            ("SLURM_NTASKS", "8"),
            ("SLURM_LOCALID", "1"),
            ("SLURM_STEP_NODELIST", "gpu[003-005,12]"),
            ("SLURM_JOB_ID", "1234567"),
        ])
        .unwrap();
        assert_eq!((place.rank, place.size, place.local), (5, 8, 1));
        assert_eq!((place.address.as_str(), place.port), ("gpu003", 19_567));
    }

    #[test]
    fn the_first_machine_of_a_list_is_found_however_it_is_written() {
        for (list, first) in [
            ("node1", "node1"),
            ("node1,node2", "node1"),
            ("gpu[12,20-21]", "gpu12"),
            ("a[01-03],b7", "a01"),
        ] {
            assert_eq!(first_host(list).as_deref(), Some(first), "{list}");
        }
        assert_eq!(first_host(""), None);
    }

    #[test]
    fn what_is_missing_or_impossible_is_named() {
        for (variables, expected) in [
            (vec![], "RANK is not set"),
            (vec![("RANK", "0")], "WORLD_SIZE is not set"),
            (vec![("RANK", "two"), ("WORLD_SIZE", "2")], "RANK is \"two\""),
            (
                vec![("RANK", "2"), ("WORLD_SIZE", "2")],
                "RANK is 2 and WORLD_SIZE 2",
            ),
            (
                vec![("RANK", "0"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "localhost")],
                "MASTER_PORT is not set",
            ),
        ] {
            let message = read(&variables).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn one_of_several_that_thinks_itself_alone_is_refused_with_what_to_say() {
        let started = |name: &'static str| alone(move |own| (own == name).then(|| "4".to_owned()));
        let message = started("OMPI_COMM_WORLD_SIZE").unwrap_err().to_string();
        assert!(message.contains("--processes mpi"), "{message}");
        assert_eq!(started("HOME").unwrap().size(), 1);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for (name, through) in NAMES {
            assert_eq!(name.parse::<Through>().unwrap(), through);
            assert_eq!(through.to_string(), name);
        }
        assert!(
            "gloo"
                .parse::<Through>()
                .unwrap_err()
                .contains("alone, sockets, mpi")
        );
    }
}
