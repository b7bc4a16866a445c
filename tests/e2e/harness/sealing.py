# SPDX-License-Identifier: Apache-2.0
"""A spool and files that are sealed, and what of them can be read on a disk."""
import pathlib


def sealed_by_key(folder):
    """For the daemon's section spool: a key file in this folder."""
    keys = pathlib.Path(folder) / "master-keys"
    keys.write_text("k1 " + "QUJD" * 10 + "QUI=\n")
    keys.chmod(0o600)
    return {"encryption": {"key_file": str(keys)}}


def files_with(folder, *marks):
    """Every file below the folder that holds one of the marks."""
    return [path for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file()
            and any(mark in path.read_bytes() for mark in marks)]
