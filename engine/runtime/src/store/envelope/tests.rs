use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use siac_core::model::identity::{Digest, StackUuid};
use siac_core::model::secret::Secret;

use super::payload::padded;
use super::stream::{CHUNK, TAG};
use super::*;

fn header() -> Header {
    Header {
        stack_uuid: StackUuid([7; 16]),
        stack_name: "shop".into(),
        backend: Digest::of(b"local"),
        kind: Kind::Snapshot,
        epoch: 3,
        serial: 12,
        parent_id: Some(SnapshotId([9; 32])),
        wal_base: 3,
        unpacked_limit: 0,
        salt: Salt([5; 32]),
        created_by: "siac 0.1.0".into(),
        time: "2026-11-20T21:00:00.000Z".into(),
    }
}

fn key() -> DataKey {
    Secret::new([42; 32])
}

fn recipient(key_id: &str) -> WrappedKey {
    WrappedKey { method: "test".into(), key_id: key_id.into(), wrapped: "AAAA".into(), params: BTreeMap::new() }
}

fn payload(open: &[u8], secret: &[u8]) -> Payload {
    Payload { open: open.to_vec(), secret: Zeroizing::new(secret.to_vec()) }
}

fn sealed(payload: &Payload) -> Sealed {
    seal(&header(), payload, &key(), &[recipient("a")]).unwrap()
}

fn expected() -> Expected {
    Expected::new(Kind::Snapshot, StackUuid([7; 16]), "shop").epoch(3).serial(12)
}

fn open(bytes: &[u8]) -> Result<Opened, EnvelopeError> {
    parse(bytes)?.open(&key(), &expected())
}

/// Where the body starts.
fn body_at(bytes: &[u8]) -> usize {
    bytes.len() - parse(bytes).unwrap().body.len()
}

#[test]
fn what_is_sealed_opens_again() {
    let content = payload(br#"{"a":1}"#, b"hunter2");
    let sealed = sealed(&content);
    let opened = open(&sealed.bytes).unwrap();
    assert_eq!(opened.payload, content);
    assert_eq!(opened.id, sealed.id);
    assert_eq!(opened.header.serial, 12);
    assert!(!sealed.bytes.windows(7).any(|window| window == b"hunter2"));
}

#[test]
fn every_bit_before_the_body_matters() {
    let sealed = sealed(&payload(b"open", b"secret")).bytes;
    for bit in 0..body_at(&sealed) * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&changed).is_err(), "bit {bit} went unnoticed");
    }
}

#[test]
fn every_bit_of_a_small_body_matters() {
    let sealed = sealed(&payload(b"open", b"secret")).bytes;
    for bit in body_at(&sealed) * 8..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&changed).unwrap_err(), EnvelopeError::BodyForged { chunk: 0 }, "bit {bit}");
    }
}

#[test]
fn every_truncation_and_any_addition_is_noticed() {
    let sealed = sealed(&payload(b"open", b"secret")).bytes;
    for length in 0..sealed.len() {
        assert!(open(&sealed[..length]).is_err(), "cut to {length} bytes went unnoticed");
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert!(open(&longer).is_err());
}

/// Three chunks: two full ones and a rest.
fn long() -> Vec<u8> {
    sealed(&payload(b"", &vec![1; 2 * CHUNK + 100])).bytes
}

#[test]
fn cuts_around_the_chunks_are_noticed() {
    let sealed = long();
    let body = body_at(&sealed);
    for chunk in 1..=2 {
        for length in [-1_isize, 0, 1] {
            let end = (body + chunk * (CHUNK + TAG)).checked_add_signed(length).unwrap();
            assert!(open(&sealed[..end]).is_err(), "cut at chunk {chunk} {length:+} went unnoticed");
        }
    }
}

#[test]
fn chunks_cannot_be_exchanged_or_dropped() {
    let sealed = long();
    let body = body_at(&sealed);
    let (first, second) = (body..body + CHUNK + TAG, body + CHUNK + TAG..body + 2 * (CHUNK + TAG));
    let swapped = [&sealed[..body], &sealed[second.clone()], &sealed[first.clone()], &sealed[second.end..]].concat();
    assert_eq!(open(&swapped).unwrap_err(), EnvelopeError::BodyForged { chunk: 0 });
    let dropped = [&sealed[..second.start], &sealed[second.end..]].concat();
    assert_eq!(open(&dropped).unwrap_err(), EnvelopeError::BodyForged { chunk: 1 });
}

#[test]
fn an_object_is_refused_wherever_it_does_not_belong() {
    let kinds = [Kind::Snapshot, Kind::Journal, Kind::Plan, Kind::Audit, Kind::Rescue, Kind::Artifact];
    for written in kinds {
        let header = Header { kind: written, ..header() };
        let object = seal(&header, &payload(b"x", b""), &key(), &[recipient("a")]).unwrap().bytes;
        for wanted in kinds {
            let expected = Expected { kind: wanted, ..expected() };
            assert_eq!(parse(&object).unwrap().open(&key(), &expected).is_ok(), written == wanted);
        }
    }
    let object = sealed(&payload(b"x", b"")).bytes;
    let elsewhere = [
        Expected { stack_name: "shop2".into(), ..expected() },
        Expected { stack_uuid: StackUuid([8; 16]), ..expected() },
        expected().epoch(4),
        expected().serial(11),
    ];
    for expected in elsewhere {
        let error = parse(&object).unwrap().open(&key(), &expected).unwrap_err();
        assert!(matches!(error, EnvelopeError::Misplaced { .. }), "{error}");
    }
}

#[test]
fn another_key_opens_nothing() {
    let object = sealed(&payload(b"x", b"")).bytes;
    let error = parse(&object).unwrap().open(&Secret::new([43; 32]), &expected()).unwrap_err();
    assert_eq!(error, EnvelopeError::HeaderForged);
}

#[test]
fn a_body_does_not_fit_under_another_header() {
    let one = sealed(&payload(b"one", b"")).bytes;
    let two = seal(&Header { serial: 13, ..header() }, &payload(b"two", b""), &key(), &[recipient("a")]).unwrap().bytes;
    let mixed = [&one[..body_at(&one)], &two[body_at(&two)..]].concat();
    assert_eq!(open(&mixed).unwrap_err(), EnvelopeError::BodyForged { chunk: 0 });
}

#[test]
fn new_recipients_leave_the_id_alone() {
    let sealed = sealed(&payload(b"x", b"y"));
    let rewrapped = parse(&sealed.bytes).unwrap().rewrap(&key(), &[recipient("b"), recipient("c")]).unwrap();
    let opened = open(&rewrapped).unwrap();
    assert_eq!(opened.id, sealed.id);
    assert_eq!(parse(&rewrapped).unwrap().recipients().len(), 2);
    let error = parse(&sealed.bytes).unwrap().rewrap(&Secret::new([1; 32]), &[recipient("b")]).unwrap_err();
    assert_eq!(error, EnvelopeError::HeaderForged);
}

#[test]
fn lengths_are_bounded_before_anything_is_read() {
    let sealed = sealed(&payload(b"x", b"")).bytes;
    let mut hostile = sealed.clone();
    hostile[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(open(&hostile).unwrap_err(), EnvelopeError::TooLarge { what: "header", limit: MAX_HEADER });
    let none = seal(&header(), &payload(b"x", b""), &key(), &[]).unwrap_err();
    assert!(matches!(none, EnvelopeError::Malformed { what: "list of recipients", .. }));
    let nine: Vec<_> = (0..9).map(|at| recipient(&at.to_string())).collect();
    assert!(seal(&header(), &payload(b"x", b""), &key(), &nine).is_err());
}

#[test]
fn a_newer_format_says_who_can_read_it() {
    let mut newer = sealed(&payload(b"x", b"")).bytes;
    newer[4] = 2;
    let error = open(&newer).unwrap_err();
    assert_eq!(error, EnvelopeError::Newer { format: 2, written_by: "siac 0.1.0".into() });
}

#[test]
fn an_unknown_header_field_is_refused() {
    let text = String::from_utf8(header().text().unwrap()).unwrap();
    let more = text.replacen('{', r#"{"extra":1,"#, 1);
    assert!(Header::parse(more.as_bytes(), Kind::Snapshot).is_err());
}

#[test]
fn padding_hides_most_of_the_length() {
    let lengths: BTreeSet<usize> = (1000..2000).map(padded).collect();
    assert!(lengths.len() < 25, "{}", lengths.len());
    for length in 0..100_000 {
        let long = padded(length);
        assert!(long >= length && long * 100 <= length * 112 + 100, "{length} became {long}");
        assert_eq!(padded(long), long);
    }
}

#[test]
fn what_unpacks_to_more_than_the_header_says_is_refused() {
    let packed = payload(&vec![b'x'; 100_000], b"").pack().unwrap();
    assert!(Payload::unpack(&packed, 1_000).is_err());
    assert!(Payload::unpack(&packed, 1 << 20).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_content_survives(open_part in prop::collection::vec(any::<u8>(), 0..5_000), secret in prop::collection::vec(any::<u8>(), 0..5_000)) {
        let content = payload(&open_part, &secret);
        prop_assert_eq!(open(&sealed(&content).bytes).unwrap().payload, content);
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let marked = [b"SIAC\x01\x02\x01\x00".as_slice(), &bytes].concat();
        prop_assert!(open(&marked).is_err());
        prop_assert!(open(&bytes).is_err());
    }

    #[test]
    fn any_change_of_a_long_body_is_noticed(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut changed = long();
        let body = body_at(&changed);
        let place = body + at.index(changed.len() - body);
        changed[place] ^= 1 << bit;
        let refused = matches!(open(&changed), Err(EnvelopeError::BodyForged { .. }));
        prop_assert!(refused);
    }
}
