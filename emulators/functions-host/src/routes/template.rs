//! Route templates of functions.

use std::collections::BTreeMap;

/// The values of a route's parameters; an absent optional parameter is `None`.
pub(crate) type Parameters = BTreeMap<String, Option<String>>;

/// A route template such as `jobs/{job}/{step?}`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Route(Vec<Segment>);

/// A segment of a template. The order of the variants is the precedence of ASP.NET's routing.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Segment {
    Literal(String),
    Parameter { name: String, optional: bool },
    CatchAll(String),
}

impl Route {
    /// Parses a template; the error names the part that is not modelled.
    pub(crate) fn parse(template: &str) -> Result<Self, String> {
        template.trim_matches('/').split('/').map(segment).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the parameters of a decoded path, or `None` if the path does not match. An empty segment matches none.
    pub(crate) fn matches(&self, path: &str) -> Option<Parameters> {
        let mut parameters = Parameters::new();
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments = path.split('/').map(str::to_owned).skip(usize::from(path.is_empty()));
        for segment in &self.0 {
            match segment {
                Segment::Literal(text) => {
                    segments.next().filter(|part| part.eq_ignore_ascii_case(text))?;
                }
                Segment::Parameter { name, optional } => {
                    let value = segments.next();
                    if value.as_ref().is_some_and(String::is_empty) {
                        return None;
                    }
                    if value.is_none() && !optional {
                        return None;
                    }
                    parameters.insert(name.clone(), value);
                }
                Segment::CatchAll(name) => {
                    let rest: Vec<_> = segments.by_ref().collect();
                    parameters.insert(name.clone(), Some(rest.join("/")));
                }
            }
        }
        segments.next().is_none().then_some(parameters)
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        let literal = !text.is_empty() && !text.contains(['{', '}']);
        let problem = || format!("has the segment {text:?}, which is not modelled");
        return literal.then(|| Segment::Literal(text.to_owned())).ok_or_else(problem);
    };
    if inner.contains([':', '=']) {
        return Err(format!("has the constraint {{{inner}}}, which is not modelled"));
    }
    Ok(match (inner.trim_start_matches('*'), inner.strip_suffix('?')) {
        (name, _) if name.len() < inner.len() => Segment::CatchAll(name.to_owned()),
        (_, Some(name)) => Segment::Parameter { name: name.to_owned(), optional: true },
        (name, None) => Segment::Parameter { name: name.to_owned(), optional: false },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, path: &str, expected: Option<&[(&str, Option<&str>)]>) {
        let route = Route::parse(template).expect("a template");
        let expected = expected.map(|pairs| {
            let owned = |(name, value): &(&str, Option<&str>)| {
                ((*name).to_owned(), value.map(str::to_owned))
            };
            pairs.iter().map(owned).collect()
        });
        assert_eq!(route.matches(path), expected, "{template} with {path}");
    }

    #[test]
    fn routes_match_as_in_aspnet() {
        check("ClaimRunner", "claimrunner/", Some(&[]));
        check("ClaimRunner", "ClaimRunner/more", None);
        check("ClaimRunner", "ClaimRunner//", None);
        check("ClaimRunner", "/ClaimRunner", None);
        check("jobs/{job}", "jobs/a b", Some(&[("job", Some("a b"))]));
        check("jobs/{job}", "jobs", None);
        check("jobs/{job}", "jobs//", None);
        check("jobs/{job?}", "jobs", Some(&[("job", None)]));
        check("files/{*path}", "files/a/b", Some(&[("path", Some("a/b"))]));
    }
}
