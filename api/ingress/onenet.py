"""OneNET's signatures: the answer to its check of an address, and the proof that a push is OneNET's own.

The signature is the base64 of the MD5 of token, nonce and msg put together. In an address "+" reads as a blank, so the
two are not told apart. The token is what was entered in OneNET's console.
"""

import base64
import hashlib
import hmac

import msgspec

from api.errors import Forbidden


class _Push(msgspec.Struct):
    msg: msgspec.Raw = msgspec.Raw()
    nonce: str = ""
    signature: str = ""
    msg_signature: str = ""  # what the older push calls it


def _refused() -> Forbidden:
    return Forbidden(
        zh="签名不符：请核对 OneNET 控制台中的 token 与 LIFELINE_ONENET_TOKEN。",
        en="The signature doesn't fit: compare the token in OneNET's console with LIFELINE_ONENET_TOKEN.",
    )


def check(token: str, msg: str, nonce: str, signature: str) -> None:
    """Forbidden unless the signature was made with ``token``."""
    digest = hashlib.md5((token + nonce + msg).encode(), usedforsecurity=False).digest()
    wanted = base64.b64encode(digest).replace(b"+", b" ")
    if not hmac.compare_digest(wanted, signature.replace("+", " ").encode()):
        raise _refused()


def check_push(token: str, body: bytes) -> None:
    """The same for a push, whose msg is a text or an object as it was written."""
    try:
        push = msgspec.json.decode(body, type=_Push)
        raw = bytes(push.msg)
        msg = msgspec.json.decode(raw, type=str) if raw[:1] == b'"' else raw.decode()
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise _refused() from error
    check(token, msg, push.nonce, push.signature or push.msg_signature)
