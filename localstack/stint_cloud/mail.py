"""SES: decides on SendEmail by the identity it sends as, and offers `ses:FromAddress` to the policies."""

import contextvars
import email.utils
import json

from ministack import app
from ministack.core import iam_actions
from ministack.services import ses_v2

SEND = "/outbound-emails"
sender = contextvars.ContextVar("stint_mail_sender", default=None)


def from_address(path, body):
    if not path.endswith(SEND):
        return None
    try:
        return email.utils.parseaddr(json.loads(body or b"{}").get("FromEmailAddress") or "")[1] or None
    except (ValueError, AttributeError):
        return None


def identity_of(address):
    """The address where it is an identity itself, else its domain."""
    return address if address in ses_v2._identities else address.rpartition("@")[2]


def install():
    install_resource()
    install_condition_key()


def install_resource():
    resource_of = iam_actions._ses_v2_resource_arn

    def resource(method, path, body, region, account_id):
        address = from_address(path, body)
        if not address:
            return resource_of(method, path, body, region, account_id)
        return f"arn:aws:ses:{region}:{account_id}:identity/{identity_of(address)}"

    iam_actions._ses_v2_resource_arn = resource


def install_condition_key():
    enforce_ses, enforce = app._enforce_ses_v2, app._enforce_data_plane

    def enforce_ses_v2(method, path, headers, body, query_params, request_id):
        token = sender.set(from_address(path, body))
        try:
            return enforce_ses(method, path, headers, body, query_params, request_id)
        finally:
            sender.reset(token)

    def enforce_data_plane(service, *args, **kwargs):
        if service == "sesv2" and sender.get():
            kwargs["service_context"] = {**(kwargs.get("service_context") or {}), "ses:FromAddress": sender.get()}
        return enforce(service, *args, **kwargs)

    app._enforce_ses_v2 = enforce_ses_v2
    app._enforce_data_plane = enforce_data_plane
