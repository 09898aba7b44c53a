"""`yuanya login` and `logout`: a token instead of a password."""

import secrets
import socket
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from app.cli import config
from app.cli.client import Api, ApiError, Unreachable, at
from app.cli.config import ClientError, Login
from app.cli.output import err, out


def login(
    url: Annotated[str, typer.Option(envvar="YUANYA_URL", help="Address of a master.")] = config.DEFAULT_URL,
    username: Annotated[str, typer.Option(help="Account to sign in with.")] = "admin",
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password; without it the password is asked for.")
    ] = None,
) -> None:
    """Sign in: makes an API token for this user and machine and keeps it in ~/.config/yuanya/config.json.

    Example: yuanya login --password-file .data/admin-password
    """
    url = config.clean_url(url)
    if url.startswith("http://") and urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
        err.print("[yellow]The password travels unencrypted: better use https.[/]")
    password = _read(password_file) if password_file else typer.prompt("Password", hide_input=True)
    with Api(Login(url, "")) as api:
        signed_in = api.request("POST", "/session", body={"username": username, "password": password})
        session = signed_in.json()
        headers = {
            # Sent also where the cookie is marked for https only: the address was the user's choice.
            "Cookie": "; ".join(f"{c.name}={c.value}" for c in signed_in.cookies.jar),
            "X-CSRF-Token": session["csrfToken"],
        }
        try:
            name = f"cli-{socket.gethostname()}-{secrets.token_hex(3)}"
            token = api.send("POST", "/tokens", {"name": name[:128], "role": session["role"]}, headers)
        finally:
            api.send("DELETE", "/session", headers=headers)
    config.save(Login(url, token["token"], token["id"]))
    out.print(f"Signed in at {url} as {username} ({session['role']}).")


def logout() -> None:
    """Sign out: deletes the token, here and at the server.

    Example: yuanya logout
    """
    saved = config.load()
    if saved is None:
        out.print("Not signed in.")
        return
    config.forget()
    with Api(saved) as api:
        try:
            api.send("DELETE", at("tokens", saved.token_id))
        except (ApiError, Unreachable) as error:
            raise ClientError(
                f"The token is forgotten here, but may live on at the server: {error}"
            ) from error
    out.print(f"Signed out at {saved.url}.")


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ClientError(f"--password-file {file}: {error.strerror}") from error
