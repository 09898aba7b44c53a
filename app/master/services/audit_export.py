"""The audit as a file, written page by page."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Literal

from app.common.logstore import AuditEntry
from app.master.schemas.accounts import AuditView, audit_view
from app.master.services.audit import Audit

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
PAGE = 1000  # entries held in memory
FORMULAS = tuple("=+-@\t\r")  # a spreadsheet computes a cell that starts so, unless behind a quote
COLUMNS = [field.alias or name for name, field in AuditView.model_fields.items()]


def lines(audit: Audit, filters: dict[str, Any], kind: Literal["csv", "jsonl"]) -> Iterator[str]:
    """The file in pieces. The first page is read at once, so that what goes wrong can still be an answer."""
    page = audit.read(**filters, limit=PAGE)
    write = _csv if kind == "csv" else _jsonl

    def pieces() -> Iterator[str]:
        nonlocal page
        if kind == "csv":
            yield _row(COLUMNS)
        while True:
            yield write(page.entries)
            if page.next_cursor is None:
                return
            page = audit.read(**filters, limit=PAGE, cursor=page.next_cursor)

    return pieces()


def _jsonl(entries: list[AuditEntry]) -> str:
    return "".join(audit_view(entry).model_dump_json(by_alias=True) + "\n" for entry in entries)


def _csv(entries: list[AuditEntry]) -> str:
    return "".join(
        _row(list(map(_cell, audit_view(entry).model_dump(mode="json", by_alias=True).values())))
        for entry in entries
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULAS) else text


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
