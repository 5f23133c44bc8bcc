//! Tells what somebody must look at: an error line with the field that a deployment's alerts look for.

use tracing::error;

use crate::functions::reconcile_runners::FUNCTION;
use crate::reconcile::Repair;

/// Tells of a repair that is nothing but telling; whether it was one.
pub(super) fn tell(repair: &Repair) -> bool {
    match repair {
        Repair::Report { job, repository, why } => {
            let (job, repo) = (*job, repository);
            error!(alarm = "waiting", function = FUNCTION, job.id = job, %repo, "job {job} has waited too long: {why}");
        }
        Repair::ReportPool { pool, error } => {
            error!(
                alarm = "pool",
                function = FUNCTION,
                pool,
                "pool {pool} does not evaluate its formula ({error}): mend the formula, or turn automatic scaling off and on again"
            );
        }
        Repair::Alarm { name, text } => {
            error!(alarm = *name, function = FUNCTION, "{text}");
        }
        _ => return false,
    }
    true
}
