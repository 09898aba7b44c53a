"""The secrets that jobs refer to in their environment: read on the worker, when a command starts."""

import os
from pathlib import Path

from app.common import secret_files, secret_reference
from app.worker.command import Launch
from app.worker.masking import Mask


class SecretMissing(Exception):
    """A command cannot start for want of a secret. The message names it and the worker; it is stored."""


def resolve(launch: Launch, directory: Path | None) -> tuple[Launch, Mask | None]:
    """The command with its secrets in place of the references, and what hides them in its output; None if
    there are none.

    Files are read anew each time, so that a changed secret counts from the next start on. Raises
    SecretMissing.
    """
    if all(map(secret_reference.is_plain, launch.env.values())):
        return launch, None
    resolved, secrets = {}, []
    for variable, value in launch.env.items():
        try:
            name = secret_reference.name_in(value)
            if name is None:
                resolved[variable] = secret_reference.literal(value)
                continue
            if directory is None:
                raise SecretMissing(
                    f"{value} for {variable}: worker {launch.worker} has no YUANYA_JOB_SECRETS_DIR"
                )
            secret = secret_files.read(directory, name)
        except (ValueError, secret_files.SecretFileError) as error:
            raise SecretMissing(f"{value} for {variable}: on worker {launch.worker}: {error}") from None
        resolved[variable] = os.fsdecode(secret)
        secrets.append(secret)
    return launch._replace(env=resolved), Mask(secrets) if secrets else None
