"""The schema of the API: what FastAPI finds, and the bodies that we read ourselves."""

import json
import sys
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from app.common.models import Job
from app.master.bodies import JsonBody, merge_patch
from app.master.problems import MEDIA_TYPE
from app.master.routes import ROUTERS
from app.master.schemas.jobs import JOB_EXAMPLE

TITLE = "Yuanya Crontab"
REF = "#/components/schemas/{model}"

DESCRIPTION = """
Jobs, runs and workers of a distributed cron.

**Signing in.** `POST /api/v1/session` sets a cookie and returns `csrfToken`; every write with the cookie
needs it as the header `X-CSRF-Token` (this page sends it for you). Programs use a token:
`Authorization: Bearer yct_...`.

**Roles.** viewer reads; operator runs, kills, pauses and drains; editor changes jobs; admin manages accounts.

**Errors** are problem details (RFC 9457). `errors` names each refused field.

**Versions.** A job's ETag is its revision; `If-Match` makes a write apply to exactly that version.

**Times** are ISO 8601 in UTC. **Lists** are continued with `cursor`, the `next` of the page before.
"""

TAGS = [
    {"name": "Session", "description": "Signing in and out."},
    {"name": "Jobs", "description": "What runs, and when."},
    {"name": "Runs", "description": "What ran, and how it ended."},
    {"name": "Schedules", "description": "Trying a schedule before it is saved."},
    {"name": "Workers", "description": "Who runs it."},
    {"name": "Overview", "description": "Figures, live events, and the account of every planned fire."},
    {"name": "Administration", "description": "Accounts, API tokens, and who changed what."},
    {"name": "Health", "description": "For load balancers and monitoring."},
]


def install(app: FastAPI) -> None:
    """Make `app.openapi()` return the whole schema, built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = schema()
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def schema() -> dict[str, Any]:
    """The whole schema; each operation is named after its endpoint, so that clients can be made from it."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    schema = get_openapi(
        title=TITLE, version=version("yuanya-crontab"), description=DESCRIPTION, routes=routes, tags=TAGS
    )
    bodies = {id(route): body for route in routes if (body := _find(route.dependant))}
    models = {body.model for body in bodies.values() if isinstance(body, JsonBody)} | {Job}
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions["$defs"])
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, yct_..."}
    }
    schema["security"] = [{"token": []}, {}]
    for route in routes:
        for method in route.methods or ():
            operation = schema["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                operation["operationId"] = to_camel(route.name)
                if id(route) in bodies:
                    operation["requestBody"] = _request_body(bodies[id(route)])
    for path in schema["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and "content" in answer:
                    answer["content"] = {MEDIA_TYPE: next(iter(answer["content"].values()))}
    return schema


def _request_body(body: Any) -> dict[str, Any]:
    if isinstance(body, JsonBody):
        content = {"application/json": {"schema": {"$ref": REF.format(model=body.model.__name__)}}}
        examples = body.model.model_config.get("json_schema_extra")
        if isinstance(examples, dict) and "examples" in examples:
            content["application/json"]["example"] = examples["examples"][0]
        elif body.model is Job:
            content["application/json"]["example"] = JOB_EXAMPLE
        return {"required": not body.optional, "content": content}
    patch = {"schema": {"type": "object"}, "example": {"cronExpr": "*/5 * * * *", "timeoutSeconds": None}}
    return {"required": True, "content": {"application/merge-patch+json": patch}}


def _find(dependant: Dependant) -> Any | None:
    """The dependency that reads the body, if there is one."""
    for each in dependant.dependencies:
        if isinstance(each.call, JsonBody) or each.call is merge_patch:
            return each.call
    return None


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2, sort_keys=True)
