//! A project whose stacks reach the double of Azure Resource Manager.

use std::fs;
use std::ops::{Deref, DerefMut};

use siac_arm_double::Double;

use super::functions_host::{FunctionsHost, Settings};
use super::sandbox::{Sandbox, project};

/// What every resource of the tests is called.
const NAME: &str = "example123";

/// A project with the repository's stacks and services, and the subscription that they go to.
pub struct AzureProject {
    sandbox: Sandbox,
    /// The subscription.
    pub double: Double,
}

impl Deref for AzureProject {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl DerefMut for AzureProject {
    fn deref_mut(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }
}

impl AzureProject {
    /// The stacks as they are, but for where ARM is.
    pub fn new() -> Self {
        let double = Double::start();
        let mut sandbox = project();
        let environment = double.environment().into_iter().map(|(name, value)| (name.to_owned(), value));
        let variables = [("subscription", Double::SUBSCRIPTION), ("name", NAME)];
        let variables = variables.map(|(name, value)| (format!("SIAC_VAR_{name}"), value.to_owned()));
        sandbox.environment = environment.chain(variables).collect();
        let azure = Self { sandbox, double };
        for stack in ["stacks/azure-rest-api.toml", "stacks/azure-websocket.toml"] {
            let endpoint = azure.double.endpoint();
            let provider = format!(
                "[provider.azure]\nendpoint = \"{endpoint}\"\nendpoints = {{ apps = \"{endpoint}/scm\", vaults = \"{endpoint}/kv\" }}\n"
            );
            azure.rewrite(stack, "[provider.azure]\n", &provider);
        }
        azure
    }

    /// Replaces words of a file, which must be there.
    pub fn rewrite(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        self.write(path, &text.replace(from, to));
    }

    /// The id of something in the stack's resource group.
    pub fn id(&self, stack: &str, below: &str) -> String {
        format!("/subscriptions/{}/resourceGroups/{NAME}-{stack}/providers/{below}", Double::SUBSCRIPTION)
    }

    /// The app as the Functions host starts it: the package that was deployed last, and the settings that it has now.
    pub fn host(&self, stack: &str, app: &str) -> FunctionsHost {
        self.host_with(stack, app, &[])
    }

    /// The same with some variables that Azure sets, or that lead to doubles.
    pub fn host_with(&self, stack: &str, app: &str, more: &[(&str, String)]) -> FunctionsHost {
        let package = self.double.package(app).expect("a package was deployed");
        let place = self
            .everything()
            .join(format!("wwwroot-{}", fs::read_dir(self.everything()).expect("it is there").count()));
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        FunctionsHost::start(&place, &package, &self.settings(stack, app).into_iter().chain(more).collect())
    }

    /// The settings of an app.
    pub fn settings(&self, stack: &str, app: &str) -> Settings {
        let id = self.id(stack, &format!("Microsoft.Web/sites/{app}/config/appsettings"));
        let document = self.double.document(&id).expect("the app has settings");
        let pairs = document["properties"].as_object().expect("settings are an object").iter();
        pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    }
}
