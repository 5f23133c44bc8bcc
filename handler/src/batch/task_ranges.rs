//! Splits the tasks of a Batch job by their ids: a page names the next one only, and the ranges are read at the same time.
//!
//! An id never changes, and each id is in exactly one range however Batch compares them. So a task that starts or ends
//! meanwhile is in the list of its range. Rejected: to split by state, because a task that changes its state between two
//! lists would be in neither; by `creationTime`, which every task would have to be listed with.

/// The tasks whose ids are in a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdRange {
    /// The first id; `None` for the first range.
    from: Option<String>,
    /// The first id of the next range; `None` for the last range.
    to: Option<String>,
}

impl IdRange {
    /// Splits all ids at some of them, which are in ascending order.
    pub fn split_at(cuts: &[String]) -> Vec<Self> {
        let from = std::iter::once(None).chain(cuts.iter().cloned().map(Some));
        let to = cuts.iter().cloned().map(Some).chain([None]);
        from.zip(to).map(|(from, to)| Self { from, to }).collect()
    }

    /// Returns the filter of the tasks in this range that meet one of these conditions.
    ///
    /// Each condition is repeated with the range, so that the filter has no parentheses, which the documentation does not
    /// mention: <https://learn.microsoft.com/rest/api/batchservice/odata-filters-in-batch#list-tasks>
    pub(super) fn filter(&self, conditions: &[&str]) -> String {
        let bound = |operator: &str, id: &Option<String>| match id {
            Some(id) => format!(" and id {operator} '{}'", id.replace('\'', "''")),
            None => String::new(),
        };
        let bounds = bound("ge", &self.from) + &bound("lt", &self.to);
        let restricted: Vec<String> =
            conditions.iter().map(|condition| format!("{condition}{bounds}")).collect();
        restricted.join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(cuts: &[&str]) -> String {
        let cuts: Vec<String> = cuts.iter().map(|&cut| cut.to_owned()).collect();
        let ranges = IdRange::split_at(&cuts);
        let filters: Vec<String> = ranges.iter().map(|one| one.filter(&["a", "b"])).collect();
        filters.join("\n")
    }

    #[test]
    fn one_range_is_not_restricted() {
        assert_eq!(filters(&[]), "a or b");
    }

    #[test]
    fn each_range_ends_where_the_next_one_begins() {
        insta::assert_snapshot!(filters(&["gh-2", "gh-3"]), @r"
        a and id lt 'gh-2' or b and id lt 'gh-2'
        a and id ge 'gh-2' and id lt 'gh-3' or b and id ge 'gh-2' and id lt 'gh-3'
        a and id ge 'gh-3' or b and id ge 'gh-3'
        ");
    }

    #[test]
    fn an_id_cannot_leave_its_quotes() {
        assert_eq!(
            IdRange::split_at(&["x' or '".to_owned()])[1].filter(&["a"]),
            "a and id ge 'x'' or '''"
        );
    }
}
