"""The wheel as its users get it: in a clean virtual environment, far from the sources, without Node."""

import json
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.poll import free_port, wait_until
from tests.rollout.conftest import build_wheel
from tests.rollout.image import ROOT

pytestmark = pytest.mark.timeout(600)  # the first test waits for a build and an installation


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`yuanya`, installed the documented way."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
    pip = [venv / "bin/pip", "install", "-q", "--disable-pip-version-check"]
    lock = ROOT / "requirements/runtime.txt"
    subprocess.run([*pip, "--require-hashes", "-r", lock], check=True, timeout=240)
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True, timeout=120)
    subprocess.run([venv / "bin/pip", "check", "--disable-pip-version-check"], check=True, timeout=120)
    return venv / "bin/yuanya"


@pytest.fixture(scope="module")
def environment(program: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A PATH with what stands in the system's directories, but for Node."""
    tools = tmp_path_factory.mktemp("without-node")
    for folder in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for tool in Path(folder).iterdir():
            if tool.name not in ("node", "nodejs", "npm", "npx") and not (tools / tool.name).exists():
                (tools / tool.name).symlink_to(tool)
    assert shutil.which("node", path=str(tools)) is None
    home = tmp_path_factory.mktemp("home")
    return {"PATH": f"{tools}:{program.parent}", "HOME": str(home), "COLUMNS": "200"}


@pytest.fixture
def running(program: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of `yuanya up`, started in an empty directory; stopped by Ctrl-C."""
    ports = {name: free_port() for name in ("--port", "--etcd-port", "--metrics-port")}
    arguments = [str(part) for pair in ports.items() for part in pair]
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [program, "up", *arguments], cwd=tmp_path, env=environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: "is ready" in said.read_text() or process.poll() is not None, 90, "the start")
        assert process.poll() is None, said.read_text()
        yield f"http://127.0.0.1:{ports['--port']}"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, said.read_text()


def test_holds_console_licence_and_pages(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "app/master/static/console/index.html" in names
    assert any(name.startswith("app/master/static/console/assets/") for name in names)
    assert "app/master/static/docs.html" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_serves_the_console_and_runs_a_job_without_node(running, program, environment, tmp_path):
    page = httpx.get(running)
    assert page.status_code == 200
    assets = re.findall(r'(?:src|href)="\.?(/assets/[^"]+)"', page.text)
    assert assets
    for path in [
        *assets,
        "/theme.js",
        "/favicon.svg",
        "/static/own/docs.js",
        "/static/swagger/swagger-ui.css",
    ]:
        assert httpx.get(running + path).status_code == 200, path

    def yuanya(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [program, *arguments],
            env=environment,
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    yuanya("login", "--url", running, "--password-file", ".data/admin-password")
    job = {"name": "hello", "command": "echo from the wheel", "cronExpr": "0 0 1 1 *"}
    yuanya("job", "apply", "-f", "-", stdin=json.dumps(job))
    assert "from the wheel" in yuanya("job", "run", "hello", "--follow")


def test_is_not_built_without_the_console(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".*venv*", ".git", "node_modules", "console", ".data", "dist"),
    )
    refused = build_wheel(source, tmp_path)
    assert refused.returncode != 0
    assert "Run: make wheel" in refused.stderr + refused.stdout
    assert not list(tmp_path.glob("*.whl"))
