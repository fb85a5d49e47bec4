//! The composition root: which providers, stores and clocks this build of siac works with.

use std::path::Path;
use std::sync::Arc;

use siac_core::ports::{Catalogue, Catalogues, Provider, SecretStore};
use siac_engine::site::Site;
use siac_provider_local::LocalProvider;
use siac_provider_local::secrets::LocalSecrets;

use crate::project::Project;
use crate::secrets::{Overheard, Redactor};
use crate::system::{SystemClock, SystemEntropy, who};

/// Everything that a run in this project works with.
pub fn site(project: &Project, redactor: &Redactor) -> Site {
    let (root, own) = (project.root.clone(), project.own_folder());
    let connect = move |plugin: &str| -> Option<Arc<dyn Provider>> {
        match plugin {
            "local" => Some(Arc::new(LocalProvider::new(root.clone(), own.clone()))),
            #[cfg(feature = "aws")]
            "aws" => Some(Arc::new(siac_provider_aws::AwsProvider::new())),
            #[cfg(feature = "azure")]
            "azure" => Some(Arc::new(siac_provider_azure::AzureProvider::new())),
            _ => None,
        }
    };
    let redacting = redactor.clone();
    Site {
        root: project.root.clone(),
        catalogues: catalogues(project),
        connect: Arc::new(connect),
        secret_stores: secret_stores(project, redactor),
        redact: Arc::new(move |text| redacting.redact(text).into_owned()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        version: env!("CARGO_PKG_VERSION"),
        who: who(),
    }
}

/// Where secrets come from in this build, each telling the redactor what it hands out.
fn secret_stores(project: &Project, redactor: &Redactor) -> Vec<Arc<dyn SecretStore>> {
    vec![
        Arc::new(Overheard::new(LocalSecrets::new(project.root.clone()), redactor.clone())),
        #[cfg(feature = "aws")]
        Arc::new(Overheard::new(siac_state_backends::aws::secrets::AwsSecrets::default(), redactor.clone())),
        #[cfg(feature = "azure")]
        Arc::new(Overheard::new(siac_state_backends::azure::secrets::VaultSecrets::of_environment(), redactor.clone())),
    ]
}

/// What the providers of this build offer.
pub fn catalogues(project: &Project) -> Catalogues {
    let catalogues: Vec<Arc<dyn Catalogue>> = vec![
        #[cfg(feature = "aws")]
        Arc::new(siac_provider_aws::AwsProvider::new()),
        #[cfg(feature = "azure")]
        Arc::new(siac_provider_azure::AzureProvider::new()),
        Arc::new(LocalProvider::new(project.root.clone(), project.own_folder())),
    ];
    Catalogues::new(catalogues)
}

/// The catalogues where no project is concerned.
pub fn catalogues_anywhere() -> Catalogues {
    catalogues(&Project::around(Path::new(".")))
}
