//! The workflow as it is deployed, with something changed as long as a test says so. An execution keeps what it began with.

use serde_json::{Value, json};
use stint_local::stage::Stage;

/// Ends when dropped, whatever happens.
pub(crate) struct Changed<'s> {
    stage: &'s Stage,
    machine: String,
    deployed: String,
}

impl<'s> Changed<'s> {
    pub(crate) fn by(stage: &'s Stage, change: impl FnOnce(&mut Value)) -> Self {
        let machine = stage.outputs.get("StateMachineArn").unwrap().to_owned();
        let ask = json!({"stateMachineArn": machine});
        let described = stage.admin.json("states", "AWSStepFunctions.DescribeStateMachine", &ask).unwrap();
        let deployed = described["definition"].as_str().unwrap().to_owned();
        let mut definition: Value = serde_json::from_str(&deployed).unwrap();
        change(&mut definition);
        let changed = Self { stage, machine, deployed };
        assert_ne!(definition, serde_json::from_str::<Value>(&changed.deployed).unwrap());
        changed.update(&definition.to_string()).unwrap();
        changed
    }

    fn update(&self, definition: &str) -> stint_local::Result<()> {
        let update = json!({"stateMachineArn": self.machine, "definition": definition});
        self.stage.admin.json("states", "AWSStepFunctions.UpdateStateMachine", &update).map(drop)
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        let _ = self.update(&self.deployed);
    }
}
