# SPDX-License-Identifier: Apache-2.0
"""Signers as partners have them: certificates made anew, and signatures by programs that we did not
write: Debian's xmlsec1, signxml (XML-DSig and XAdES), joserfc (JWS)."""
import base64
import datetime
import hashlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from lxml import etree
from signxml import XMLSigner
from signxml.xades import XAdESSigner

DSIG = "http://www.w3.org/2000/09/xmldsig#"
SIGNER = "Nguyễn Thị Ký Thử"  # invented; must be seen nowhere
TEMPLATE = f"""<Signature xmlns="{DSIG}"><SignedInfo>
<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<Reference URI=""><Transforms><Transform Algorithm="{DSIG}enveloped-signature"/>
<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>
<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference>
</SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature>"""


def _name(common):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem_key(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Signer:
    """A person's key and certificate."""

    def __init__(self, key, certificate, folder, name):
        self.key, self.certificate = key, certificate
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.der = certificate.public_bytes(serialization.Encoding.DER)
        self.fingerprint = hashlib.sha256(self.der).hexdigest()
        self.key_file, self.certificate_file = folder / f"{name}.key", folder / f"{name}.pem"
        self.key_file.write_bytes(_pem_key(key))
        self.certificate_file.write_bytes(self.pem)

    def public_pem(self):
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def _algorithm(self):
        return "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ecdsa-sha256"

    def by_xmlsec(self, document, end=b"</HandoffMessage>"):
        """By the command that Debian has, with an RSA key; the signature is the root's last child."""
        folder = self.key_file.parent
        (folder / "template.xml").write_bytes(document.replace(end, TEMPLATE.encode() + end))
        subprocess.run(["xmlsec1", "--sign", "--privkey-pem",
                        f"{self.key_file},{self.certificate_file}", "--output",
                        folder / "signed.xml", folder / "template.xml"],
                       check=True, capture_output=True)
        return (folder / "signed.xml").read_bytes()

    def _tree(self, signer, document, at):
        root = etree.fromstring(document)
        if at:
            place = etree.SubElement(root.find(f".//{{*}}{at}"), f"{{{DSIG}}}Signature")
            place.set("Id", "placeholder")
        return etree.tostring(signer.sign(root, key=self.key, cert=self.pem.decode()),
                              encoding="utf-8")

    def by_signxml(self, document, at=None, **how):
        return self._tree(XMLSigner(signature_algorithm=self._algorithm(), **how), document, at)

    def by_xades(self, document, at=None):
        return self._tree(XAdESSigner(signature_algorithm=self._algorithm()), document, at)

    def by_hand(self, document, end):
        """For documents that the programs find too large: with lxml's canonical form alone."""
        huge = etree.XMLParser(huge_tree=True, resolve_entities=False)
        digest = hashlib.sha256(etree.tostring(etree.fromstring(document, huge), method="c14n",
                                               exclusive=True)).digest()
        made = etree.fromstring(TEMPLATE)
        made.find(f".//{{{DSIG}}}DigestValue").text = base64.b64encode(digest).decode()
        info = etree.tostring(made.find(f"{{{DSIG}}}SignedInfo"), method="c14n", exclusive=True)
        made.find(f"{{{DSIG}}}SignatureValue").text = base64.b64encode(
            self.key.sign(info, padding.PKCS1v15(), hashes.SHA256())).decode()
        certificate = etree.SubElement(made.find(f".//{{{DSIG}}}X509Data"),
                                       f"{{{DSIG}}}X509Certificate")
        certificate.text = base64.b64encode(self.der).decode()
        return document.replace(end, etree.tostring(made) + end)

    def by_jws(self, document, **header):
        """Detached, over these bytes."""
        is_rsa = isinstance(self.key, rsa.RSAPrivateKey)
        key = (RSAKey if is_rsa else ECKey).import_key(_pem_key(self.key))
        if not header:
            header = {"x5c": [base64.b64encode(self.der).decode()]}
        made = jws.serialize_compact({"alg": "RS256" if is_rsa else "ES256", **header}, document, key)
        return jws.detach_compact_content(made)


class SigningAuthority:
    """Gives out certificates for signing, and takes them back."""

    def __init__(self, folder, name="Sign CA"):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        self.certificate = self._certify(self.name, self.key.public_key(), is_authority=True)
        self.anchors = folder / f"{name.replace(' ', '-')}-anchors.pem"
        self.anchors.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _certify(self, subject, public_key, days=(-1, 30), is_authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                .public_key(public_key).serial_number(x509.random_serial_number())
                .not_valid_before(now + datetime.timedelta(days=days[0]))
                .not_valid_after(now + datetime.timedelta(days=days[1]))
                .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), True)
                .sign(self.key, hashes.SHA256()))

    def signer(self, name=SIGNER, days=(-1, 30), bits=2048):
        """With `bits` 0 on P-256, else of RSA."""
        key = (rsa.generate_private_key(65537, bits) if bits
               else ec.generate_private_key(ec.SECP256R1()))
        return Signer(key, self._certify(_name(name), key.public_key(), days), self.folder,
                      hashlib.sha256(f"{name}{days}{bits}".encode()).hexdigest()[:8])

    def revoke(self, path, *signers):
        now = datetime.datetime.now(datetime.timezone.utc)
        made = (x509.CertificateRevocationListBuilder().issuer_name(self.name)
                .last_update(now - datetime.timedelta(hours=1))
                .next_update(now + datetime.timedelta(days=1)))
        for signer in signers:
            made = made.add_revoked_certificate(
                x509.RevokedCertificateBuilder().revocation_date(now)
                .serial_number(signer.certificate.serial_number).build())
        path.write_bytes(made.sign(self.key, hashes.SHA256())
                         .public_bytes(serialization.Encoding.PEM))
        return path
