//! `up` and `down`.

use stint_local::stage::Stage;
use stint_local::{LocalError, Result, seed, up};

pub(crate) fn up(port: Option<u16>, detach: bool) -> Result<()> {
    let up = up::bring_up(port, detach)?;
    if up.was_up {
        println!("It is up already, with everything as it is in this folder.");
    }
    println!("{}", where_everything_is(&up.stage)?);
    match up.cloud {
        Some(mut cloud) if !detach => {
            println!("Ctrl-C ends it.");
            cloud.wait()?;
            // Nobody pressed Ctrl-C, or this process would not be here any more.
            if up::was_taken_down()? {
                Ok(())
            } else {
                Err(LocalError::Unexpected("the local cloud has ended".to_owned()))
            }
        }
        _ => {
            println!("`cargo xtask down` ends it.");
            Ok(())
        }
    }
}

pub(crate) fn down() -> Result<()> {
    println!("{}", if up::take_down()? { "It is down." } else { "Nothing was up." });
    Ok(())
}

fn where_everything_is(stage: &Stage) -> Result<String> {
    let people: Vec<_> = stint_local::stage::everybody().iter().map(line).collect();
    let (url, client) = (stage.url(), stage.outputs.get("ClientId")?);
    Ok(format!(
        r#"
Stint is up.
  API      {url}/v1
  Inbox    {url}/_ministack/ses/messages
  AWS      {url} (region {region}, access key test, secret key test)
  People   password {password}
{people}

Try it:
  TOKEN=$(curl -s {url}/ -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \
    -H 'Content-Type: application/x-amz-json-1.1' \
    -d '{{"ClientId":"{client}","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{{"USERNAME":"ana","PASSWORD":"{password}"}}}}' \
    | python3 -c 'import json,sys; print(json.load(sys.stdin)["AuthenticationResult"]["AccessToken"])')
  curl -s {url}/v1/entitlements -H "Authorization: Bearer $TOKEN"
  curl -s {url}/v1/requests -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{{"entitlement":"payments-read","duration":"2m","justification":"A customer asks about payment 4711"}}'
Then open the link in the inbox with a browser and approve, or see all of it at once: cargo xtask demo
"#,
        region = stint_local::cloud::REGION,
        password = seed::PASSWORD,
        people = people.join("\n"),
    ))
}

fn line(person: &stint_local::stage::SamplePerson) -> String {
    let groups: Vec<_> = person.groups.iter().map(|group| group.as_str()).collect();
    let iam = person
        .iam_user
        .as_ref()
        .map_or("no IAM user".to_owned(), |name| format!("IAM user {}", name.as_str()));
    format!("    {:<15} {:<11} {:<15} {iam}", person.username, person.kind.as_str(), groups.join(", "))
}
