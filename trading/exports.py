"""Records as files: CSV, JSON lines or Parquet, row by row, so that memory stays small.

Money, prices and sizes are decimal texts with six places in CSV and JSON lines and decimal128 in
Parquet; times are UTC to the microsecond. A text that a spreadsheet would run as a formula is
marked with an apostrophe in CSV.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow
import pyarrow.parquet
from django.db.models import Model, Q

from markets.selectors import revision_values
from markets.terms.units import text_from_micros
from trading.models import (
    BreakerTrip,
    Deal,
    Decision,
    EdgeSample,
    Fill,
    Order,
    Position,
    WorkerStats,
)

BATCH = 2_000
PLACES = 6
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = Sequence[Any]


class Unit(StrEnum):
    """What a column holds; micros are millionths of a dollar or of a contract."""

    TEXT = "text"
    COUNT = "count"
    MICROS = "micros"
    TIME = "time"
    JSON = "json"


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Kind(msgspec.Struct, frozen=True):
    """What can be exported: columns with their units, and the rows between two times."""

    columns: tuple[tuple[str, Unit], ...]
    rows: Callable[[Sequence[str], Q], Iterator[Row]]
    when: str


def _columns(words: str) -> tuple[tuple[str, Unit], ...]:
    """`name` is text, `name#` a count, `name$` micros, `name@` a time, `name{}` JSON."""
    marks = {"#": Unit.COUNT, "$": Unit.MICROS, "@": Unit.TIME, "}": Unit.JSON}
    return tuple((word.rstrip("#$@{}"), marks.get(word[-1], Unit.TEXT)) for word in words.split())


def _kind(model: type[Model], when: str, words: str) -> Kind:
    def rows(names: Sequence[str], wanted: Q) -> Iterator[Row]:
        found = model._default_manager.filter(wanted).order_by("pk")
        return found.values_list(*names).iterator(chunk_size=BATCH)

    return Kind(_columns(words), rows, when)


KINDS = {
    "trips": _kind(
        BreakerTrip,
        "at",
        "seq# at@ book breaker state reason limit# actual# unit until@ released_at@ released_by "
        "released_why",
    ),
    "decisions": _kind(
        Decision,
        "at",
        "seq# at@ relation package# verdict gate reason limit# actual# unit net$ qty$ profit$ "
        "deal_id",
    ),
    "deals": _kind(
        Deal,
        "opened_at",
        "deal_id relation title package# package_label state book opened_at@ changed_at@ size$ "
        "matched$ planned_net$ planned_profit$ locked$ reason revision# fee_rev friction_rev seq#",
    ),
    "orders": _kind(
        Order,
        "sent_at",
        "order_id deal_id leg# market_id outcome# side px$ qty$ tif book purpose state sent_at@ "
        "changed_at@ filled$ cost$ fees$ venue_order reason fee_rev friction_rev seq#",
    ),
    "fills": _kind(
        Fill,
        "at",
        "key order_id deal_id market_id outcome# side book px$ qty$ fee$ at@ finality fee_rev "
        "friction_rev seq#",
    ),
    "edges": _kind(
        EdgeSample,
        "at",
        "seq# at@ relation package# net$ cost$ qty$ profit$ apy_ppm# gate limit# actual# leader "
        "fee_rev friction_rev",
    ),
    "positions": _kind(
        Position,
        "changed_at",
        "market_id book qty_yes$ qty_no$ cost_yes$ cost_no$ fees$ realised$ changed_at@ seq#",
    ),
    "revisions": Kind(_columns("id# at@ author reason changes{}"), revision_values, "at"),
    "stats": _kind(
        WorkerStats,
        "at",
        "name at@ run mode seq_from# seq_to# relations# edges# plans# approved# gates{} opened# "
        "ended# losses# fills# open_deals# naked# pnl_today$ at_work$ worst$ free$ sockets_up# "
        "sockets#",
    ),
}


def between(kind: Kind, since: datetime | None, until: datetime | None) -> Q:
    """Rows from `since` on and before `until`."""
    wanted = Q()
    if since is not None:
        wanted &= Q(**{f"{kind.when}__gte": since})
    if until is not None:
        wanted &= Q(**{f"{kind.when}__lt": until})
    return wanted


def rows_of(kind: Kind, wanted: Q) -> Iterator[Row]:
    """The rows, oldest first, fetched a batch at a time."""
    return kind.rows([name for name, _ in kind.columns], wanted)


# --- texts ----------------------------------------------------------------------------------------


def _told(value: Any, unit: Unit) -> Any:
    """A value as JSON lines and CSV have it."""
    if value is None:
        return None
    if unit is Unit.MICROS:
        return text_from_micros(value, PLACES)
    if unit is Unit.TIME:
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value


def _cell(value: Any, unit: Unit) -> Any:
    told = _told(value, unit)
    if unit is Unit.JSON:
        told = json.dumps(told, sort_keys=True)
    if unit in (Unit.TEXT, Unit.JSON) and told is not None and str(told).startswith(FORMULA):
        return f"'{told}"
    return "" if told is None else told


def write_csv(kind: Kind, rows: Iterable[Row], out: IO[str]) -> int:
    """How many rows were written, below a line of names."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([name for name, _ in kind.columns])
    units = [unit for _, unit in kind.columns]
    count = 0
    for row in rows:
        writer.writerow([_cell(value, unit) for value, unit in zip(row, units, strict=True)])
        count += 1
    return count


def write_jsonl(kind: Kind, rows: Iterable[Row], out: IO[str]) -> int:
    """How many rows were written, one object a line."""
    count = 0
    for row in rows:
        told = {
            name: _told(value, unit) for (name, unit), value in zip(kind.columns, row, strict=True)
        }
        out.write(json.dumps(told, ensure_ascii=False) + "\n")
        count += 1
    return count


# --- Parquet --------------------------------------------------------------------------------------

_TYPES = {
    Unit.TEXT: pyarrow.string(),
    Unit.JSON: pyarrow.string(),
    Unit.COUNT: pyarrow.int64(),
    Unit.MICROS: pyarrow.decimal128(24, PLACES),
    Unit.TIME: pyarrow.timestamp("us", tz="UTC"),
}


def write_parquet(kind: Kind, rows: Iterable[Row], path: Path) -> int:
    """How many rows were written; a row group a batch."""
    schema = pyarrow.schema([(name, _TYPES[unit]) for name, unit in kind.columns])
    source, count = iter(rows), 0
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(source, BATCH)):
            columns = [
                pyarrow.array([_stored(row[place], unit) for row in batch], type=_TYPES[unit])
                for place, (_, unit) in enumerate(kind.columns)
            ]
            writer.write_batch(pyarrow.record_batch(columns, schema=schema))
            count += len(batch)
    return count


def _stored(value: Any, unit: Unit) -> Any:
    if value is None:
        return None
    if unit is Unit.MICROS:
        return Decimal(value).scaleb(-PLACES)
    return json.dumps(value, sort_keys=True) if unit is Unit.JSON else value
