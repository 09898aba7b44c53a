"""Thin: parse, call a service, answer. Each router says its whole path, each endpoint who may call it."""

from app.master.routes import (
    about,
    audit,
    console,
    docs,
    health,
    job_actions,
    jobs,
    ledger,
    runs,
    schedules,
    session,
    stats,
    tokens,
    users,
    workers,
)

ROUTERS = tuple(
    module.router
    for module in (
        session,
        jobs,
        job_actions,
        runs,
        schedules,
        workers,
        stats,
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
