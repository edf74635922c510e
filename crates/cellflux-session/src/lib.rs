//! One exploration without a page: recipe and link, the steps reached, what a change restarts, recovery.
