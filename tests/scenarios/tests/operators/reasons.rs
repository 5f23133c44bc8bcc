//! A job that cannot be served is told of in the log, by Status and, where that is wanted, by the end of its run.
