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

"""What the fork's own files say: pin, lock and patches.

This module reads them, finds where they disagree with one another, and makes
the mirror of them. It asks nothing of a network but the files that the lock
names. Bazel calls it, so it needs nothing but Python, git and pip.
"""

import argparse
import pathlib
import sys
from typing import NamedTuple, Sequence

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.mirror import patches
from tools.mirror import pin as pins
from tools.mirror import sources
from tools.mirror import tree

SYNC = 'tools/nox -s sync_upstream --'
FOLDER = '.sync_upstream'
REPOSITORY = f'{FOLDER}/series'
OWN = (
    'BUILD',
    'known_failures.yaml',
    'patches',
    'upstream.lock',
    'upstream.toml',
)
# Inside the repository of the series, where git does not see it. .bazelrc
# imports it, so that Bazel notices when the repository comes and goes.
BAZELRC = '.git/tree.bazelrc'


class Fork(NamedTuple):
  """What the fork's own files say.

  Attributes:
    root: The top folder of the clone.
    pin: What upstream.toml asks for.
    lock: What it was resolved to; None before the first sync.
    series: The patches.
    offline: Whether to do without a network.
  """

  root: pathlib.Path
  pin: pins.Pin
  lock: pins.Lock | None
  series: Sequence[patches.Patch]
  offline: bool = False

  @property
  def official(self) -> pathlib.Path:
    """The folder of pin, lock and patches."""
    return self.root / 'official'

  @property
  def committed(self) -> pathlib.Path:
    """Where a fork has the mirror that commits it, see `--commit`."""
    return self.official / 'mirror'

  @property
  def repository(self) -> pathlib.Path:
    """Where the series is a git repository while somebody edits it."""
    return self.root / REPOSITORY

  @property
  def edited(self) -> bool:
    """Whether Bazel takes the mirror from `repository`."""
    return (self.repository / BAZELRC).exists()

  @property
  def digests(self) -> dict[str, str]:
    """The digest of each patch file."""
    return patches.digests(self.series)


def load(root: pathlib.Path, offline: bool = False) -> Fork:
  """Reads the fork's own files.

  Args:
    root: The top folder of the clone.
    offline: Whether to do without a network.

  Returns:
    What they say.

  Raises:
    errors.InputError: One is broken. The message names it.
  """
  official = root / 'official'
  pin = pins.load(official)
  lock = None
  if (official / 'upstream.lock').exists():
    lock = pins.load_lock(official)
  return Fork(root, pin, lock, patches.load(official / 'patches'), offline)


def disagreement(fork: Fork) -> str:
  """Returns how pin, patches and lock disagree.

  Args:
    fork: The fork.

  Returns:
    The first difference in words, or ''.
  """
  lock = fork.lock
  if lock is None:
    return 'official/upstream.lock is missing'
  if lock.source != fork.pin.source:
    return (
        f'upstream.toml asks for {fork.pin.source}, the lock is of'
        f' {lock.source}'
    )
  if lock.selection != fork.pin.selection:
    return 'the globs of upstream.toml are not those of the lock'
  if changed := sorted(fork.digests.items() ^ lock.patches.items()):
    return f'{changed[0][0]} was changed since the lock'
  return ''


def kept(stamps: tree.Digests) -> pathlib.Path:
  """Returns where the files of a folder are kept, since it may change."""
  return bootstrap.cache_dir() / 'folders' / tree.digest(stamps)[:16]


def fetch_locked(fork: Fork, lock: pins.Lock | None = None) -> sources.Upstream:
  """Gets the pristine files that a lock is of.

  Args:
    fork: The fork.
    lock: The lock, by default that of the fork.

  Returns:
    The files, which have the digests of the lock.

  Raises:
    errors.InputError: There is no lock, or they cannot be had any more.
  """
  lock = lock or fork.lock
  if lock is None:
    raise errors.InputError(f'there is no lock yet: run {SYNC} first')
  source, folder = lock.source, kept(lock.pristine)
  if source.kind == 'folder' and folder.is_dir():
    source = pins.Source('folder', str(folder))
  upstream = sources.fetch(
      fork.pin,
      source,
      root=fork.root,
      offline=fork.offline,
      locked=lock.resolved,
      names=lock.pristine.keys(),
  )
  if told := tree.compare(lock.pristine, upstream.files):
    raise errors.InputError(
        f'{lock.source} no longer has the files that were locked'
        f' ({told.splitlines()[0]}): the source changed under its name'
    )
  return upstream._replace(source=lock.source)


def cached(lock: pins.Lock) -> pathlib.Path:
  """Returns where the cache has the mirror of a lock, made or not."""
  key = f'{lock.source.version or "folder"}-{tree.digest(lock.patched)[:16]}'
  return bootstrap.cache_dir() / 'mirror' / key.replace('/', '-')


def place(fork: Fork) -> pathlib.Path:
  """Returns where the mirror of the lock is, made or not."""
  committed = fork.committed
  return committed if committed.is_dir() else cached(fork.lock)


def write_cached(folder: pathlib.Path, files: tree.Tree) -> None:
  """Writes files into the cache, if they are not there. They never change."""
  with bootstrap.made_once(folder) as partial:
    if partial:
      tree.write(files, partial, read_only=True)


def edits(fork: Fork) -> str:
  """Returns how what Bazel takes differs from the lock; see `tree.compare`."""
  if not fork.edited:
    return ''
  return tree.compare(fork.lock.patched, tree.read(fork.repository, ['.git']))


def packages(root: pathlib.Path = bootstrap.ROOT) -> dict[str, pathlib.Path]:
  """Finds the packages of the mirror, or makes them.

  Args:
    root: The top folder of the clone.

  Returns:
    Where each is: `official`, `orbit`. They are in the repository of the series
    while somebody edits it, else they are what the lock says.

  Raises:
    errors.InputError: The pin, the lock, the source or a patch is wrong.
  """
  fork = load(root)
  if fork.lock and fork.edited:
    folder = fork.repository
  elif told := disagreement(fork):
    raise errors.InputError(f'{told}: run {SYNC} --same-version')
  elif (folder := place(fork)).is_dir():
    if told := tree.compare(fork.lock.patched, tree.read(folder)):
      raise errors.InputError(
          f'{folder} is not the mirror ({told.splitlines()[0]}): delete it and'
          ' run again'
      )
  else:
    pristine = fetch_locked(fork).files
    patched = patches.apply(pristine, fork.series, exact=False)
    if tree.digests(patched) != fork.lock.patched:
      raise errors.InputError(
          'the patches do not make the files of upstream.lock: run'
          f' {SYNC} --same-version'
      )
    write_cached(folder, patched)
  names = sorted({name.split('/')[0] for name in fork.lock.patched})
  return {name: folder / name for name in names}


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> None:
  """Prints where each package of the mirror is, as NAME=FOLDER, for Bazel."""
  argparse.ArgumentParser(prog='fork', description=__doc__).parse_args(argv)
  for package, folder in packages().items():
    print(f'{package}={folder}')


if __name__ == '__main__':
  main(sys.argv[1:])
