"""A real mail server on this machine that keeps what it is given."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOGIN, PASSWORD = b"sender", b"its own password"


class Mailbox:
    """`with Mailbox() as box:` listens at `box.url`; `box.messages` is what has come."""

    def __init__(self, *, scheme: str = "smtp", tls: Path | None = None, login: bool = False) -> None:
        self.messages: list[EmailMessage] = []
        self.refuse = False
        self.encrypted: list[bool] = []
        context = _server(tls) if tls else None
        options: dict[str, object] = {"ssl_context": context} if scheme == "smtps" else {}
        if scheme == "smtp" and context is not None:
            options = {"tls_context": context, "require_starttls": True}
        if scheme == "smtps":
            options["auth_require_tls"] = False  # it does not see that there is TLS around
        else:
            options["auth_required"] = login
        self._controller = Controller(self, hostname="127.0.0.1", port=0, authenticator=_known, **options)
        self._scheme, self._login = scheme, login

    @property
    def url(self) -> str:
        port = self._controller.server.sockets[0].getsockname()[1]
        return f"{self._scheme}://{f'{LOGIN.decode()}@' if self._login else ''}127.0.0.1:{port}"

    def _knock(self) -> None:
        socket.create_connection(self._controller.server.sockets[0].getsockname()).close()

    def __enter__(self) -> Self:
        self._controller._trigger_server = self._knock  # its own knocks at port 0
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        if self.refuse:
            return "550 not here"
        self.messages.append(BytesParser(policy=default).parsebytes(envelope.content.replace(b"\r\n", b"\n")))
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


def _known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (LOGIN, PASSWORD)
    return AuthResult(success=right, handled=right)


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    address, now = x509.IPAddress(ipaddress.ip_address("127.0.0.1")), dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def _server(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
