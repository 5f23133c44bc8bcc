use super::*;

#[test]
fn the_policy_allows_this_style_and_script_alone() {
    let StatusPage { document, policy } = StatusPage::get();
    for tag in ["style", "script"] {
        let (_, rest) = document.split_once(&format!("<{tag}")).expect("a start");
        let (text, others) = rest
            .split_once('>')
            .expect("an end of the tag")
            .1
            .split_once(&format!("</{tag}>"))
            .expect("an end");
        assert!(policy.contains(&format!("{tag}-src '{}'", hash(text))), "{tag}: {policy}");
        assert!(!others.contains(&format!("<{tag}")), "one {tag}");
    }
    insta::assert_snapshot!(policy.replace(&hash(&compact(STYLE)), "STYLE").replace(&hash(&compact(&SCRIPTS.concat())), "SCRIPT"), @"default-src 'none'; script-src 'SCRIPT'; style-src 'STYLE'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
}

#[test]
fn no_text_of_others_can_become_markup_or_load_anything() {
    let sources = SCRIPTS.iter().copied().chain([DOCUMENT, STYLE]);
    let banned = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "DOMParser",
        "setHTML",
        "@import",
        "url(",
        "http:",
        "javascript:",
        "localStorage",
    ];
    for source in sources {
        for word in banned {
            let source = source.replace("http://www.w3.org/2000/svg", "");
            assert!(!source.contains(word), "{word}");
        }
    }
    let page = &StatusPage::get().document;
    assert!(!page.contains("https://"), "no address of another host");
    let handlers =
        page.split_whitespace().filter(|word| word.starts_with("on") && word.contains("=\""));
    assert_eq!(handlers.collect::<Vec<_>>(), Vec::<&str>::new(), "inline handlers");
    for attribute in [" src=", " style=", "srcdoc"] {
        assert!(!DOCUMENT.contains(attribute), "{attribute}");
    }
}

#[test]
fn the_page_is_small_and_whole() {
    let page = StatusPage::get();
    assert!(page.document.len() < 64_000, "{} bytes", page.document.len());
    assert!(!page.document.contains("/* style */") && !page.document.contains("/* script */"));
    assert!(
        !compact(STYLE).contains("</style") && !compact(&SCRIPTS.concat()).contains("</script")
    );
}

#[test]
fn only_comments_and_indentation_are_removed() {
    let text = "/** Doc\n * more\n */\nconst a = 1;\n\n  // note\n  a * 2; // kept\n";
    assert_eq!(compact(text), "const a = 1;\na * 2; // kept\n");
}
