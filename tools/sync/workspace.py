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

"""Puts a new tree in the place of `official/`, whole or not at all.

The new folder is made beside the old one, in `.sync_upstream/`, and read again
from the disk. Then one system call exchanges the two. Who is killed before it
has the old tree, who is killed after it has the new one, and the next command
says which and clears up. What somebody edited in between is kept.
"""

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
from typing import Iterator, Mapping

from tfmot_contrib import errors
from tools.sync import pin as pins
from tools.sync import tree

FOLDER = '.sync_upstream'
_BLOCK = 4096  # Bytes that a file takes at least.
_RESERVE = 8 << 20  # Bytes to leave free.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_BAZELRC = """\
# Written by `tools/nox -s sync_upstream`: tells @official_models that
# upstream's files are in this folder.
build --repo_env=OFFICIAL_MODELS_TREE={digest}
"""


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
  if rename(
      _AT_FDCWD,
      os.fsencode(one),
      _AT_FDCWD,
      os.fsencode(other),
      _RENAME_EXCHANGE,
  ):
    code = ctypes.get_errno()
    why = os.strerror(code)
    if code in (errno.EINVAL, errno.EXDEV, errno.ENOSYS):
      why += '; this file system cannot do it, clone to another one'
    raise errors.InputError(f'cannot exchange {one} and {other}: {why}')


class Workspace:
  """A clone of the fork, and the folder in which a sync works.

  Attributes:
    root: The top folder of the clone.
    official: Its `official/`.
    folder: Where the sync works. git ignores it.
    workshop: The scratch repository, which stays while a conflict is open.
    state: Says what the sync was at when it met the conflict.
  """

  def __init__(self, root: pathlib.Path):
    """Names the folders, and touches none.

    Args:
      root: The top folder of the clone.
    """
    self.root = root
    self.official = root / 'official'
    self.folder = root / FOLDER
    self.workshop = self.folder / 'rebase'
    self.state = self.folder / 'conflict.json'
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
        if told := self.interrupted():
          say(told)
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

  def interrupted(self) -> str:
    """Returns what an earlier sync left, in words, or ''."""
    if self._journal.exists():
      try:
        new = json.loads(self._journal.read_bytes())['new']
      except (ValueError, KeyError, TypeError):
        new = ''
      path = self.official / 'upstream.lock'
      now = hashlib.sha256(path.read_bytes()).hexdigest()
      which = 'new' if now == new else 'old'
      return f'an earlier sync was stopped: official/ is its {which} tree'
    if self._stage.exists():
      return 'an earlier sync was stopped: official/ is as it was before'
    return ''

  def _clear(self) -> None:
    """Removes what a sync left, at whatever point it ended."""
    if self._journal.exists() and self._stage.exists():
      self._retire()
    self._journal.unlink(missing_ok=True)
    self._remove(self._stage)
    if not self.state.exists():
      self._remove(self.workshop)
    for kind in ('trash-*', 'work-*'):
      for path in self.folder.glob(kind):
        shutil.rmtree(path, ignore_errors=True)

  def _remove(self, path: pathlib.Path) -> None:
    """Removes a folder in which a git that lost its sync may still write."""
    if path.exists():
      path.rename(tempfile.mkdtemp(prefix='trash-', dir=self.folder))

  def new_workshop(self) -> pathlib.Path:
    """Makes a folder for a scratch repository."""
    return pathlib.Path(tempfile.mkdtemp(prefix='work-', dir=self.folder))

  def forget(self) -> None:
    """Throws the workshop and the state of a conflict away."""
    self.state.unlink(missing_ok=True)
    self._clear()

  def _retire(self) -> None:
    """Throws the old tree away, unless it has edits that no tree has."""
    if tree.is_filled(self._stage):
      for folder in (self._stage, self.official):
        stamps = pins.load_lock(folder).patched
        if not (difference := tree.compare(stamps, self._stage)):
          break
      else:
        kept = self.folder / time.strftime('kept-%Y%m%d-%H%M%S')
        self._stage.rename(kept)
        names = [*difference.modified, *difference.extra, *difference.missing]
        say(
            f'{names[0]} was edited and no patch holds that: the old tree is'
            f' kept in {kept.relative_to(self.root)}'
        )
        return
    self._remove(self._stage)

  def install(
      self,
      texts: Mapping[str, bytes],
      patched: tree.Tree,
      stamps: tree.Digests,
  ) -> None:
    """Puts a new tree in the place of `official/`.

    Args:
      texts: The pin, the lock and the patches, by their path below `official/`.
      patched: Upstream's files with the patches.
      stamps: Their stamps, as the lock has them.

    Raises:
      errors.InputError: There is no space, or the disk gives back something
        else than was written. `official/` is as it was.
    """
    need = sum(len(e.data) + _BLOCK for e in patched.values()) + _RESERVE
    free = shutil.disk_usage(self.folder).free
    if free < need:
      raise errors.InputError(
          f'the new tree needs {need >> 20} MiB and the disk has'
          f' {free >> 20} MiB: free some space; official/ was not changed'
      )
    stage = self._stage
    stage.mkdir()
    for name in tree.OWN:
      path = self.official / name
      if path.is_file() and name != 'tree.bazelrc':
        shutil.copy2(path, stage / name)
    (stage / 'patches').mkdir()
    for name, content in texts.items():
      (stage / name).write_bytes(content)
    tree.write({tree.place(n): e for n, e in patched.items()}, stage)
    rc = _BAZELRC.format(digest=tree.digest(stamps)[:16])
    (stage / 'tree.bazelrc').write_text(rc, encoding='utf-8')
    wrong = tree.compare(stamps, stage)
    if wrong or any(
        (stage / name).read_bytes() != content
        for name, content in texts.items()
    ):
      raise errors.InputError(
          'the disk gave back something else than was written; official/ was'
          ' not changed'
      )
    new = hashlib.sha256(texts['upstream.lock']).hexdigest()
    draft = self._journal.with_suffix('.part')
    draft.write_text(json.dumps({'new': new}), encoding='utf-8')
    draft.rename(self._journal)
    exchange(stage, self.official)
    self._clear()
