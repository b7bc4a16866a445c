# SPDX-License-Identifier: Apache-2.0
"""TLS by OpenSSL before a server without it, which wants a certificate of its callers.  What asyncio
serves never tells them why it does not take theirs; this sends the alert, as other servers do."""
import os
import socket
import ssl
import threading


class TlsFront(threading.Thread):
    """Listens on `self.port`, speaks to `target` on this machine in plain."""

    def __init__(self, target, certificate, client_ca):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(client_ca)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.target, self.port = target, self.listener.getsockname()[1]
        self.start()

    def run(self):
        try:
            while True:
                caller, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(caller,), daemon=True).start()
        except OSError:
            pass  # it was ended

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def serve(self, caller):
        with socket.socket(fileno=os.dup(caller.fileno())) as raw:
            try:
                with self.context.wrap_socket(caller, server_side=True) as outer, \
                        socket.create_connection(("127.0.0.1", self.target)) as inner:
                    threading.Thread(target=self.forward, args=(inner, outer), daemon=True).start()
                    self.forward(outer, inner)
            except ssl.SSLError:
                self.linger(raw)
            except OSError:
                pass

    @staticmethod
    def forward(source, sink):
        try:
            while chunk := source.recv(1 << 16):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass

    @staticmethod
    def linger(raw):
        """Until the caller has read the alert: what it sent meanwhile would reset the connection."""
        raw.settimeout(2)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):
            pass
