# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Accepted exceptions: what is known to be wrong, where, and why that is so.

Every list of them has this form, in YAML or TOML:

    what: sibling-test        # The kind; `*` stands for anything.
    where: tools/bench/*.py   # A path, a label or a name, or a list of them.
    reason: A benchmark that one runs and reads.
    by: "@tfmot-models/maintainers"
    issue: https://…          # Where it is being mended, if anywhere.
    until: "2027-06-30"       # The last day on which it is accepted.

An exception that nobody needs any more would hide the next real fault, so one
that matches nothing is refused, and so is one that is past its day.
"""

import datetime
import fnmatch
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors

_REQUIRED = ('what', 'where', 'reason', 'by')
_OPTIONAL = ('issue', 'until')


class Entry(NamedTuple):
  """An accepted exception.

  Attributes:
    what: The kind of fault, a pattern in which `*` matches anything.
    where: Patterns of the places.
    reason: Why it is accepted.
    by: Who accepted it.
    issue: Where it is being mended, or ''.
    until: The last day on which it is accepted, or None for any.
  """

  what: str
  where: tuple[str, ...]
  reason: str
  by: str
  issue: str = ''
  until: datetime.date | None = None

  def covers(self, what: str, where: str) -> bool:
    """Tells whether it accepts a fault of some kind in some place."""
    return fnmatch.fnmatchcase(what, self.what) and any(
        fnmatch.fnmatchcase(where, pattern) for pattern in self.where
    )


def parse(
    entries: Any, source: str, today: datetime.date | None = None
) -> list[Entry]:
  """Reads a list of exceptions.

  Args:
    entries: What YAML or TOML made of the list.
    source: Its name, for messages.
    today: The day to compare `until` with.

  Returns:
    The exceptions.

  Raises:
    errors.InputError: One of them lacks a part or has one that is unknown, or
      is past its day.
  """
  today = today or datetime.date.today()
  if not isinstance(entries, list):
    raise errors.InputError(f'{source} must be a list of exceptions')
  return [_entry(entry, source, today) for entry in entries]


def _entry(entry: Any, source: str, today: datetime.date) -> Entry:
  """Reads one exception: see `parse`."""
  if not isinstance(entry, Mapping):
    raise errors.InputError(f'{source}: {entry!r} is no exception: write a map')
  place = f'{source}: the exception {entry.get("what")} {entry.get("where")}'
  for key in entry:
    if key not in (*_REQUIRED, *_OPTIONAL):
      raise errors.InputError(f'{place} has {key!r}: leave it out')
  for key in _REQUIRED:
    if not entry.get(key):
      raise errors.InputError(f'{place} has no {key!r}: add it')
  where = entry['where']
  where = (where,) if isinstance(where, str) else tuple(map(str, where))
  until = entry.get('until')
  if until:
    try:
      until = datetime.date.fromisoformat(str(until))
    except ValueError as error:
      raise errors.InputError(
          f'{place}: until must be a day such as 2027-06-30, not {until}'
      ) from error
    if until < today:
      raise errors.InputError(
          f'{place} was accepted until {until}: mend what it is about, or let'
          f' {entry["by"]} decide anew'
      )
  texts = (str(entry[key]) for key in ('reason', 'by'))
  return Entry(
      str(entry['what']), where, *texts, str(entry.get('issue', '')), until
  )


def covering(entries: Iterable[Entry], what: str, where: str) -> Entry | None:
  """Returns the first exception that accepts a fault, or None."""
  return next((e for e in entries if e.covers(what, where)), None)


def refuse_unused(
    entries: Sequence[Entry], faults: Iterable[tuple[str, str]], source: str
) -> None:
  """Refuses exceptions of which a place matches none of the faults.

  Args:
    entries: The exceptions.
    faults: What and where of every fault that there is.
    source: The name of the list, for messages.

  Raises:
    errors.InputError: There is one.
  """
  faults = set(faults)
  for entry in entries:
    for pattern in entry.where:
      alone = entry._replace(where=(pattern,))
      if not any(alone.covers(*fault) for fault in faults):
        raise errors.InputError(
            f'{source}: nothing is wrong any more with {entry.what} in'
            f' {pattern}: take that exception out'
        )
