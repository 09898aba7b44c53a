"""The master's web application, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import __version__
from app.common.etcd import EtcdClient
from app.common.logstore import LogStore
from app.common.metrics.shared import BUILD_INFO
from app.common.settings import MasterSettings
from app.master import openapi, problems
from app.master.clock import Clock, wall_clock_ms
from app.master.compress import Compress
from app.master.observe import Observe
from app.master.routes import ROUTERS
from app.master.security.authenticate import Authenticator
from app.master.security.authorize import authorize
from app.master.security.headers import SecurityHeaders
from app.master.services import container


def create_app(
    settings: MasterSettings, client: EtcdClient, store: LogStore, *, now: Clock = wall_clock_ms
) -> FastAPI:
    """The application; starts its threads with the server's lifespan. `client` and `store` stay the caller's.

    Every route goes through `authorize`, and answers nobody unless it is marked with who may call it.
    """
    BUILD_INFO.labels(__version__, "master").set(1)
    services = container.build(settings, client, store, now)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.start()
        services.events.start()
        yield
        services.stop()

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(authorize)],
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.services = services
    app.state.authenticator = Authenticator(client, now)
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(Compress)
    app.add_middleware(Observe)
    app.add_middleware(SecurityHeaders)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return app
