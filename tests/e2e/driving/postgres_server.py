"""A real PostgreSQL server in a folder of its own, reached by a socket; also where the tests run as root."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

_UNPRIVILEGED = ("postgres", "nobody")
"""PostgreSQL refuses to run as root, so it becomes the first of these users that there is."""


def find_postgres() -> tuple[Path | None, str]:
    """The folder of its programs; None and the reason where there is none."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))[::-1]
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder, ""
    return None, "no postgres on the PATH or in /usr/lib/postgresql; with Debian: apt-get install postgresql"


class PostgresServer:
    """One server with an empty database and a user `reader` with a password; the tests themselves are `owner`."""

    PASSWORD = "s3cret pass"  # noqa: S105

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="gr-pg-"))  # short enough for a socket, and not in root's own
        self._as: dict[str, Any] = {"cwd": self._folder}
        if os.geteuid() == 0:
            user = next(user for user in map(_user, _UNPRIVILEGED) if user)
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        secret = self._folder / "secret"
        secret.write_text(self.PASSWORD)
        order = [programs / "initdb", "--no-sync", "--auth=scram-sha-256", "--username=owner", f"--pwfile={secret}"]
        secret.chmod(0o644)
        done = subprocess.run(
            [*map(str, order), "--encoding=UTF8", "--locale=C", str(self._folder / "data")],
            **self._as, check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.start()
        self.run(f"create role reader login password '{self.PASSWORD}' in role pg_read_all_data")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {"unix_socket_directories": self._folder, "listen_addresses": "", "fsync": "off"}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *options],
                **self._as, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            try:
                self.run("select 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self._folder / "log").read_text()[-2000:]
                time.sleep(0.02)
            else:
                return

    def url(self, user: str = "reader", password: str = PASSWORD) -> str:
        """Where SQLAlchemy finds it."""
        return f"postgresql+psycopg://{user}:{password.replace(' ', '%20')}@/postgres?host={self._folder}"

    def run(self, statement: str, rows: list[tuple[Any, ...]] | None = None) -> None:
        """Run a statement, once or with each of some rows."""
        login = {"host": str(self._folder), "user": "owner", "password": self.PASSWORD, "dbname": "postgres"}
        with psycopg.connect(**login) as connection, connection.cursor() as cursor:
            if rows is None:
                cursor.execute(statement)
            else:
                cursor.executemany(statement, rows)

    def stop(self) -> None:
        """End it at once; whoever is connected is cut off."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)

    def remove(self) -> None:
        """End it, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._folder)


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
