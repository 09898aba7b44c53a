"""The errors of the MongoDB driver in our words: what may pass, and what a retry will not cure."""

import contextlib
from collections.abc import Iterator

from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    CursorNotFound,
    ExecutionTimeout,
    OperationFailure,
    ProtocolError,
    PyMongoError,
    WriteConcernError,
)

from app.common.errors import StoreError, StoreUnavailable

DUPLICATE_KEY = 11000
# What the servers themselves, or whoever runs them, will set right: the rows are worth keeping until then.
_PASSING = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        13,  # Unauthorized
        18,  # AuthenticationFailed
        50,  # MaxTimeMSExpired
        64,  # WriteConcernFailed
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        112,  # WriteConflict
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        189,  # PrimarySteppedDown
        262,  # ExceededTimeLimit
        8000,  # AtlasError, for example a quota
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
    }
)
# ConfigurationError: here it means that the name of a mongodb+srv URL could not be resolved.
_PASSING_KINDS = (ConfigurationError, CursorNotFound, ExecutionTimeout, ProtocolError, WriteConcernError)
# What to do about a connection that fails, by words of OpenSSL.
_ADVICE = {
    "hostname mismatch": "; use a name or address that its certificate carries in YUANYA_STORE_URL",
    "ip address mismatch": "; use a name or address that its certificate carries in YUANYA_STORE_URL",
    "certificate has expired": "; renew its certificate, and check this host's clock",
    "certificate verify failed": "; name its authority in YUANYA_STORE_URL: tlsCAFile=PATH",
    "alert": "; it refuses the certificate of this client, or asks for one: tlsCertificateKeyFile=PATH",
    # With TLS 1.3 its word may be lost, when it closes the connection as soon as it has refused.
    "eof occurred": "; does it speak TLS, and does it refuse this client's certificate, or ask for one? "
    "tlsCertificateKeyFile=PATH",
}


@contextlib.contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise _of(error) from error
    except (BSONError, OverflowError) as error:
        raise StoreError(f"MongoDB cannot hold this value: {error}") from error


def clashed_ids(error: BulkWriteError) -> list[str]:
    """The ids that were there already. Raises what else went wrong in the same request."""
    clashed = []
    for problem in error.details["writeErrors"]:
        if problem["code"] != DUPLICATE_KEY:
            raise _of_code(problem["code"], problem["errmsg"]) from error
        clashed.append(problem["op"]["_id"])
    for problem in error.details["writeConcernErrors"]:
        raise StoreUnavailable(f"MongoDB: not confirmed by enough servers: {problem['errmsg']}") from error
    return clashed


def _of(error: PyMongoError) -> StoreError:
    if isinstance(error, ConnectionFailure):
        text = str(error).partition(", Timeout:")[0]
        advice = next((advice for sign, advice in _ADVICE.items() if sign in text.lower()), "")
        return StoreUnavailable(f"MongoDB: {text}{advice}")
    if isinstance(error, _PASSING_KINDS):
        return StoreUnavailable(f"MongoDB: {error}")
    if isinstance(error, OperationFailure) and not error.has_error_label("RetryableWriteError"):
        return _of_code(error.code, str(error))
    if isinstance(error, OperationFailure):
        return StoreUnavailable(f"MongoDB: {error}")
    return StoreError(f"MongoDB: {error}")


def _of_code(code: int | None, message: str) -> StoreError:
    kind = StoreUnavailable if code in _PASSING else StoreError
    return kind(f"MongoDB: {message}")
