# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of our own, and certificates of it that are as they should be or not."""
import datetime
import hashlib
import pathlib
import ssl

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = trustme.CA()
        self.ca_file = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca_file)

    def issue(self, name, host="localhost", days=30):
        """Chain and key in one PEM file; `days` below 0: it ended so long ago.  Issued again under a
        name it is another certificate of the same subject."""
        now = datetime.datetime.now(datetime.timezone.utc)
        made = self.authority.issue_cert(host, common_name=name, organization_unit_name="Test",
                                         not_before=now - datetime.timedelta(days=60),
                                         not_after=now + datetime.timedelta(days=days))
        path = self.folder / f"{name}.pem"
        made.private_key_and_cert_chain_pem.write_to_path(path)
        path.chmod(0o600)
        return path

    def revoke(self, path, *certificates, age_days=0.0):
        """A revocation list of these in one PEM file; it holds for a day, from `age_days` ago on."""
        made = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=age_days)
        builder = (x509.CertificateRevocationListBuilder()
                   .issuer_name(read(self.ca_file).subject)
                   .last_update(made - datetime.timedelta(hours=1))
                   .next_update(made + datetime.timedelta(days=1)))
        for one in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(read(one).serial_number)
                .revocation_date(made).build())
        key = serialization.load_pem_private_key(self.authority.private_key_pem.bytes(), None)
        revoked = builder.sign(key, hashes.SHA256())
        pathlib.Path(path).write_bytes(revoked.public_bytes(serialization.Encoding.PEM))
        return path


def read(path):
    """The first certificate of a PEM file."""
    return x509.load_pem_x509_certificate(path.read_bytes()[path.read_bytes().index(b"-----BEGIN C"):])


def fingerprint(path):
    return hashlib.sha256(read(path).public_bytes(serialization.Encoding.DER)).hexdigest()


def names(path):
    """Subject and issuer, as partners.yaml has them."""
    one = read(path)
    return one.subject.rfc4514_string(), one.issuer.rfc4514_string()


def client_context(ca_file, certificate=None, version=None):
    """For a client that trusts `ca_file`, shows a certificate, and speaks one version of TLS."""
    context = ssl.create_default_context(cafile=ca_file)
    if certificate:
        context.load_cert_chain(certificate)
    if version:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or the client itself would refuse old ones
        context.minimum_version = context.maximum_version = version
    return context
