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

"""What a check is, and how checks are run: only where something is new.

What a check says of a file is known by the contents of the file, of all that it
imports or of the whole project, and by the version of the lint. What is not
known is found out by as many processes at a time as there are processors.
"""

from concurrent import futures
import contextlib
import dataclasses
import functools
import json
import pathlib
from typing import Any, Callable, Iterable, Iterator, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.base import files as files_lib
from tools.env import bootstrap
from tools.lint import tree

FILE, IMPORTS, PROJECT = 'file', 'imports', 'project'
_KEEP = 100_000  # Entries of the cache: what about ten branches leave.


@dataclasses.dataclass(frozen=True)
class Check:
  """A tool or a rule of this project.

  Attributes:
    name: Of the tool or the rule.
    run: Yields what it finds in some files of a project.
    on: Globs of the files that it is for, or that it reads.
    scope: Whether what it says of a file depends on the file alone, on what
      that imports too, or on all its files together.
    fix: Mends files below a folder, where a machine can do that.
    parts: Whether to divide its files among processes.
    skip: Globs of files that it is not for.
    also: Globs of the files that every answer depends on too.
    version: Of what finds it: other versions may find something else.
  """

  name: str
  run: Callable[[tree.Project, Sequence[str]], Iterable[tree.Finding]]
  on: tuple[str, ...]
  scope: str = FILE
  fix: Callable[[pathlib.Path, Sequence[str]], None] | None = None
  parts: bool = False
  skip: tuple[str, ...] = ()
  also: tuple[str, ...] = ()
  version: str = ''

  def of(self, paths: Iterable[str]) -> list[str]:
    """Returns the files that it is for."""
    return [
        path
        for path in paths
        if tree.matches(path, self.on) and not tree.matches(path, self.skip)
    ]


@functools.cache
def _version() -> str:
  """Returns a digest of the code of the rules."""
  here = pathlib.Path(__file__).parent
  paths = [*sorted(here.rglob('*.py')), *sorted(here.glob('../base/*.py'))]
  return bootstrap.digest(*(path.read_bytes() for path in paths))


RULES: list[Check] = []


def rule(*names: str, on: Sequence[str]) -> Callable[[Any], Any]:
  """Registers a function that finds what breaks some rules of ours.

  Args:
    *names: The identifiers of the rules.
    on: Globs of the files that it reads.

  Returns:
    A decorator. The function takes a `tree.Project` and yields paths, lines,
    messages and, where it has more than one rule, that.
  """

  def decorate(function: Callable[[tree.Project], Iterator[Any]]) -> Any:
    def run(project: tree.Project, _: Any) -> Iterator[tree.Finding]:
      for path, line, message, *name in function(project):
        yield tree.Finding(path, line, (*name, *names)[0], message)

    version = f'{names} {_version()}'
    check = Check(' '.join(names), run, tuple(on), PROJECT, version=version)
    RULES.append(check)
    return function

  return decorate


class Cache:
  """What was found before, in one file of the user's cache."""

  def __init__(self, path: pathlib.Path | None = None):
    """Reads the file; one that is missing or broken counts as empty."""
    self._path = path or bootstrap.cache_dir() / 'lint' / 'findings.json'
    self._new: dict[str, list[tree.Finding]] = {}
    self._known = self._read()

  def _read(self) -> dict[str, list[list[object]]]:
    """Returns what the file holds."""
    with contextlib.suppress(OSError, ValueError):
      return dict(json.loads(self._path.read_text(encoding='utf-8')))
    return {}

  def get(self, key: str) -> list[tree.Finding] | None:
    """Returns what is known, or None."""
    entry = self._known.get(key)
    return None if entry is None else [tree.Finding(*f) for f in entry]

  def put(self, key: str, findings: list[tree.Finding]) -> None:
    """Remembers what was found."""
    self._new[key] = findings

  def save(self) -> None:
    """Adds what is new to what the file holds by now."""
    if self._new:
      merged = self._read() | self._new
      kept = dict(list(merged.items())[-_KEEP:])
      # Where nothing can be written, all is found again the next time.
      with contextlib.suppress(errors.InputError, OSError):
        files_lib.write(self._path, json.dumps(kept))


def _keys(
    check: Check, project: tree.Project, paths: Sequence[str]
) -> dict[str, str]:
  """Returns what the answers for files are known by; `` stands for all."""
  files = project.files

  def key(names: Iterable[str]) -> str:
    read = [*sorted(names), *(f.path for f in project.glob(*check.also))]
    digests = [files[name].digest.encode() for name in read]
    return bootstrap.digest(check.version.encode(), *digests)

  if check.scope == PROJECT:
    # It is not asked when nothing of what it reads is asked for.
    return {'': key(check.of(files))} if paths else {}
  if check.scope == IMPORTS:
    # The file itself first: another one may have the same closure.
    return {p: key(project.closure(p)) + files[p].digest for p in paths}
  return {path: key([path]) for path in paths}


def run(
    project: tree.Project,
    checks: Sequence[Check],
    paths: Sequence[str],
    cache: Cache,
) -> list[tree.Finding]:
  """Returns what checks find, exceptions included.

  Args:
    project: The project.
    checks: The checks.
    paths: The files to look at.
    cache: What was found before; what is new is added.

  Returns:
    The findings, those of checks of the whole project anywhere in it.
  """
  found: list[tree.Finding] = []
  work: list[Callable[[], list[tree.Finding]]] = []

  def ask(check: Check, names: Sequence[str], keys: dict[str, str]):
    """Runs a check on what is not known of, and remembers the answer."""
    whole = names == ['']
    wanted = check.of(project.files) if whole else names
    here = list(check.run(project, wanted))
    for name in names:
      of_it = [f for f in here if whole or f.path == name]
      cache.put(keys[name], of_it)
    return here

  for check in checks:
    keys = _keys(check, project, check.of(paths))
    missing = []
    for name, key in keys.items():
      if (known := cache.get(key)) is None:
        missing.append(name)
      else:
        found += known
    for part in _divided(missing, surroundings.cpus() if check.parts else 1):
      work.append(functools.partial(ask, check, part, keys))
  try:
    with futures.ThreadPoolExecutor(max_workers=surroundings.cpus()) as pool:
      for task in [pool.submit(one) for one in work]:
        found += task.result()
  finally:
    cache.save()
  return found


def _divided(names: Sequence[str], parts: int) -> Iterator[list[str]]:
  """Yields names in parts of equal number, for processes at the same time."""
  parts = min(parts, len(names) // 8) or 1
  yield from (list(p) for i in range(parts) if (p := names[i::parts]))


def fix(
    root: pathlib.Path, checks: Sequence[Check], paths: Sequence[str]
) -> list[str]:
  """Mends what checks can mend, in their order.

  Args:
    root: The root of the repository.
    checks: The checks.
    paths: The files.

  Returns:
    The files that changed.
  """
  before = {path: (root / path).read_bytes() for path in paths}
  for check in checks:
    if check.fix and (chosen := check.of(paths)):
      check.fix(root, chosen)
  return [p for p, data in before.items() if (root / p).read_bytes() != data]
