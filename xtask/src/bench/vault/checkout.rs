//! One checkout from the approval until its credential is clean, as the workflow, its functions and Secrets Manager bring
//! it about.

use super::super::clock::{Micros, millis, seconds};
use super::super::cloud::Function;
use super::super::grants::{Cause, approved, pending};
use super::super::iam::Client;
use super::crowd::Crowd;
use super::report::Stay;
use stint_app::activate_grant::{ActivateError, activate_grant};
use stint_app::caller::Caller;
use stint_app::end_access::{EndAccess, EndError, end_access};
use stint_app::ports::VersionId;
use stint_app::reveal_credential::reveal_credential;
use stint_app::rotate_credential::{Rotation, RotationStep, close_checkout};
use stint_app::withdraw::return_grant;
use stint_domain::access::Access;
use stint_domain::entitlement::VaultedLogin;
use stint_domain::ids::{RequestId, SecretName};
use stint_domain::principal::Authentication;
use stint_domain::request::Decider;
use stint_domain::transition::EndCause;

/// From whoever calls a function to the function.
const INVOKE: Micros = millis(20);
/// What Secrets Manager takes to begin. AWS names no number.
const ROTATION_BEGINS: Micros = seconds(1);
/// The calls that a step makes of the vault and of the login.
const STEP: Micros = millis(150);
/// Somebody has it for between one minute and five.
const SHORTEST: Micros = seconds(60);
const LONGEST: Micros = seconds(300);

struct Checkout<'a> {
    crowd: &'a Crowd,
    function: Function<'a>,
    secret: &'a SecretName,
    caller: Caller,
    id: RequestId,
}

pub(super) async fn checkout(crowd: &Crowd, who: &str, number: u64) -> Result<Stay, Cause> {
    let client = Client::new();
    let (clock, chance) = (&crowd.cloud.clock, &crowd.cloud.chance);
    let drawn = usize::try_from(chance.below(crowd.secrets.len() as u64))?;
    let secret = crowd.secrets.get(drawn).ok_or("no such secret")?;
    let function = Function { cloud: &crowd.cloud, client: &client, name: "bench" };
    let (asked, id) = (clock.now(), ask(&function, who, number, secret).await?);
    let checkout = Checkout { crowd, function, secret, caller: caller(who)?, id };
    checkout.gets().await?;
    let got = clock.now();
    checkout.is_shown().await?;
    clock.sleep(SHORTEST + chance.below(LONGEST - SHORTEST)).await;
    let returned = clock.now();
    checkout.returns().await?;
    checkout.rotates().await?;
    Ok(Stay { secret: secret.to_string(), asked, got, returned, clean: clock.now() })
}

async fn ask(
    function: &Function<'_>,
    who: &str,
    number: u64,
    secret: &SecretName,
) -> Result<RequestId, Cause> {
    let access = Access::Checkout { secret: secret.clone(), login: VaultedLogin::Postgres };
    let by = Decider::Person {
        id: "ben".parse()?,
        name: "Ben".to_owned(),
        authentication: Authentication::MailLink,
        origin: None,
    };
    let request = pending(number, who, access, function.cloud.clock.timestamp())?;
    let id = request.scope.request_id;
    approved(function, request, by).await?;
    Ok(id)
}

fn caller(who: &str) -> Result<Caller, Cause> {
    let (principal, authentication) = (who.parse()?, Authentication::Token);
    Ok(Caller { principal, authentication, source_address: None, mfa: false, invocation: None })
}

/// As the function's handler tells it.
const fn name_of(error: &ActivateError) -> &'static str {
    match error {
        ActivateError::NotYet => "Stint.NotYet",
        ActivateError::InUse(_) => "Stint.InUse",
        ActivateError::Rejected { .. } | ActivateError::NotSealed => "Stint.Rejected",
        ActivateError::Missing(_) => "Stint.Transient",
    }
}

impl Checkout<'_> {
    /// Asks again whenever the workflow does.
    async fn gets(&self) -> Result<(), Cause> {
        let (function, clock) = (&self.function, &self.crowd.cloud.clock);
        let mut tries = self.crowd.retries.tries();
        loop {
            clock.sleep(INVOKE).await;
            let given = activate_grant(
                function,
                function,
                (function, function),
                &self.crowd.policy,
                function,
                self.id,
            );
            let Err(error) = given.await else { return Ok(()) };
            let pause = tries.after(name_of(&error), &self.crowd.cloud.chance);
            clock.sleep(pause.ok_or_else(|| error.to_string())?).await;
        }
    }

    async fn is_shown(&self) -> Result<(), Cause> {
        let (function, world) = (&self.function, &self.crowd.cloud.world);
        let shown = reveal_credential(
            function,
            (function, function),
            world,
            &self.crowd.policy,
            function,
            &self.caller,
            self.id,
        );
        shown.await.map(drop).map_err(|error| error.to_string().into())
    }

    async fn returns(&self) -> Result<(), Cause> {
        let (function, world) = (&self.function, &self.crowd.cloud.world);
        return_grant(function, function, world, function, &self.caller, self.id).await?;
        self.crowd.cloud.clock.sleep(INVOKE).await;
        let ask = EndAccess { request_id: self.id, cause: EndCause::Returned, component: "expire" };
        match end_access(function, function, function, &ask).await {
            Err(EndError::UnderWay) => Ok(()),
            other => Err(format!("no rotation: {other:?}").into()),
        }
    }

    async fn rotates(&self) -> Result<(), Cause> {
        let (function, world) = (&self.function, &self.crowd.cloud.world);
        let clock = &self.crowd.cloud.clock;
        clock.sleep(ROTATION_BEGINS).await;
        let version = &VersionId::after(self.id.grant_id());
        let rotation =
            Rotation { ledger: function, vault: world, login: world, secret: self.secret, version };
        for step in RotationStep::ALL {
            clock.sleep(INVOKE + STEP).await;
            rotation.step(step, function).await?;
        }
        Ok(close_checkout(function, function, function, function, self.secret).await?)
    }
}
