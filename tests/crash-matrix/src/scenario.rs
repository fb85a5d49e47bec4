//! What was there, what is wanted, and what goes wrong besides the kill.

use siac_core::model::address::ResourceAddress;
use siac_test_kit::cloud::mishap::{Mishap, Mishaps};
use siac_test_kit::cloud::{Cloud, CloudVerb, Promise};

use crate::house::{House, Storage, Wish, stack};

/// One scenario of the matrix.
pub struct Scenario {
    /// Its name in the table.
    pub name: &'static str,
    /// The stacks that were deployed before, in order.
    pub before: Vec<&'static str>,
    /// What the struck run wants.
    pub wish: Wish,
    /// What goes wrong in the struck run besides: this call is refused by the cloud, this many times.
    pub refused: Option<(ResourceAddress, CloudVerb)>,
    /// Where the state is kept.
    pub storage: Storage,
    /// What the cloud promises and does not hold.
    pub broken: Option<Promise>,
}

impl Scenario {
    /// A world in which everything that was there before is deployed.
    ///
    /// # Errors
    /// When that does not go well.
    pub fn build(&self) -> Result<House, String> {
        let house = House::new(self.storage, 7);
        let house = match self.broken {
            Some(promise) => house.over(Cloud::breaking(promise)),
            None => house,
        };
        for resources in &self.before {
            let report = house.run_well(&Wish::Stack(stack(resources)))?;
            let wrong = house.violations(&report.snapshot);
            if !wrong.is_empty() || !report.failures.is_empty() {
                return Err(format!("the world before is broken: {wrong:?} {:?}", report.failures));
            }
        }
        house.cloud.set_mishaps(self.mishaps());
        Ok(house)
    }

    fn mishaps(&self) -> Mishaps {
        match &self.refused {
            Some((address, verb)) => Mishaps::script().then(address, *verb, 0, Mishap::Rejected, 1),
            None => Mishaps::none(),
        }
    }
}

/// One of each class that can be recovered, linked.
const CHAIN: &str = r#"
[resource.fake_token.a]
name = "a"
[resource.fake_put.b]
name = "b"
link = "${fake_token.a.id}"
[resource.fake_name.c]
name = "c"
link = "${fake_put.b.stamp}"
[resource.fake_tag.d]
name = "d"
link = "${fake_name.c.id}"
[resource.fake_secret.e]
name = "e"
link = "${fake_tag.d.stamp}"
"#;

/// The same, larger.
const CHAIN_GROWN: &str = r#"
[resource.fake_token.a]
name = "a"
size = 2
[resource.fake_put.b]
name = "b"
size = 2
link = "${fake_token.a.id}"
[resource.fake_name.c]
name = "c"
size = 2
link = "${fake_put.b.stamp}"
[resource.fake_tag.d]
name = "d"
size = 2
link = "${fake_name.c.id}"
[resource.fake_secret.e]
name = "e"
size = 2
link = "${fake_tag.d.stamp}"
"#;

/// The same, elsewhere.
const CHAIN_MOVED: &str = r#"
[resource.fake_token.a]
name = "a"
zone = "zone-2"
[resource.fake_put.b]
name = "b"
zone = "zone-2"
link = "${fake_token.a.id}"
[resource.fake_name.c]
name = "c"
zone = "zone-2"
link = "${fake_put.b.stamp}"
[resource.fake_tag.d]
name = "d"
zone = "zone-2"
link = "${fake_name.c.id}"
[resource.fake_secret.e]
name = "e"
link = "${fake_tag.d.stamp}"
"#;

const PAIR: &str = r#"
[resource.fake_tag.a]
name = "a"
zone = "zone-1"
lifecycle = { create_before_destroy = true }
[resource.fake_token.b]
name = "b"
link = "${fake_tag.a.id}"
"#;

const PAIR_MOVED: &str = r#"
[resource.fake_tag.a]
name = "a"
zone = "zone-2"
lifecycle = { create_before_destroy = true }
[resource.fake_token.b]
name = "b"
link = "${fake_tag.a.id}"
"#;

/// Of everything something: `a` is replaced, `b` changed because of it, `c` goes, `d` comes, `e` stays.
const MIXED: &str = r#"
[resource.fake_token.a]
name = "a"
[resource.fake_name.b]
name = "b"
link = "${fake_token.a.id}"
[resource.fake_tag.c]
name = "c"
link = "${fake_name.b.id}"
[resource.fake_put.e]
name = "e"
"#;

const MIXED_LATER: &str = r#"
[resource.fake_token.a]
name = "a"
zone = "zone-2"
[resource.fake_name.b]
name = "b"
link = "${fake_token.a.id}"
[resource.fake_tag.d]
name = "d"
link = "${fake_name.b.id}"
[resource.fake_put.e]
name = "e"
"#;

fn wanted(resources: &str) -> Wish {
    Wish::Stack(stack(resources))
}

fn plain(name: &'static str, before: &[&'static str], wish: Wish) -> Scenario {
    Scenario { name, before: before.to_vec(), wish, refused: None, storage: Storage::Local, broken: None }
}

/// Every scenario.
pub fn all() -> Vec<Scenario> {
    let refused = |kind: &str, name: &str, verb| Some((ResourceAddress::managed(kind, name), verb));
    vec![
        plain("create", &[], wanted(CHAIN)),
        Scenario { storage: Storage::Remote, ..plain("create, state elsewhere", &[], wanted(CHAIN)) },
        plain("update", &[CHAIN], wanted(CHAIN_GROWN)),
        plain("replace, destroy first", &[CHAIN], wanted(CHAIN_MOVED)),
        plain("replace, create first", &[PAIR], wanted(PAIR_MOVED)),
        plain("delete", &[CHAIN], Wish::Nothing),
        plain("mixed", &[MIXED], wanted(MIXED_LATER)),
        Scenario {
            refused: refused("fake_secret", "e", CloudVerb::Create),
            ..plain("create fails, undone", &[], wanted(CHAIN))
        },
        Scenario {
            refused: refused("fake_tag", "d", CloudVerb::Update),
            ..plain("update fails, undone", &[CHAIN], wanted(CHAIN_GROWN))
        },
        Scenario {
            refused: refused("fake_tag", "d", CloudVerb::Create),
            ..plain("mixed fails, undone", &[MIXED], wanted(MIXED_LATER))
        },
        plain("rollback", &[CHAIN, CHAIN_GROWN, MIXED], Wish::Rollback(1)),
    ]
}

/// The small ones, for strikes at two runs.
pub fn small() -> Vec<Scenario> {
    vec![
        plain("create, twice killed", &[], wanted(PAIR)),
        plain("replace, twice killed", &[PAIR], wanted(PAIR_MOVED)),
        plain("delete, twice killed", &[PAIR], Wish::Nothing),
    ]
}

/// Worlds that break a promise on which the engine relies. The matrix must find violations in each, or it finds none anywhere.
pub fn broken() -> Vec<Scenario> {
    vec![
        Scenario { broken: Some(Promise::Drain), ..plain("requests outlive the drain", &[], wanted(PAIR)) },
        Scenario { broken: Some(Promise::Tokens), ..plain("tokens are not honoured", &[], wanted(PAIR)) },
        Scenario { storage: Storage::Forgetful, ..plain("journals are lost", &[], wanted(PAIR)) },
    ]
}
