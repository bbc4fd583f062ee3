use super::*;

fn places() -> Vec<Known> {
    let place = |place: &str, kind, region: &str| Known { place: place.to_owned(), kind, region: region.to_owned() };
    vec![place("s1", PlaceKind::Store, "north"), place("w1", PlaceKind::Warehouse, "north"), place("w2", PlaceKind::Warehouse, "south")]
}

const ROUTE: &str = "attempts = 3\n[[routes]]\nname = \"all\"\n";

#[test]
fn rules_that_cannot_hold_are_refused_by_name() {
    let check = |text: &str, expect: &[&str]| {
        let found = match check(text, &places()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.iter().map(Fault::to_string).collect(),
        };
        assert_eq!(found.len(), expect.len(), "{text}\n{found:#?}");
        for (found, expect) in found.iter().zip(expect) {
            assert!(found.contains(expect), "{text}\n{found}\nlacks {expect:?}");
        }
    };
    check(DEFAULT, &[]);
    check(ROUTE, &[]);
    check("attempts = ", &["cannot be read"]);
    check(&format!("colour = 1\n{ROUTE}"), &["unknown field `colour`"]);
    check("attempts = 0", &["attempts must be from 1 to 10", "there is no route"]);
    check(&format!("{ROUTE}parts = 5"), &["parts of the route “all” must be from 1 to 4"]);
    check(&format!("{ROUTE}among = \"near\""), &["names the group “near”, which there is not"]);
    check(&format!("{ROUTE}[groups.near]\nplaces = [\"w9\"]"), &["names the place “w9”, which there is not"]);
    check(&format!("{ROUTE}[groups.near]\nregions = [\"east\"]"), &["names the region “east”, in which no place is"]);
    check(&format!("{ROUTE}[groups.near]\nkinds = [\"supplier\"]"), &["no place is in the group “near”"]);
    check(&format!("{ROUTE}otherwise = \"more\""), &["hands on to “more”, which there is not"]);
    check(&format!("{ROUTE}[[routes]]\nname = \"all\"\nwhen = {{ways = [\"ship\"]}}"), &["“all” stands twice", "never be taken"]);
    check(&format!("{ROUTE}[[rules]]\nname = \"r\""), &["must say either exclude"]);
    // What goes round in a circle, with its way.
    check(&format!("{ROUTE}otherwise = \"all\""), &["“all” → “all”"]);
    let two = "attempts = 3\n[[routes]]\nname = \"a\"\notherwise = \"b\"\n[[routes]]\nname = \"b\"\notherwise = \"c\"\n[[routes]]\nname = \"c\"\notherwise = \"b\"";
    check(two, &["“b” → “c” → “b”"]);
    let groups = "[groups.a]\ngroups = [\"b\"]\nplaces = [\"w1\"]\n[groups.b]\ngroups = [\"a\"]";
    check(&format!("{ROUTE}{groups}"), &["“a” → “b” → “a”"]);
    // Behind one that takes everything; but not when that hands on to it, and not when it takes less.
    let second = "[[routes]]\nname = \"ships\"\nwhen = {ways = [\"ship\"]}\n";
    check(&format!("{ROUTE}{second}"), &["the route “ships” can never be taken: “all” stands before it"]);
    check(&format!("{ROUTE}otherwise = \"ships\"\n{second}"), &[]);
    let first = "attempts = 3\n[[routes]]\nname = \"north\"\nwhen = {postcodes = [\"2\"]}\n";
    check(&format!("{first}[[routes]]\nname = \"hamburg\"\nwhen = {{postcodes = [\"20\", \"21\"]}}"), &["“hamburg” can never be taken"]);
    check(&format!("{first}[[routes]]\nname = \"some\"\nwhen = {{postcodes = [\"20\", \"3\"]}}"), &[]);
    let never =
        "[[rules]]\nname = \"r\"\nwhen = {ways = [\"collect\"], countries = [\"DE\"]}\nexclude = \"g\"\n[groups.g]\nplaces = [\"w1\"]";
    check(&format!("{ROUTE}{never}"), &["“r” can never apply"]);
}

#[test]
fn groups_have_groups_in_them() {
    let text = format!("{ROUTE}[groups.all]\ngroups = [\"south\"]\nplaces = [\"s1\"]\n[groups.south]\nregions = [\"south\"]");
    let rules = check(&text, &places()).unwrap();
    let within: Vec<String> =
        places().into_iter().filter(|place| rules.is_within("all", place, &mut BTreeSet::new())).map(|place| place.place).collect();
    assert_eq!(within, ["s1", "w2"]);
}
