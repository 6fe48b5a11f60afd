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

"""Puts a new `official/` in the place of the old one, whole or not at all.

The new folder is made beside the old one, in `.sync_upstream/`, and read again
from the disk. Then one system call exchanges the two. Who is killed before it
has the old one, who is killed after it has the new one, and the next command
clears up. What somebody edited in between is kept.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
from typing import Iterator, Mapping

from tfmot_contrib import errors
from tools.base import files
from tools.mirror import fork as forks
from tools.mirror import tree

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def say(text: str) -> None:
  """Tells the user what is happening."""
  print(f'sync: {text}', file=sys.stderr, flush=True)


def exchange(one: pathlib.Path, other: pathlib.Path) -> None:
  """Lets two folders change their names, in one step.

  Args:
    one: A folder.
    other: Another, on the same file system.

  Raises:
    errors.InputError: The system or the file system cannot do that.
  """
  try:
    rename = ctypes.CDLL(None, use_errno=True).renameat2
  except AttributeError as error:
    raise errors.InputError(
        'this system cannot exchange two folders in one step (renameat2 of'
        ' Linux): sync on Linux or in a container'
    ) from error
  paths = os.fsencode(one), os.fsencode(other)
  if rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE):
    code = ctypes.get_errno()
    why = os.strerror(code)
    if code in (errno.EINVAL, errno.EXDEV, errno.ENOSYS):
      why += '; this file system cannot do it, clone to another one'
    raise errors.InputError(f'cannot exchange {one} and {other}: {why}')


def _digest(folder: pathlib.Path) -> str:
  """Returns what tells whether anything in a folder changed."""
  return tree.digest(tree.digests(tree.read(folder)))


class Space:
  """The folder `.sync_upstream/` of a clone, in which a sync works.

  Attributes:
    root: The top folder of the clone.
    official: Its `official/`.
    folder: Where the sync works. git and Bazel ignore it.
  """

  def __init__(self, root: pathlib.Path):
    """Names the folders of a clone, and touches none."""
    self.root = root
    self.official = root / 'official'
    self.folder = root / forks.FOLDER
    self._stage = self.folder / 'stage'
    self._journal = self.folder / 'journal.json'

  @contextlib.contextmanager
  def exclusive(self) -> Iterator[None]:
    """Lets one sync at a time work here; another one waits and says so.

    Yields:
      Nothing. What an earlier sync left is cleared up by then.

    Raises:
      errors.InputError: A disk is full or cannot be written.
    """
    try:
      self.folder.mkdir(exist_ok=True)
      with open(self.folder / 'lock', 'a+', encoding='utf-8') as lock:
        try:
          fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
          lock.seek(0)
          say(f'waiting for another sync (process {lock.read().strip()})')
          fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f'{os.getpid()}\n')
        lock.flush()
        if self.stopped():
          say('an earlier sync was stopped; official/ is whole')
        self._clear()
        try:
          yield
        finally:
          self._clear()
    except OSError as error:
      raise errors.InputError(
          f'cannot write {error.filename or self.folder}:'
          f' {error.strerror or error}; official/ is whole, --check tells which'
          ' version it has'
      ) from error

  def stopped(self) -> bool:
    """Tells whether a sync was stopped and left something to clear up."""
    return self._stage.exists() or any(self.folder.glob('work-*'))

  def _clear(self) -> None:
    """Removes what a sync left, at whatever point it ended."""
    if self._journal.exists() and self._stage.exists():
      if _digest(self._stage) not in json.loads(self._journal.read_bytes()):
        self.keep(self._stage)
    self._journal.unlink(missing_ok=True)
    if self._stage.exists():
      # A git that outlives a killed sync must not find its folder again.
      self._stage.rename(self.scratch())
    for path in self.folder.glob('work-*'):
      shutil.rmtree(path, ignore_errors=True)

  def scratch(self) -> pathlib.Path:
    """Makes a folder that goes when the sync ends."""
    return pathlib.Path(tempfile.mkdtemp(prefix='work-', dir=self.folder))

  def keep(self, path: pathlib.Path) -> None:
    """Moves a folder aside that holds what somebody edited."""
    name = time.strftime('kept-%Y%m%d-%H%M%S-')
    kept = pathlib.Path(tempfile.mkdtemp(prefix=name, dir=self.folder))
    path.rename(kept)
    say(f'what was edited in {path.name} is kept in {kept}')

  def install(
      self, contents: Mapping[str, bytes], mirror: tree.Tree | None
  ) -> None:
    """Puts a new `official/` in the place of the old one.

    Args:
      contents: The pin, the lock and the patches, by their path below it.
      mirror: The mirror, where the fork commits it.

    Raises:
      errors.InputError: It cannot be written, or the disk gives back something
        else than was written. `official/` is as it was.
    """
    before = tree.read(self.official)
    after = {
        name: entry
        for name, entry in before.items()
        if name.split('/')[0] not in ('mirror', 'patches')
    }
    after |= {n: tree.Entry(tree.FILE, data) for n, data in contents.items()}
    after |= {f'mirror/{name}': e for name, e in (mirror or {}).items()}
    self._stage.mkdir()
    tree.write(after, self._stage)
    (self._stage / 'patches').mkdir(exist_ok=True)
    stamps = tree.digests(after)
    if tree.digests(tree.read(self._stage)) != stamps:
      raise errors.InputError(
          'the disk gave back something else than was written; official/ was'
          ' not changed'
      )
    both = [tree.digest(tree.digests(before)), tree.digest(stamps)]
    files.write(self._journal, json.dumps(both))
    exchange(self._stage, self.official)
    self._clear()
