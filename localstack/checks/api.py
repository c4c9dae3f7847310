"""The HTTP API, its authorizer, and the user pool behind both tokens and directory."""

import base64
import json

from .harness import refused
from .report import check

PASSWORD = "Correct-horse-7-battery"


def run(cloud):
    pool, client_id = cloud.outputs["UserPoolId"], cloud.outputs["ClientId"]
    cognito = cloud.client("cognito-idp")
    sub = person(cognito, pool)
    signed_in = cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={
        "USERNAME": "ada", "PASSWORD": PASSWORD})["AuthenticationResult"]
    claims = payload(signed_in["AccessToken"])
    check("an access token says who, for whom and in which groups",
          {k: claims.get(k) for k in ("sub", "username", "client_id", "token_use", "cognito:groups", "iss")},
          {"sub": sub, "username": "ada", "client_id": client_id, "token_use": "access",
           "cognito:groups": ["engineers"], "iss": f"{cloud.url}/{pool}"})
    keys = json.loads(cloud.invoke("request", {"fetch": f"{claims['iss']}/.well-known/jwks.json"})["body"])["keys"]
    check("a function finds the issuer's keys", head(signed_in["AccessToken"])["kid"] in [k["kid"] for k in keys])
    written = [own_attribute(cognito, signed_in["AccessToken"], name) for name in ("locale", "name", "custom:iam_user", "email")]
    check("people write nothing that Stint reads of them", written, [None] + 3 * ["NotAuthorizedException"])
    directory(cloud, pool, sub)
    routes(cloud, signed_in["AccessToken"])


def person(cognito, pool):
    attributes = {"email": "ada@example.org", "custom:iam_user": "ada", "custom:kind": "human"}
    user = cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS", UserAttributes=[
        {"Name": k, "Value": v} for k, v in attributes.items()])["User"]
    cognito.admin_set_user_password(UserPoolId=pool, Username="ada", Password=PASSWORD, Permanent=True)
    cognito.create_group(UserPoolId=pool, GroupName="engineers")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="ada", GroupName="engineers")
    return named(user["Attributes"])["sub"]


def named(attributes):
    return {a["Name"]: a["Value"] for a in attributes}


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def head(token):
    return decoded(token.split(".")[0])


def payload(token):
    return decoded(token.split(".")[1])


def own_attribute(cognito, token, name):
    return refused(cognito.update_user_attributes, AccessToken=token, UserAttributes=[{"Name": name, "Value": "root"}])


def directory(cloud, pool, sub):
    found = cloud.call("approve", "cognito-idp", "list_users", UserPoolId=pool, Filter=f'sub = "{sub}"')
    check("a person is found by sub", [named(u["Attributes"])["email"] for u in found["Users"]], ["ada@example.org"])
    nobody = cloud.call("approve", "cognito-idp", "list_users", UserPoolId=pool, Filter='sub = "nobody"')
    check("and nobody else", nobody["Users"], [])
    groups = cloud.call("approve", "cognito-idp", "admin_list_groups_for_user", UserPoolId=pool, Username="ada")
    check("with groups", [g["GroupName"] for g in groups["Groups"]], ["engineers"])
    members = cloud.call("notify", "cognito-idp", "list_users_in_group", UserPoolId=pool, GroupName="engineers")
    check("a group's members have sub and mail", [
        (named(u["Attributes"])["sub"], named(u["Attributes"])["email"], named(u["Attributes"])["custom:iam_user"])
        for u in members["Users"]], [(sub, "ada@example.org", "ada")])
    check("expire may not read the directory", cloud.call("expire", "cognito-idp", "list_users", UserPoolId=pool),
          "AccessDeniedException")


def routes(cloud, token):
    bearer = {"Authorization": f"Bearer {token}"}
    status, _, body = cloud.http("GET", "/v1/entitlements?a=b", headers=bearer)
    event = json.loads(body) if status == 200 else {}
    check("a token opens /v1", (status, event.get("routeKey"), event.get("rawPath"), event.get("rawQueryString")),
          (200, "ANY /v1/{proxy+}", "/v1/entitlements", "a=b"))
    check("the function sees the token, too", event.get("headers", {}).get("authorization"), bearer["Authorization"])
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    check("and the authorizer's claims", claims.get("username"), "ada")
    start, middle, end = token.split(".")
    forged = f"{start}.{middle}.{end[:-8]}AAAAAAAA"
    check("no token, no entry", cloud.http("GET", "/v1/entitlements")[0], 401)
    check("nor with a forged one", cloud.http("GET", "/v1/entitlements", headers={"Authorization": f"Bearer {forged}"})[0], 401)
    check("every method reaches /v1", cloud.http("POST", "/v1/requests", {"a": 1}, bearer)[0], 200)
    approvals(cloud)


def approvals(cloud):
    status, _, body = cloud.http("GET", "/approvals/a%2Db_c")
    check("the approval page is open", (status, json.loads(body).get("pathParameters")), (200, {"token": "a-b_c"}))
    status, headers, body = cloud.http("HEAD", "/approvals/abc")
    check("HEAD has no body", (status, body), (200, b""))
    origin = {"Origin": cloud.url, "Content-Type": "application/x-www-form-urlencoded"}
    status, _, body = cloud.http("POST", "/approvals/abc", {"a": 1}, origin)
    check("a form's origin arrives", (status, json.loads(body)["headers"].get("origin")), (200, cloud.url))
    check("no other method is routed", cloud.http("DELETE", "/approvals/abc")[0], 404)
    check("nor anything below", cloud.http("GET", "/approvals/abc/def")[0], 404)
