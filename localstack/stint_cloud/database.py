"""A PostgreSQL server in place of RDS: started by whoever first asks `GET /_stint/database`, and gone with the cloud.

As on RDS: TLS with a certificate of its own authority, SCRAM, and an administrator who may make roles and is no
superuser. Every statement is logged, so that a test can look for what must not be in one.

The programs are looked for on the PATH and where distributions keep them. PostgreSQL does not run as root, so root runs
it as `nobody`.
"""

import atexit
import datetime
import glob
import ipaddress
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/pgsql/bin")
CONF = """
listen_addresses = '127.0.0.1'
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
password_encryption = 'scram-sha-256'
log_statement = 'all'
log_connections = on
fsync = off
shared_buffers = '16MB'
max_connections = 100
"""
HBA = """
local   all all              peer
hostssl all all 127.0.0.1/32 scram-sha-256
"""
DATABASE = "orders"
LOGINS = ("stint_admin", "orders_owner")
lock, running = threading.Lock(), {}


def programs():
    found = shutil.which("initdb")
    places = [os.path.dirname(os.path.realpath(found))] if found else []
    for pattern in PLACES:
        places += sorted(glob.glob(pattern), key=lambda place: [int(n) for n in place.split("/") if n.isdigit()])[::-1]
    for place in places:
        if os.path.exists(os.path.join(place, "initdb")) and os.path.exists(os.path.join(place, "postgres")):
            return place
    raise RuntimeError("PostgreSQL 15 or later is needed: Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql")


def account():
    """Whom the server runs as: nobody special."""
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def certificate(folder):
    """An authority of this server alone. Its certificate is what clients are given."""
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stint local database authority")])
    server = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])

    def signed(subject, key, authority):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=30))
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if not authority:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = signed(name, root_key, True).sign(root_key, hashes.SHA256())
    issued = signed(server, key, False).sign(root_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for name_of, content in (("server.crt", issued.public_bytes(pem)), ("server.key", private)):
        path = os.path.join(folder, name_of)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o600)
        if os.geteuid() == 0:
            shutil.chown(path, "nobody")
    return root.public_bytes(pem).decode()


def statements(passwords):
    """The administrator may set the login's password because it has been given the role to administer (PostgreSQL 16)."""
    for login in LOGINS:
        more = " CREATEROLE" if login == "stint_admin" else ""
        yield f"CREATE ROLE {login} LOGIN{more} PASSWORD '{passwords[login]}';"
    yield "CREATE ROLE orders_reader;"
    yield "GRANT orders_owner TO stint_admin WITH ADMIN OPTION;"
    yield "GRANT orders_reader TO stint_admin WITH ADMIN OPTION;"
    yield f"CREATE DATABASE {DATABASE} OWNER orders_owner;"


TABLES = (
    "CREATE TABLE orders (id int PRIMARY KEY, item text);",
    "INSERT INTO orders VALUES (4711, 'a sample order');",
    "ALTER TABLE orders OWNER TO orders_owner;",
    "GRANT SELECT ON orders TO orders_reader;",
)


def start():
    place, folder = programs(), tempfile.mkdtemp(prefix="stint-database-")
    data = os.path.join(folder, "data")
    # Whoever it runs as has to get there.
    for above in (folder, tempfile.gettempdir()):
        os.chmod(above, 0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")

    def run(program, *arguments, stdin=""):
        command = [os.path.join(place, program), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=folder, **account())
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout[-500:]}{done.stderr[-2000:]}")

    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    passwords = {login: secrets.token_urlsafe(18) for login in LOGINS}
    for database, lines in (("postgres", statements(passwords)), (DATABASE, TABLES)):
        run("postgres", "--single", "-F", "-j", "-D", data, database, stdin="\n\n".join(lines) + "\n\n")
    root = certificate(data)
    with open(os.path.join(data, "pg_hba.conf"), "w") as file:
        file.write(HBA)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(os.path.join(data, "postgresql.conf"), "a") as file:
        file.write(f"{CONF}port = {port}\nunix_socket_directories = '{folder}'\n")
    log_path = os.path.join(folder, "log")
    with open(log_path, "w") as log:
        server = subprocess.Popen([os.path.join(place, "postgres"), "-D", data], stdout=log, stderr=log, cwd=folder, **account())
    atexit.register(stop)
    wait(server, port, log_path)
    running.update(server=server, folder=folder)
    return {"host": "127.0.0.1", "port": port, "dbname": DATABASE, "root_certificate": root, "passwords": passwords,
            "log": log_path, "programs": place}


def wait(server, port, log_path):
    for _ in range(200):
        if server.poll() is not None:
            with open(log_path) as log:
                raise RuntimeError(f"PostgreSQL ended: {log.read()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            threading.Event().wait(0.05)
    raise RuntimeError("PostgreSQL does not answer")


def found():
    """The one server of this cloud, started by the first who asks."""
    with lock:
        if "about" not in running:
            running["about"] = start()
        return running["about"]


def stop():
    server = running.pop("server", None)
    if server:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
        shutil.rmtree(running.pop("folder"), ignore_errors=True)
        running.clear()
