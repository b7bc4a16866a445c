# SPDX-License-Identifier: Apache-2.0
"""The real broker and the real registry, started and stopped by deploy/broker."""
import os
import pathlib
import random
import shutil
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "deploy" / "broker"


class Unavailable(Exception):
    """The component cannot be had on this machine; its text says why."""


_given = set()  # a port that was given out may not be listened on yet


def free_port(count=1):
    """The first of `count` free ports below the range that outgoing connections use."""
    first, last = map(int, os.environ.get("LIENTHONG_TEST_PORTS", "20000-29999").split("-"))
    for _ in range(200):
        port = random.randrange(first, last - count)
        ports = {port + n for n in range(count)}
        if not ports & _given and all(map(_is_free, ports)):
            _given.update(ports)
            return port
    raise RuntimeError(f"no {count} free ports within {first} to {last}")


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Service:
    """One component, known by its folder."""
    script = None

    def __init__(self, folder, port=None, options=()):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port(2)
        self.options = list(options)

    def run(self, verb, *options, check=True):
        done = subprocess.run([SCRIPTS / self.script, verb, *options, "-d", self.folder],
                              text=True, capture_output=True, timeout=240, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{self.script} {verb}: {done.stderr.strip()[-800:]}")
        return done.stdout

    def start(self):
        self.run("start", "-p", str(self.port), *self.options)
        return self

    def stop(self):
        self.run("stop")

    def kill(self):
        self.run("kill")

    def pause(self):
        self.run("pause")

    def resume(self):
        self.run("resume")

    def wipe(self):
        self.run("wipe", check=False)

    def is_up(self):
        return self.run("status", check=False).startswith("up")


class Kafka(Service):
    script = "kafka"

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"

    def tool(self, *arguments, timeout=90, binary=False):
        done = subprocess.run([SCRIPTS / "kafka", "tool", *arguments], capture_output=True,
                              timeout=timeout, check=False)
        return done.stdout if binary else done.stdout.decode(), done.stderr.decode()


class Registry(Service):
    script = "registry"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"


class S3(Service):
    """An S3-compatible server with one bucket."""
    script = "s3"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def objects(self):
        """Where the bucket's objects lie on disk."""
        return self.folder / "objects" / "bucket"

    def settings(self):
        """For the daemon's section files."""
        return {"s3_endpoint": self.url, "s3_bucket": "bucket", "s3_access_key": "lienthong",
                "s3_secret_key_file": str(self.folder / "secret"), "s3_timeout_ms": 3000}


def fetch_s3():
    """Brings the S3 server onto this machine, or raises Unavailable with the reason."""
    done = subprocess.run([SCRIPTS / "s3", "fetch"], text=True, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise Unavailable(lines[-1])


def fetch():
    """Brings both onto this machine, or raises Unavailable with the reason."""
    if not shutil.which("java"):
        raise Unavailable("no Java: apt-get install openjdk-17-jre-headless")
    for script in ("kafka", "registry"):
        done = subprocess.run([SCRIPTS / script, "fetch"], text=True, capture_output=True,
                              check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise Unavailable(lines[-1])
