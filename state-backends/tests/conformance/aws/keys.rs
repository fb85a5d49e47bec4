//! Keys of the Key Management Service.

use siac_core::model::identity::StackUuid;
use siac_core::model::secret::Secret;
use siac_core::ports::{KeyFault, KeyProvider, WrappedKey};
use siac_emulators::{Emulator, Rule};
use siac_state_backends::aws::kms::KmsKey;

use super::{access, config};

const STACK: StackUuid = StackUuid([7; 16]);

async fn key(emulator: &Emulator) -> String {
    let client = aws_sdk_kms::Client::new(&config(&emulator.endpoint(), emulator.account()));
    let made = client.create_key().send().await.expect("a key");
    made.key_metadata().expect("its description").key_id().to_owned()
}

fn provider(emulator: &Emulator, key: &str) -> KmsKey {
    KmsKey::new(key, access(&emulator.endpoint(), emulator.account()))
}

#[tokio::test]
async fn a_key_opens_what_it_wrapped_for_this_stack_and_nothing_else() {
    let emulator = Emulator::start().await;
    let mine = provider(&emulator, &key(&emulator).await);
    let data = Secret::new([9; 32]);
    let wrapped = mine.wrap(&STACK, &data, &[]).await.expect("it is wrapped");
    assert_eq!(wrapped.method, "aws-kms");
    assert!(mine.unwrap(&STACK, &wrapped).await.expect("it opens") == data);
    let elsewhere = mine.unwrap(&StackUuid([8; 16]), &wrapped).await;
    assert!(matches!(&elsewhere, Err(KeyFault::WrongKey(why)) if why.contains("another stack")), "{elsewhere:?}");
    for hostile in ["", "no base64", &"A".repeat(20_000)] {
        let hostile = WrappedKey { wrapped: hostile.to_owned(), ..wrapped.clone() };
        assert!(mine.unwrap(&STACK, &hostile).await.is_err());
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told() {
    let emulator = Emulator::start().await;
    let data = Secret::new([9; 32]);
    let missing = provider(&emulator, "alias/missing").wrap(&STACK, &data, &[]).await;
    assert!(matches!(&missing, Err(KeyFault::Refused(why)) if why.contains("alias/missing")), "{missing:?}");
    let mine = provider(&emulator, &key(&emulator).await);
    emulator.proxy().add(Rule::on("kms.Encrypt").fails(400, "AccessDeniedException", "not authorized"));
    let denied = mine.wrap(&STACK, &data, &[]).await;
    assert!(matches!(&denied, Err(KeyFault::Refused(why)) if why.contains("kms:Encrypt")), "{denied:?}");
    emulator.proxy().clear();
    emulator.proxy().add(Rule::on("kms.Encrypt").loses_request());
    assert!(matches!(mine.wrap(&STACK, &data, &[]).await, Err(KeyFault::Unavailable(_))));
}
