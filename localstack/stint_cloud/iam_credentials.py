"""SSH public keys, signing certificates and service-specific credentials of users.

AWS keeps them, and a user that has one cannot be deleted. The emulator knows none of the three: here a test can plant
them, and a remover lists and deletes them. They open nothing.
"""

import hashlib
import secrets
from typing import Callable, NamedTuple
from xml.sax.saxutils import escape

from ministack.services import iam

from .iam_handlers import no_such_user, param, table
from .limits import refusal

SERVICES = ("bedrock.amazonaws.com", "cassandra.amazonaws.com", "codecommit.amazonaws.com", "cloudwatch.amazonaws.com")


def ssh_public_key(user, params):
    body = param(params, "SSHPublicKeyBody")
    if not body.startswith(("ssh-rsa ", "-----BEGIN ")):
        return "InvalidPublicKey", "The public key is malformed or otherwise invalid."
    digest = hashlib.md5(body.encode()).hexdigest()
    fingerprint = ":".join(digest[n:n + 2] for n in range(0, len(digest), 2))
    return {"UploadDate": iam._now(), "Fingerprint": fingerprint, "SSHPublicKeyBody": body}


def signing_certificate(user, params):
    body = param(params, "CertificateBody")
    if "-----BEGIN CERTIFICATE-----" not in body:
        return "MalformedCertificate", "The certificate was malformed or expired or the name was incorrect."
    return {"UploadDate": iam._now(), "CertificateBody": body}


def service_specific_credential(user, params):
    service = param(params, "ServiceName")
    if service not in SERVICES:
        return "NotSupportedService", f"The specified service {service} is not supported."
    return {"CreateDate": iam._now(), "ServiceName": service, "ServicePassword": secrets.token_urlsafe(32),
            "ServiceUserName": f"{user}-at-{iam.get_account_id()}"}


class Kind(NamedTuple):
    noun: str
    create: str
    list: str
    delete: str
    one: str  # the element around a new one
    many: str  # the element around the list
    id: str
    prefix: str
    most: int
    make: Callable
    unlisted: tuple  # what is seen at the creation only


KINDS = (
    Kind("SSH public keys", "UploadSSHPublicKey", "ListSSHPublicKeys", "DeleteSSHPublicKey", "SSHPublicKey",
         "SSHPublicKeys", "SSHPublicKeyId", "APKA", 5, ssh_public_key, ("Fingerprint", "SSHPublicKeyBody")),
    Kind("signing certificates", "UploadSigningCertificate", "ListSigningCertificates", "DeleteSigningCertificate",
         "Certificate", "Certificates", "CertificateId", "ASCA", 2, signing_certificate, ()),
    Kind("service-specific credentials", "CreateServiceSpecificCredential", "ListServiceSpecificCredentials",
         "DeleteServiceSpecificCredential", "ServiceSpecificCredential", "ServiceSpecificCredentials",
         "ServiceSpecificCredentialId", "ACCA", 2, service_specific_credential, ("ServicePassword",)),
)
STATUS = {"InvalidPublicKey": 400, "MalformedCertificate": 400, "NotSupportedService": 404}


def held(user, kind):
    """They live in the user's own record, and end with it."""
    return iam._users[user].setdefault(kind.id, {})


def xml(record, left_out=()):
    return "".join(f"<{k}>{escape(v)}</{k}>" for k, v in record.items() if k not in left_out)


def handlers(kind):
    def answer(action, inner=""):
        result = f"<{action}Result>{inner}</{action}Result>" if inner else ""
        return iam._xml(200, f"{action}Response", result, ns="iam")

    def create(user, params):
        made = kind.make(user, params)
        if isinstance(made, tuple):
            return refusal(STATUS[made[0]], *made)
        of_service = [r for r in held(user, kind).values() if r.get("ServiceName") == made.get("ServiceName")]
        if len(of_service) >= kind.most:
            return refusal(409, "LimitExceeded", f"Cannot exceed quota for {kind.one}sPerUser: {kind.most}")
        record = {"UserName": user, kind.id: kind.prefix + secrets.token_hex(10).upper(), "Status": "Active", **made}
        held(user, kind)[record[kind.id]] = record
        return answer(kind.create, f"<{kind.one}>{xml(record)}</{kind.one}>")

    def listed(user, params):
        wanted = param(params, "ServiceName")
        members = "".join(f"<member>{xml(r, kind.unlisted)}</member>" for r in held(user, kind).values()
                          if not wanted or r.get("ServiceName") == wanted)
        return answer(kind.list, f"<{kind.many}>{members}</{kind.many}><IsTruncated>false</IsTruncated>")

    def delete(user, params):
        if held(user, kind).pop(param(params, kind.id), None) is None:
            return refusal(404, "NoSuchEntity", f"The {kind.one} with id {param(params, kind.id)} cannot be found.")
        return answer(kind.delete)

    return {kind.create: create, kind.list: listed, kind.delete: delete}


def install():
    def of_a_user(handler):
        def handle(params):
            name = param(params, "UserName")
            return handler(name, params) if name in iam._users else no_such_user(name)

        return handle

    for kind in KINDS:
        table().update({action: of_a_user(handler) for action, handler in handlers(kind).items()})
