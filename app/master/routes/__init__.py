"""Thin: parse, call a service, answer. Each router says its whole path, each endpoint who may call it."""

from app.master.routes import (
    about,
    audit,
    bulk,
    console,
    docs,
    facets,
    health,
    job_actions,
    jobs,
    ledger,
    runs,
    schedules,
    session,
    stats,
    tokens,
    transfer,
    users,
    workers,
)

ROUTERS = tuple(
    module.router
    for module in (
        session,
        jobs,
        job_actions,
        bulk,
        transfer,
        runs,
        schedules,
        workers,
        stats,
        facets,
        ledger,
        users,
        tokens,
        audit,
        about,
        health,
        docs,
        console,
    )
)
