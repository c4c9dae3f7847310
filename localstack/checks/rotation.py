"""Rotation of secrets: who is called, for which version, in which order; where the labels are; what stands in its way."""

from .harness import refused, wait_for
from .report import check

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:stint-rotate-credential"
# ClientRequestToken is of 32 characters at least.
FIRST, SECOND, THIRD = (f"stint-{n:032x}" for n in (1, 2, 3))


def run(cloud):
    vault = cloud.client("secretsmanager")
    cloud.hook("DELETE", "invocations")
    rotates(cloud, vault)
    stands_in_the_way(cloud, vault)
    dies(cloud, vault)
    deleted(vault)


def made(vault, name):
    vault.create_secret(Name=name, SecretString="at first")
    return {"SecretId": name}


def enrolled(vault, name):
    secret = made(vault, name)
    vault.rotate_secret(**secret, RotationLambdaARN=FUNCTION, RotateImmediately=False,
                        RotationRules={"AutomaticallyAfterDays": 1000})
    return secret


def labels(vault, secret):
    versions = vault.describe_secret(**secret)["VersionIdsToStages"]
    return {stage: version for version, stages in versions.items() for stage in stages}


def steps(cloud):
    return [i["step"] for i in cloud.invoked("rotate-credential") if i["ended"]]


def value(vault, secret, **which):
    return vault.get_secret_value(**secret, **which)["SecretString"]


def rotates(cloud, vault):
    secret = made(vault, "stint/vault/check")
    check("a secret without a function is not rotated", refused(vault.rotate_secret, **secret), "InvalidRequestException")
    vault.rotate_secret(**secret, RotationLambdaARN=FUNCTION, RotateImmediately=False,
                        RotationRules={"AutomaticallyAfterDays": 1000})
    check("it is enrolled", vault.describe_secret(**secret)["RotationEnabled"], True)
    before = labels(vault, secret)["AWSCURRENT"]
    check("a rotation has the token for its version", vault.rotate_secret(**secret, ClientRequestToken=FIRST)["VersionId"], FIRST)
    done = wait_for(lambda: len(steps(cloud)) == 4)
    check("its function is called step by step", (done, steps(cloud)), (True, STEPS))
    now = labels(vault, secret)
    check("the new version is current, the old one previous, none pending", now, {"AWSCURRENT": FIRST, "AWSPREVIOUS": before})
    check("each with its value", (value(vault, secret), value(vault, secret, VersionStage="AWSPREVIOUS")), (FIRST, "at first"))
    vault.rotate_secret(**secret, ClientRequestToken=FIRST)
    check("asked for once more, it is done", wait_for(lambda: len(steps(cloud)) > 4, 1), False)
    vault.put_secret_value(**secret, SecretString="by hand")
    check("what is put without labels is current", (value(vault, secret), labels(vault, secret)["AWSPREVIOUS"]), ("by hand", FIRST))


def stands_in_the_way(cloud, vault):
    secret, before = enrolled(vault, "stint/vault/broken"), len(steps(cloud))
    current = labels(vault, secret)["AWSCURRENT"]
    vault.rotate_secret(**secret, ClientRequestToken=SECOND)
    wait_for(lambda: len(steps(cloud)) >= before + 6)
    check("a step that fails is tried again, from the first", steps(cloud)[before:], STEPS[:2] * 3)
    check("its version stays pending", labels(vault, secret), {"AWSCURRENT": current, "AWSPENDING": SECOND})
    check("with its value", value(vault, secret, VersionStage="AWSPENDING"), SECOND)
    same = {"ClientRequestToken": SECOND, "VersionStages": ["AWSPENDING"]}
    check("which it keeps", refused(vault.put_secret_value, **secret, **same, SecretString="other"), "ResourceExistsException")
    check("and may be put again", refused(vault.put_secret_value, **secret, **same, SecretString=SECOND), None)
    again = {"ClientRequestToken": SECOND, "VersionStages": ["AWSCURRENT"], "SecretString": SECOND}
    vault.put_secret_value(**secret, **again)
    check("which moves no label", labels(vault, secret), {"AWSCURRENT": current, "AWSPENDING": SECOND})
    settled(cloud)
    check("another rotation is refused", refused(vault.rotate_secret, **secret, ClientRequestToken=THIRD), "InvalidRequestException")
    wait_for(lambda: len(steps(cloud)) >= before + 12)
    check("and the pending one is taken up again", labels(vault, secret)["AWSPENDING"], SECOND)
    check("the other has left no version", refused(vault.get_secret_value, **secret, VersionId=THIRD), "ResourceNotFoundException")
    stage = {"VersionStage": "AWSPENDING", "RemoveFromVersionId": SECOND}
    vault.update_secret_version_stage(**secret, **stage)
    check("the label can be taken off", labels(vault, secret), {"AWSCURRENT": current})
    check("where it is", refused(vault.update_secret_version_stage, **secret, **stage), "InvalidParameterException")


def settled(cloud):
    """The last attempt's thread has ended, a pause after its last call."""
    calls = []
    wait_for(lambda: calls.append(len(steps(cloud))) or len(calls) > 15 and len(set(calls[-15:])) == 1, every=0.1)


def dies(cloud, vault):
    """A fault may be for one step; the others live."""
    secret, before = enrolled(vault, "stint/vault/dies"), len(steps(cloud))
    fault = {"function": "stint-rotate-credential", "step": "finishSecret", "call": 2, "when": "after", "times": 1}
    cloud.hook("POST", "faults", fault)
    vault.rotate_secret(**secret, ClientRequestToken=THIRD)
    wait_for(lambda: len(steps(cloud)) >= before + 8)
    runs = cloud.invoked("rotate-credential")[before:]
    check("killed in its last step, it begins again", [i["step"] for i in runs], STEPS * 2)
    check("and was killed there alone", [i["error"] for i in runs], [None] * 3 + ["Runtime.ExitError"] + [None] * 4)
    check("it has been rotated", labels(vault, secret)["AWSCURRENT"], THIRD)
    cloud.hook("DELETE", "faults")


def deleted(vault):
    secret = enrolled(vault, "stint/vault/deleted")
    vault.delete_secret(**secret, RecoveryWindowInDays=7)
    check("one to be deleted says when", "DeletedDate" in vault.describe_secret(**secret), True)
    calls = (vault.get_secret_value, vault.rotate_secret)
    check("it is neither read nor rotated", [refused(call, **secret) for call in calls], ["InvalidRequestException"] * 2)
    vault.restore_secret(**secret)
    check("until it is restored", value(vault, secret), "at first")
    vault.delete_secret(**secret, ForceDeleteWithoutRecovery=True)
    calls = (vault.describe_secret, *calls)
    check("one that is gone is not found", [refused(call, **secret) for call in calls], ["ResourceNotFoundException"] * 3)
