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

"""The file that a bisection goes on from, whenever it was killed.

It is written after each run, whole or not at all. A run that was killed has not
happened; all others are not made again.
"""

import contextlib
import dataclasses
import fcntl
import json
import pathlib
import time
from typing import Any, Iterator, Mapping

from tfmot_contrib import errors
from tools.base import files
from tools.bisect import signature

# Seconds to wait for the lock: a process that was killed leaves it to a child
# which had not started its program yet.
_PATIENCE = 5.0


@dataclasses.dataclass
class State:
  """What is known so far.

  Attributes:
    path: The file.
    request: What was asked for, which a file must not be used for otherwise.
    runs: All runs, in their order.
    noisy: Whether bisection met what it cannot explain.
  """

  path: pathlib.Path
  request: Mapping[str, Any]
  runs: list[signature.Run] = dataclasses.field(default_factory=list)
  noisy: bool = False

  def add(self, run: signature.Run) -> None:
    """Adds a run and writes the file."""
    self.runs.append(run)
    self.save()

  def forget_unusable(self) -> int:
    """Forgets the runs that could not be tested; returns how many there were.

    A disk that was full, or an index that did not answer, says nothing of them.
    """
    usable = [run for run in self.runs if not run.unusable]
    forgotten = len(self.runs) - len(usable)
    self.runs = usable
    self.save()
    return forgotten

  def save(self) -> None:
    """Writes the file."""
    content = dataclasses.asdict(self)
    del content['path']
    files.write(self.path, json.dumps(content, indent=1) + '\n')


def _read(path: pathlib.Path, request: Mapping[str, Any]) -> State:
  """Reads the file, which is there."""
  mend = 'give another --state, or delete it'
  try:
    content = json.loads(path.read_bytes())
    runs = [
        signature.Run(**{**run, 'failures': tuple(run['failures'])})
        for run in content['runs']
    ]
    state = State(path, request, runs, content['noisy'])
    before = {key: content['request'][key] for key in request}
  except (OSError, ValueError, TypeError, KeyError) as error:
    raise errors.InputError(
        f'{path} is no state of a bisection ({error!r}): {mend}'
    ) from error
  for key, value in request.items():
    if before[key] != value:
      raise errors.InputError(
          f'{path} is of another bisection: its {key} is {before[key]!r}, not'
          f' {value!r}; {mend}'
      )
  return state


@contextlib.contextmanager
def opened(
    path: pathlib.Path, request: Mapping[str, Any], fresh: bool = False
) -> Iterator[State]:
  """Reads the file or begins it, and keeps other processes away from it.

  Args:
    path: The file.
    request: What is asked for.
    fresh: Whether to forget what is in it.

  Yields:
    The state.

  Raises:
    errors.InputError: It is of another request, broken, or in use, or a folder.
  """
  if path.is_dir():
    raise errors.InputError(f'--state {path} is a folder: give a file')
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = open(path.with_name(f'{path.name}.lock'), 'w', encoding='utf-8')
  except OSError as error:
    raise errors.InputError(f'cannot write {path}: {error.strerror}') from error
  with lock:
    end = time.monotonic() + _PATIENCE
    while True:
      try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        break
      except BlockingIOError as error:
        if time.monotonic() > end:
          raise errors.InputError(
              f'another bisection is at work on {path}: wait for it, or give'
              ' another --state'
          ) from error
      time.sleep(0.05)
    known = path.exists() and not fresh
    yield _read(path, request) if known else State(path, request)
