//! Ctrl-C and SIGTERM: the run finishes its step, writes a checkpoint and ends cleanly. A second signal ends
//! it at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::TrainError;

/// Whether somebody asked the process to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`TrainError::Io`] when the system refuses.
    pub fn listen() -> Result<Self, TrainError> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the second signal finds the flag set by the first.
            let exit = signal_hook::flag::register_conditional_shutdown(
                signal,
                128 + signal,
                Arc::clone(&interrupt.asked),
            );
            let note = signal_hook::flag::register(signal, Arc::clone(&interrupt.asked));
            exit.and(note)
                .map_err(TrainError::io(Path::new("signal handler")))?;
        }
        Ok(interrupt)
    }

    /// Whether to stop after this step.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Asks, as a signal would.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }
}
