//! What is shipped as data: the udev rules are well formed and say what the documentation says.

use std::collections::BTreeSet;

const RULES: &str = include_str!("../../firmware-config/udev/60-counterfoil.rules");

/// One `KEY{attribute}operator"value"` of a rule.
#[derive(Debug)]
struct Term {
    key: String,
    attribute: Option<String>,
    operator: String,
    value: String,
}

/// Keys of udev(7): which may be compared, which may be set, which carry an attribute.
fn may(term: &Term) -> bool {
    let compares = matches!(term.operator.as_str(), "==" | "!=");
    let sets = matches!(term.operator.as_str(), "=" | "+=" | "-=" | ":=");
    match (term.key.as_str(), term.attribute.is_some()) {
        ("ACTION" | "KERNEL" | "KERNELS" | "SUBSYSTEM" | "SUBSYSTEMS" | "DRIVER" | "DRIVERS", false) => compares,
        ("ATTRS", true) => compares,
        ("ATTR" | "ENV", true) => compares || sets,
        ("TEST", _) => compares,
        ("TAG" | "SYMLINK" | "NAME", false) => compares || sets,
        ("OWNER" | "GROUP" | "MODE" | "LABEL" | "GOTO", false) => sets,
        ("RUN" | "IMPORT" | "OPTIONS", _) => sets,
        _ => false,
    }
}

fn parse(line: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = rest.find(['=', '!', '+', '-', ':']).ok_or_else(|| format!("no operator in {rest:?}"))?;
        let (head, tail) = rest.split_at(end);
        let quote = tail.find('"').ok_or_else(|| format!("no value in {rest:?}"))?;
        let (operator, value) = tail.split_at(quote);
        let close = value[1..].find('"').ok_or_else(|| format!("no closing quote in {rest:?}"))?;
        let (key, attribute) = match head.split_once('{') {
            Some((key, attribute)) => (key, Some(attribute.strip_suffix('}').ok_or("no closing brace")?.to_owned())),
            None => (head, None),
        };
        let value_text = value[1..=close].to_owned();
        terms.push(Term { key: key.to_owned(), attribute, operator: operator.to_owned(), value: value_text });
        rest = value[close + 2..].trim_start();
        match rest.strip_prefix(',') {
            Some(more) if !more.trim().is_empty() => rest = more.trim_start(),
            Some(_) => return Err("a comma at the end".to_owned()),
            None if rest.is_empty() => {}
            None => return Err(format!("no comma before {rest:?}")),
        }
    }
    Ok(terms)
}

fn rules() -> Vec<(usize, Vec<Term>)> {
    let lines = RULES.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(at, line)| (at + 1, parse(line).unwrap_or_else(|error| panic!("line {}: {error}", at + 1)))).collect()
}

#[test]
fn the_udev_rules_are_well_formed() {
    let rules = rules();
    assert!(rules.len() > 15);
    let named = |key: &str| -> Vec<(usize, String)> {
        let terms = rules.iter().flat_map(|(line, terms)| terms.iter().map(move |term| (*line, term)));
        terms.filter(|(_, term)| term.key == key).map(|(line, term)| (line, term.value.clone())).collect()
    };
    for (line, terms) in &rules {
        for term in terms {
            assert!(may(term), "line {line}: {term:?}");
            assert!(!term.value.is_empty(), "line {line}: {term:?}");
            if term.key == "MODE" {
                assert_eq!(term.value, "0660", "line {line}: nobody else may read a till's devices");
            }
            if term.key == "GROUP" {
                assert_eq!(term.value, "counterfoil", "line {line}");
            }
            if term.key == "SYMLINK" {
                assert!(term.value.starts_with("counterfoil/") && term.operator == "+=", "line {line}: {term:?}");
            }
        }
    }
    let labels = named("LABEL");
    let unique: BTreeSet<&String> = labels.iter().map(|(_, label)| label).collect();
    assert_eq!(unique.len(), labels.len(), "a label stands twice");
    for (line, target) in named("GOTO") {
        assert!(labels.iter().any(|(at, label)| *label == target && *at > line), "line {line}: no label {target} further down");
    }
}

#[test]
fn a_rule_that_is_not_well_formed_is_found() {
    for bad in
        ["KERNEL=\"x\"", "KERNELL==\"x\"", "ATTR==\"x\"", "MODE==\"0660\"", "ENV{X}~\"1\"", "KERNEL==\"a\" MODE=\"0660\"", "KERNEL==\"a"]
    {
        let found = parse(bad).map_or(true, |terms| !terms.iter().all(may));
        assert!(found, "{bad}");
    }
}

#[test]
fn every_kind_of_device_has_a_name_that_stays() {
    for name in ["printer-$env", "printer-at-$env", "scanner-$env", "scanner-at-$env", "serial-$env", "keyboard-$env", "keyboard-at-$env"] {
        assert!(RULES.contains(&format!("SYMLINK+=\"counterfoil/{name}")), "{name}");
    }
    for needed in ["ID_MM_DEVICE_IGNORE}=\"1\"", "LIBINPUT_IGNORE_DEVICE}=\"1\"", "ATTR{power/control}=\"on\""] {
        assert!(RULES.contains(needed), "{needed}");
    }
}
