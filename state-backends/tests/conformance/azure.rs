//! Azure Blob Storage, on a real emulator.

use std::sync::Arc;

use siac_emulators::Azurite;
use siac_state_backends::azure::{Access, AzureBlobs, Settings, bootstrap};

use crate::places::{Place, Row};

/// A container of its own on an emulator.
pub fn row() -> Row {
    let azurite = Azurite::start();
    let access = Access::shared_key(azurite.key()).expect("the emulator's key");
    let settings = Settings {
        account: azurite.account().to_owned(),
        container: azurite.container().to_owned(),
        prefix: "team/eu".to_owned(),
        endpoint: Some(azurite.endpoint()),
    };
    // On a thread of its own: the tests have a runtime already.
    let make = || tokio::runtime::Runtime::new().expect("a runtime").block_on(bootstrap(&settings, &access));
    let made = std::thread::scope(|scope| scope.spawn(make).join().expect("no panic"));
    made.expect("the container is made");
    let open = move || -> Place {
        // The proxy lives as long as the row.
        let _ = &azurite;
        let blobs = AzureBlobs::open(&settings, "shop", &access).expect("the settings are fine");
        (Arc::new(blobs.clone()), Arc::new(blobs))
    };
    Row::own("azure-blob", open)
}
