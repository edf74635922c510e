//! An error as one line.

/// An error with its causes, except those that its own message repeats.
pub fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        match told.as_str() {
            "" => cause,
            told if told.contains(&cause) => told.to_owned(),
            told => format!("{told}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Repeats its cause, as most errors here do.
    #[derive(Debug, thiserror::Error)]
    #[error("{path}: {source}")]
    struct Unwritten {
        path: &'static str,
        source: std::io::Error,
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = Unwritten {
            path: "bundle",
            source: std::io::Error::other("the disk is full"),
        };
        let error = anyhow::Error::new(error).context("the bundle cannot be written");
        assert_eq!(
            sentence(&error),
            "the bundle cannot be written: bundle: the disk is full"
        );
    }
}
