# SPDX-License-Identifier: BSD-3-Clause
# Opens the tickets and boxes of p11-latch(7)'s test vector by what that page says, and by nothing of this tree.
import hashlib
import hmac
import re
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:
    TripleDES = algorithms.TripleDES

failures = 0


def check(text, good):
    global failures
    failures += not good
    print(("right: " if good else "WRONG: ") + text)


def blocks(page):
    """The literal blocks that hold a vector, each as a list of (name, bytes)."""
    for block in re.findall(r"^\.Bd -literal\n(card manager key.*?)^\.Ed", page, re.S | re.M):
        fields = []
        for line in block.splitlines():
            name, digits = line[:19].strip(), line[19:].strip()
            if name:
                fields.append([name, ""])
            fields[-1][1] += digits
        yield [(name, bytes.fromhex(digits)) for name, digits in fields]


def ecb(algorithm, block):
    e = Cipher(algorithm, modes.ECB()).encryptor()
    return e.update(block) + e.finalize()


def odd(key):
    return bytes((b & 0xFE) | (1 - bin(b >> 1).count("1") % 2) for b in key)


def public_of(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def helpdesk(key, name, des):
    if des:
        key = odd(key + key[:8] if len(key) == 16 else key)
    data = b"\0\0\0\1" + b"p11-latch helpdesk" + b"\0" + name + b"\0\0\1\0"
    return hmac.new(key, data, hashlib.sha256).digest()


def open_ticket(ticket, key, name):
    """Its number, public key and private key, and what it goes by on the way."""
    assert len(ticket) == 120 and ticket[:5] == b"p11t\1"
    des = ticket[5] == 1
    challenge = ticket[8:16] if des else ticket[8:24]
    response = ecb(TripleDES(key) if des else algorithms.AES(key), challenge)
    once = hashlib.scrypt(response, salt=ticket[56:72], n=16384, r=8, p=1, dklen=44)
    private = AESGCM(once[:32]).decrypt(once[32:], ticket[72:], ticket[:56] + name)
    return int.from_bytes(ticket[6:8], "big"), ticket[24:56], private, response, once


def open_box(box, number, private, name):
    assert box[:6] == b"p11b\1\0"
    count = int.from_bytes(box[6:8], "big")
    assert len(box) == 18 + 179 * count
    entries = [box[18 + 179 * i:18 + 179 * (i + 1)] for i in range(count)]
    numbers = b"".join(e[:2] for e in entries)
    entry = next(e for e in entries if e[:2] == number.to_bytes(2, "big"))
    shared = X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(entry[2:34]))
    once = HKDF(algorithm=hashes.SHA256(), length=44, salt=entry[2:34] + public_of(private),
                info=b"p11-latch box 1").derive(shared)
    content = AESGCM(once[:32]).decrypt(once[32:], entry[34:], box[:18] + numbers + entry[:2] + name)
    assert len(content) == 129 and not any(content[1 + content[0]:65])
    return content[1:1 + content[0]], content[65:97], content[97:]


def verify(fields):
    def of(name):
        return [value for n, value in fields if n == name]

    key, name, box, so = (of(n)[0] for n in ("card manager key", "name of the card", "box", "SO secret"))
    des = of("ticket")[0][5] == 1
    desk = helpdesk(key, name, des)
    check("the helpdesk's private key", desk == of("helpdesk private")[0])
    check("the helpdesk's public key", public_of(desk) == of("helpdesk public")[0])
    tickets = [open_ticket(t, key, name) for t in of("ticket")]
    check("responses", [t[3] for t in tickets] == of("response"))
    check("what scrypt gives", [t[4] for t in tickets] == of("scrypt"))
    check("private keys", [t[2] for t in tickets] == of("private key"))
    check("public keys", [t[1] for t in tickets] == [public_of(t[2]) for t in tickets])
    digest = hashlib.sha256(b"".join(t[0].to_bytes(2, "big") + t[1] for t in tickets)).digest()
    check("the hash of the tickets", digest == of("hash of tickets")[0])
    for number, private in [(0, desk)] + [(t[0], t[2]) for t in tickets]:
        check("the box, opened by %d" % number,
              open_box(box, number, private, name) == (so, public_of(desk), digest))


with open(sys.argv[1], encoding="utf-8") as f:
    vectors = list(blocks(f.read()))
check("two vectors stand there", len(vectors) == 2)
for vector in vectors:
    verify(vector)
sys.exit(failures != 0)
