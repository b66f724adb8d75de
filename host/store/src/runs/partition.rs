//! One UTC day of a partitioned table.
