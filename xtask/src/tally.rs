//! Counting tests over runners that report in different ways.

use std::fmt;

/// Tests that passed and tests that failed; a part that could not run is one failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    passed: usize,
    failed: usize,
    /// What went wrong beyond single tests, for the lines above the counts.
    troubles: Vec<String>,
}

impl Tally {
    /// A part of the tests that did not run at all.
    pub fn not_run(trouble: String) -> Self {
        Self {
            passed: 0,
            failed: 1,
            troubles: vec![trouble],
        }
    }

    /// A part that is one test and passed.
    pub fn one_passed() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    /// Counts a line of libtest such as `test result: ok. 5 passed; 0 failed; 1 ignored; ...`; other lines
    /// count as nothing.
    pub fn add_rust_summary(&mut self, line: &str) {
        let Some(result) = line.trim().strip_prefix("test result: ") else {
            return;
        };
        let Some((_, counts)) = result.split_once(". ") else {
            return;
        };
        for count in counts.split(';') {
            match count.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Counts the end of the TAP report of Node's test runner: lines such as `# tests 9`, `# pass 5`, `# fail
    /// 0`, `# cancelled 1`. What tests print comes before, as comments of the same form.
    pub fn add_tap_report(&mut self, report: &str) {
        let Some((_, summary)) = report.rsplit_once("\n# tests ") else {
            return;
        };
        for line in summary.lines() {
            let count = line.strip_prefix("# ").and_then(|count| count.split_once(' '));
            match count.map(|(name, number)| (name, number.parse().unwrap_or(0))) {
                Some(("pass", number)) => self.passed += number,
                Some(("fail" | "cancelled", number)) => self.failed += number,
                _ => {}
            }
        }
    }

    /// Compares a runner's exit status with the counts: a run that failed without a failed test counts as a
    /// failure.
    pub fn settle(&mut self, part: &str, succeeded: bool) {
        if !succeeded && self.failed == 0 {
            self.failed += 1;
            self.troubles
                .push(format!("{part}: the run failed without a failed test, see above"));
        }
    }

    /// Adds the counts of another part.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.troubles.extend(other.troubles);
    }

    /// What went wrong beyond single tests.
    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }

    /// Whether tests ran and none failed.
    pub fn is_good(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_binary_of_a_cargo_run_is_counted() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests\n",
            "test result: pretty ... ok\n",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s\n",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in \
            0.01s\n",
        ] {
            tally.add_rust_summary(line);
        }
        assert_eq!(tally.to_string(), "7 passed, 2 failed");
        assert!(!tally.is_good());
    }

    #[test]
    fn a_cancelled_browser_test_is_a_failure_and_a_skipped_one_is_nothing() {
        let mut tally = Tally::default();
        tally.add_tap_report(
            "TAP version 13\n# pass 70 is what a test printed\n# tests 3\nok 1 - a\n1..9\n# tests 9\n\
            # suites 0\n\
             # pass 5\n# fail 1\n# cancelled 1\n# skipped 2\n# todo 0\n# duration_ms 9.5\n",
        );
        assert_eq!(tally.to_string(), "5 passed, 2 failed");
    }

    #[test]
    fn a_report_that_was_cut_short_counts_nothing() {
        let mut tally = Tally::default();
        tally.add_tap_report("TAP version 13\nok 1 - a\n");
        tally.settle("the page in Chromium", false);
        assert_eq!(tally.to_string(), "0 passed, 1 failed");
    }

    #[test]
    fn a_run_that_broke_is_a_failure_even_without_a_failed_test() {
        let mut tally = Tally::default();
        tally.add_rust_summary("test result: ok. 3 passed; 0 failed; 0 ignored");
        tally.settle("native tests", false);
        assert_eq!(tally.to_string(), "3 passed, 1 failed");
        assert_eq!(tally.troubles().len(), 1);

        let mut failed = Tally::default();
        failed.add_rust_summary("test result: FAILED. 3 passed; 1 failed; 0 ignored");
        failed.settle("native tests", false);
        assert_eq!(
            failed.to_string(),
            "3 passed, 1 failed",
            "the failed test explains the status"
        );
    }

    #[test]
    fn a_run_without_tests_is_not_good() {
        assert!(!Tally::default().is_good());
        let mut filtered = Tally::default();
        filtered
            .add_rust_summary("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 90 filtered out");
        filtered.settle("tests of a name that none has", true);
        assert!(!filtered.is_good());
    }
}
