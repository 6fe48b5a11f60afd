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

"""What was found before, by digests of contents and of the checkers.

One JSON file in the user's cache. A key that is not there means: check again.
A file that cannot be read counts as empty, since all in it can be made again.
"""

import contextlib
import json
import os
import pathlib
import tempfile
from typing import Any, Callable, Mapping, Sequence

from tools.versions import bootstrap

_KEEP = 200_000  # Entries: what about ten branches leave.


def default_path() -> pathlib.Path:
  """Returns where the results of all clones are."""
  return bootstrap.cache_dir() / 'lint' / 'results.json'


class Cache:
  """Lists of findings by key."""

  def __init__(self, path: pathlib.Path):
    """Initializes the cache from its file, if there is one."""
    self._path = path
    self._new: dict[str, list[Any]] = {}
    self._known = self._read()

  def _read(self) -> dict[str, list[Any]]:
    """Returns what the file holds."""
    try:
      found = json.loads(self._path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
      found = {}
    return found if isinstance(found, dict) else {}

  def get(self, key: str) -> list[Any] | None:
    """Returns what is known, or None."""
    return self._known.get(key)

  def put(self, key: str, found: Sequence[Any]) -> None:
    """Remembers what was found."""
    self._known[key] = self._new[key] = list(found)

  def save(self) -> None:
    """Adds what is new to the file, whole or not at all.

    Another process may have written to it, and what that found is kept too.
    """
    if not self._new:
      return
    merged = self._read() | self._new
    self._new = {}
    with contextlib.suppress(PermissionError, FileNotFoundError):
      self._path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(self._path.parent, os.W_OK):
      return  # Then all of it is found again the next time.
    handle, partial = tempfile.mkstemp(dir=self._path.parent)
    with os.fdopen(handle, 'w', encoding='utf-8') as stream:
      json.dump({key: merged[key] for key in list(merged)[-_KEEP:]}, stream)
    os.replace(partial, self._path)


def key(*parts: str) -> str:
  """Returns a key of some texts."""
  return bootstrap.digest('\0'.join(parts).encode())


def split(
    cache: Cache, keys: Mapping[str, str], make: Callable[[Any], Any]
) -> tuple[list[Any], list[str]]:
  """Divides names into what is known of them and those to look at.

  Args:
    cache: What is known.
    keys: The key of each name.
    make: Makes a finding of an entry.

  Returns:
    The findings that are known, and the names of which nothing is.
  """
  found, missing = [], []
  for name, value in keys.items():
    entries = cache.get(value)
    if entries is None:
      missing.append(name)
    else:
      found += map(make, entries)
  return found, missing
