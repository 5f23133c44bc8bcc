//! Ids of resources of Azure Resource Manager.

/// Returns whether text is the id of a resource: a subscription, a resource group, and these
/// segments after `providers`. `*` stands for a name. Segments are compared without regard to case.
pub(super) fn is_resource_id(text: &str, provider: &[&str]) -> bool {
    let group = ["", "subscriptions", "*", "resourceGroups", "*", "providers"];
    let expected = group.iter().chain(provider);
    let fits = |(expected, found): (&&str, &str)| {
        *expected == "*" && is_name(found) || expected.eq_ignore_ascii_case(found)
    };
    let found: Vec<&str> = text.split('/').collect();
    found.len() == group.len() + provider.len() && expected.zip(found).all(fits)
}

/// Returns whether a segment is a name: letters, digits and `._-()`, in any language.
fn is_name(segment: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "._-()".contains(c);
    !segment.is_empty() && segment != "*" && segment.chars().all(allowed)
}
