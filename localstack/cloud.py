"""Starts the local cloud: the pinned emulator, taught what Stint relies on.

    python localstack/cloud.py [--port 4566] [--region eu-west-1]

It listens on 127.0.0.1 only, enforces IAM, keeps everything in memory and forgets it at the end. Several may run side
by side, each on its own port.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=int(os.environ.get("STINT_CLOUD_PORT", "4566")))
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "eu-west-1"))
    return parser.parse_args()


def configure(port, region, folder):
    """The emulator reads its settings while it is imported, so they are set before that."""
    os.environ.update(
        BIND_HOST="127.0.0.1",  # the emulator's own default is every interface
        MINISTACK_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        MINISTACK_REGION=region,
        AWS_REGION=region,
        AWS_DEFAULT_REGION=region,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",  # handed on to the functions
        AUTH="true",
        IOT_MTLS_ENABLED="0",  # else it opens a second port on every interface
        LAMBDA_EXECUTOR="local",
        PERSIST_STATE="0",
        LAMBDA_ASYNC_RETRY_BASE_SECONDS="1",  # AWS waits a minute
        TMPDIR=folder,  # clouds side by side must not sweep each other's unpacked code
    )
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    tempfile.tempdir = folder


def main():
    args = arguments()
    folder = tempfile.mkdtemp(prefix="stint-cloud-")
    configure(args.port, args.region, folder)
    sys.argv = sys.argv[:1]  # the emulator parses the command line, too
    import stint_cloud

    stint_cloud.install()
    from ministack.app import main as serve

    try:
        serve()
    except KeyboardInterrupt:
        pass
    finally:
        stint_cloud.stop()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
