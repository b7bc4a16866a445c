# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of our own, and certificates of it that are as they should be or not."""
import datetime
import pathlib

import trustme


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = trustme.CA()
        self.ca_file = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)

    def issue(self, name, host="localhost", days=30):
        """Chain and key in one PEM file; `days` below 0: it ended so long ago."""
        now = datetime.datetime.now(datetime.timezone.utc)
        made = self.authority.issue_cert(host, common_name=name,
                                         not_before=now - datetime.timedelta(days=60),
                                         not_after=now + datetime.timedelta(days=days))
        path = self.folder / f"{name}.pem"
        made.private_key_and_cert_chain_pem.write_to_path(path)
        path.chmod(0o600)
        return path
