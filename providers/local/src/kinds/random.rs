//! `random_id` and `random_password`: chance that is drawn once and then kept in the state.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bigdecimal::num_bigint::BigUint;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siac_core::model::diagnostic::{Diagnostic, Diagnostics};
use siac_core::model::identity::{OpId, hex};
use siac_core::model::schema::{Attribute, KindSchema, RecoveryClass, Rule};
use siac_core::model::secret::Secret;
use siac_core::model::snapshot::Object;
use siac_core::model::types::Type;
use siac_core::model::value::{Known, Partial, Value};
use siac_core::ports::{Call, Fault, Observed};

use super::value::remembered;
use crate::attributes::{size, text};
use crate::kind::{Kind, schema};
use crate::machine::Machine;

/// A stream of bytes that follows from a key and nothing else: HMAC-SHA256 over a counter.
struct Stream {
    key: Vec<u8>,
    purpose: &'static str,
    counter: u64,
    left: Vec<u8>,
}

impl Stream {
    fn new(key: &[u8], purpose: &'static str) -> Self {
        Self { key: key.to_owned(), purpose, counter: 0, left: Vec::new() }
    }

    fn refill(&mut self) {
        // HMAC takes keys of every length; an empty tag would only follow from a broken library.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(self.purpose.as_bytes());
            mac.update(&self.counter.to_be_bytes());
            self.left = mac.finalize().into_bytes().to_vec();
        }
        self.counter += 1;
    }

    fn byte(&mut self) -> u8 {
        while self.left.is_empty() {
            self.refill();
        }
        self.left.pop().unwrap_or_default()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// A number below `bound`, each equally likely; `bound` is 1 to 65,536.
    fn below(&mut self, bound: usize) -> usize {
        let fair = 65_536 / bound * bound;
        loop {
            let drawn = usize::from(u16::from_be_bytes([self.byte(), self.byte()]));
            if drawn < fair {
                return drawn % bound;
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key);
        zeroize::Zeroize::zeroize(&mut self.left);
    }
}

fn keepers() -> Attribute {
    Attribute::optional(Type::map(Type::Any), "any values; when one changes, a new draw is made").immutable()
}

/// The kind `random_id`.
pub struct RandomId;

#[async_trait]
impl Kind for RandomId {
    fn schema(&self) -> KindSchema {
        let attributes = [
            (
                "byte_length",
                Attribute::required(Type::Number, "how many random bytes").immutable().rule(Rule::Between(1, 1_024)),
            ),
            ("keepers", keepers()),
            ("prefix", Attribute::optional(Type::String, "what the outputs other than `id` start with").immutable()),
            ("hex", Attribute::computed(Type::String, "the bytes in hexadecimal, after the prefix").stays()),
            (
                "b64_url",
                Attribute::computed(Type::String, "the bytes in base64 for URLs without padding, after the prefix")
                    .stays(),
            ),
            ("b64_std", Attribute::computed(Type::String, "the bytes in base64, after the prefix").stays()),
            ("dec", Attribute::computed(Type::String, "the bytes as a decimal number, after the prefix").stays()),
            ("id", Attribute::computed(Type::String, "the bytes in base64 for URLs, without the prefix").stays()),
        ];
        schema("random bytes that stay the same", RecoveryClass::Token, attributes)
    }

    async fn read(&self, _: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        Ok(Some(remembered(object)))
    }

    async fn create(&self, _: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        identifier(&call.op, inputs)
    }

    async fn update(&self, _: &Machine, _: &Call, _: &Object, _: &Known) -> Result<Observed, Fault> {
        Err(Fault::rejected("a `random_id` cannot be changed in place; it is drawn anew"))
    }

    async fn delete(&self, _: &Machine, _: &Call, _: &Object) -> Result<(), Fault> {
        Ok(())
    }

    async fn find(&self, _: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        Ok(vec![identifier(&call.op, inputs)?])
    }
}

/// The operation id is itself random and never repeats, so the bytes follow from it: the same operation draws the same bytes.
fn identifier(op: &OpId, inputs: &Known) -> Result<Observed, Fault> {
    let count = size(inputs, "byte_length").filter(|count| (1..=1_024).contains(count));
    let count = count.ok_or_else(|| Fault::rejected("`byte_length` is not between 1 and 1024"))?;
    let bytes = Stream::new(&op.0, "siac random_id").bytes(count);
    let prefix = text(inputs, "prefix").unwrap_or_default();
    let id = URL_SAFE_NO_PAD.encode(&bytes);
    let decimal = BigUint::from_bytes_be(&bytes);
    let with_prefix = |text: &str| Value::String(format!("{prefix}{text}"));
    Ok(Observed {
        remote: id.clone(),
        inputs: inputs.clone(),
        outputs: Value::map([
            ("hex", with_prefix(&hex(&bytes))),
            ("b64_url", with_prefix(&id)),
            ("b64_std", with_prefix(&STANDARD.encode(&bytes))),
            ("dec", with_prefix(&decimal.to_string())),
            ("id", Value::String(id)),
        ]),
        private: Vec::new(),
    })
}

/// The kind `random_password`.
pub struct RandomPassword;

/// A class of characters: the switch, the attribute of its least number, its characters.
struct Class {
    switch: &'static str,
    least: &'static str,
    characters: &'static str,
}

const CLASSES: [Class; 4] = [
    Class { switch: "lower", least: "min_lower", characters: "abcdefghijklmnopqrstuvwxyz" },
    Class { switch: "upper", least: "min_upper", characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
    Class { switch: "numeric", least: "min_numeric", characters: "0123456789" },
    Class { switch: "special", least: "min_special", characters: "!@#$%&*()-_=+[]{}<>:?" },
];

/// The longest password. A choice of this project.
const MAX_LENGTH: usize = 1_024;

#[async_trait]
impl Kind for RandomPassword {
    fn schema(&self) -> KindSchema {
        let switch = |description| Attribute::optional(Type::Bool, description).default(Value::Bool(true)).immutable();
        let least = |description| {
            let rule = Rule::Between(0, MAX_LENGTH as i64);
            Attribute::optional(Type::Number, description).default(Value::number(0_i64)).immutable().rule(rule)
        };
        let attributes = [
            (
                "length",
                Attribute::required(Type::Number, "how many characters")
                    .immutable()
                    .rule(Rule::Between(1, MAX_LENGTH as i64)),
            ),
            ("lower", switch("whether it holds the letters a to z")),
            ("upper", switch("whether it holds the letters A to Z")),
            ("numeric", switch("whether it holds digits")),
            ("special", switch("whether it holds special characters")),
            ("min_lower", least("how many letters a to z at least")),
            ("min_upper", least("how many letters A to Z at least")),
            ("min_numeric", least("how many digits at least")),
            ("min_special", least("how many special characters at least")),
            (
                "override_special",
                Attribute::optional(Type::String, "the special characters to choose from")
                    .immutable()
                    .rule(Rule::Length(1, 128)),
            ),
            ("keepers", keepers()),
            ("result", Attribute::computed(Type::String, "the password").sensitive().stays()),
            ("id", Attribute::computed(Type::String, "32 hexadecimal digits that say nothing of the password").stays()),
        ];
        schema("a secret text that stays the same", RecoveryClass::Token, attributes)
    }

    fn validate(&self, desired: &Partial) -> Diagnostics {
        let Some(desired) = desired.close() else { return Diagnostics::new() };
        match alphabets(&desired) {
            Ok(_) => Diagnostics::new(),
            Err(why) => {
                let help = "change `length`, the switches or the least numbers";
                Diagnostic::error("impossible-password", "no password can satisfy this", why).help(help).into()
            }
        }
    }

    async fn read(&self, _: &Machine, object: &Object) -> Result<Option<Observed>, Fault> {
        Ok(Some(remembered(object)))
    }

    /// Operation ids are no secrets, so the password follows from fresh entropy, which is durable before anybody is answered.
    async fn create(&self, _: &Machine, call: &Call, inputs: &Known) -> Result<Observed, Fault> {
        let seed = match &call.resume {
            Some(seed) => Secret::new(seed.clone()),
            None => {
                let seed = fresh_seed()?;
                call.checkpoint.save(seed.expose().clone()).await?;
                seed
            }
        };
        password(&call.op, &seed, inputs)
    }

    async fn update(&self, _: &Machine, _: &Call, _: &Object, _: &Known) -> Result<Observed, Fault> {
        Err(Fault::rejected("a `random_password` cannot be changed in place; it is drawn anew"))
    }

    async fn delete(&self, _: &Machine, _: &Call, _: &Object) -> Result<(), Fault> {
        Ok(())
    }

    async fn find(&self, _: &Machine, call: &Call, inputs: &Known) -> Result<Vec<Observed>, Fault> {
        match &call.resume {
            Some(seed) => Ok(vec![password(&call.op, &Secret::new(seed.clone()), inputs)?]),
            None => Ok(Vec::new()),
        }
    }
}

fn fresh_seed() -> Result<Secret<Vec<u8>>, Fault> {
    let mut seed = vec![0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Fault::transient(format!("this machine gives no random numbers: {error}")))?;
    Ok(Secret::new(seed))
}

/// The characters of each class that is switched on, and how many of them there must be.
fn alphabets(inputs: &Known) -> Result<Vec<(Vec<char>, usize)>, String> {
    let is_on = |name: &str| inputs.get(name).and_then(Known::as_bool).unwrap_or(true);
    let least = |class: &Class| size(inputs, class.least).unwrap_or(0);
    if let Some(class) = CLASSES.iter().find(|class| !is_on(class.switch) && least(class) > 0) {
        return Err(format!("`{}` is set, while `{}` is off", class.least, class.switch));
    }
    let characters = |class: &Class| match (class.switch, text(inputs, "override_special")) {
        ("special", Some(chosen)) => chosen.chars().collect(),
        _ => class.characters.chars().collect(),
    };
    let on: Vec<(Vec<char>, usize)> =
        CLASSES.iter().filter(|class| is_on(class.switch)).map(|class| (characters(class), least(class))).collect();
    let length = size(inputs, "length").unwrap_or(0);
    let needed: usize = on.iter().map(|(_, least)| least).sum();
    match (on.is_empty(), needed > length) {
        (true, _) => Err("every class of characters is off".to_owned()),
        (_, true) => Err(format!("{needed} characters are asked for at least, while `length` is {length}")),
        _ => Ok(on),
    }
}

fn password(op: &OpId, seed: &Secret<Vec<u8>>, inputs: &Known) -> Result<Observed, Fault> {
    let alphabets = alphabets(inputs).map_err(Fault::rejected)?;
    let length = size(inputs, "length").filter(|length| (1..=MAX_LENGTH).contains(length));
    let length = length.ok_or_else(|| Fault::rejected(format!("`length` is not between 1 and {MAX_LENGTH}")))?;
    let mut key = seed.expose().clone();
    key.extend(op.0);
    let mut stream = Stream::new(&key, "siac random_password");
    zeroize::Zeroize::zeroize(&mut key);
    let result = draw(&mut stream, &alphabets, length);
    let id = hex(&Stream::new(&op.0, "siac random_password id").bytes(16));
    Ok(Observed {
        remote: id.clone(),
        inputs: inputs.clone(),
        outputs: Value::map([("result", Value::Secret(Secret::new(Value::String(result)))), ("id", Value::String(id))]),
        private: Vec::new(),
    })
}

/// First what must be there, then anything, then all of it shuffled.
fn draw(stream: &mut Stream, alphabets: &[(Vec<char>, usize)], length: usize) -> String {
    let mut drawn = Vec::with_capacity(length);
    for (characters, least) in alphabets {
        drawn.extend((0..*least).map(|_| characters[stream.below(characters.len())]));
    }
    let all: Vec<char> = alphabets.iter().flat_map(|(characters, _)| characters).copied().collect();
    drawn.extend((drawn.len()..length).map(|_| all[stream.below(all.len())]));
    for last in (1..drawn.len()).rev() {
        drawn.swap(last, stream.below(last + 1));
    }
    drawn.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_fair_and_follow_from_the_key() {
        let mut counts = [0_usize; 3];
        let mut stream = Stream::new(b"key", "test");
        (0..30_000).for_each(|_| counts[stream.below(3)] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        assert_eq!(Stream::new(b"key", "test").bytes(40), Stream::new(b"key", "test").bytes(40));
        assert_ne!(Stream::new(b"key", "test").bytes(40), Stream::new(b"kez", "test").bytes(40));
    }

    #[test]
    fn a_password_has_what_it_must_have() {
        let inputs: Known = Value::map([
            ("length", Value::number(12_i64)),
            ("special", Value::Bool(false)),
            ("min_numeric", Value::number(5_i64)),
            ("min_upper", Value::number(5_i64)),
        ]);
        let alphabets = alphabets(&inputs).unwrap();
        let text = draw(&mut Stream::new(b"key", "test"), &alphabets, 12);
        assert_eq!(text.len(), 12);
        assert!(text.chars().filter(char::is_ascii_digit).count() >= 5, "{text}");
        assert!(text.chars().filter(char::is_ascii_uppercase).count() >= 5, "{text}");
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric()), "{text}");
    }

    #[test]
    fn impossible_passwords_are_refused() {
        let with = |name: &'static str, value: Known| Value::map([("length", Value::number(2_i64)), (name, value)]);
        assert!(alphabets(&with("min_lower", Value::number(3_i64))).is_err());
        let off = CLASSES.iter().map(|class| (class.switch, Value::Bool(false)));
        assert!(alphabets(&Value::map(off.chain([("length", Value::number(2_i64))]))).is_err());
    }
}
