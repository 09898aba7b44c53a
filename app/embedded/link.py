"""A link that opens the console signed in, once."""

import httpx

TIMEOUT_SECONDS = 5


def sign_in_link(url: str, password: str) -> str | None:
    """None where the password is no longer that of `admin`, or the master cannot make one now."""
    with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        try:
            signed_in = client.post(
                "/api/v1/session", json={"username": "admin", "password": password}
            ).raise_for_status()
            headers = {"X-CSRF-Token": signed_in.json()["csrfToken"]}
            link = client.post("/api/v1/session/link", headers=headers).raise_for_status().json()
            client.delete("/api/v1/session", headers=headers)
        except (httpx.HTTPError, ValueError, LookupError):
            return None
    return f"{url}{link['path']}"


def console_is_built(url: str) -> bool:
    try:
        return httpx.get(url, timeout=TIMEOUT_SECONDS, trust_env=False).is_success
    except httpx.HTTPError:
        return False
