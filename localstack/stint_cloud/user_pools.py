"""Cognito: this cloud as the issuer of its user pools' tokens, and what a client may write.

On AWS a token names `https://cognito-idp.<region>.amazonaws.com/<pool>` and the keys lie below that address. Here the
same must hold without the internet, so the issuer is `http://127.0.0.1:<port>/<pool>`, in tokens, in discovery and in
the template's `GetAtt UserPool.ProviderURL`.
"""

import json
import os

from ministack.services import cognito
from ministack.services.cloudformation import provisioners


def install():
    install_issuer()
    install_write_attributes()
    generate = cognito._generate_temp_password
    # Long enough for any policy; the emulator's own refuses what it makes itself.
    cognito._generate_temp_password = lambda: generate() + generate()


def issuer(pool_id):
    return f"{os.environ['AWS_ENDPOINT_URL']}/{pool_id}"


def install_issuer():
    sign, discovery = cognito._signed_jwt, cognito.well_known_openid_configuration
    attributes = provisioners._cognito_user_pool_attributes

    def signed_jwt(claims, pool_id="", use=""):
        return sign({**claims, "iss": issuer(pool_id)} if pool_id and "iss" in claims else claims, pool_id, use)

    def openid_configuration(pool_id, *args, **kwargs):
        status, headers, body = discovery(pool_id, *args, **kwargs)
        return status, headers, json.dumps({**json.loads(body), "issuer": issuer(pool_id)}).encode()

    cognito._signed_jwt = signed_jwt
    cognito.well_known_openid_configuration = openid_configuration
    provisioners._cognito_user_pool_attributes = lambda pool_id: {**attributes(pool_id), "ProviderURL": issuer(pool_id)}


def writable(token):
    """The attributes the token's client may write; None where it names none, which is all."""
    client_id = cognito._token_claims(token).get("client_id")
    _, pool = cognito._user_pool_for_access_token(token)
    return (((pool or {}).get("_clients") or {}).get(client_id) or {}).get("WriteAttributes") or None


def install_write_attributes():
    update = cognito._update_user_attributes

    def update_user_attributes(data):
        allowed = writable(data.get("AccessToken", ""))
        if allowed is not None and any(a.get("Name") not in allowed for a in data.get("UserAttributes", [])):
            message = "A client attempted to write unauthorized attribute"
            return cognito.error_response_json("NotAuthorizedException", message, 400)
        return update(data)

    cognito._update_user_attributes = update_user_attributes
