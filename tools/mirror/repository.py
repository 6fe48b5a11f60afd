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

"""The repository of the series: made, edited with git, and read back.

`.sync_upstream/series` is an ordinary git repository: upstream's files as the
base, and a commit for each patch. It is there while somebody edits the series,
and Bazel takes the mirror from it then; or while an update waits for a conflict
to be resolved. What it is for is noted inside `.git`.
"""

import pathlib
from typing import Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tools.base import files
from tools.base import git
from tools.mirror import fork as forks
from tools.mirror import install
from tools.mirror import patches
from tools.mirror import pin as pins
from tools.mirror import sources
from tools.mirror import tree

_SYNC = forks.SYNC


class Plan(NamedTuple):
  """What is ready to be put in place.

  Attributes:
    upstream: Upstream's files, pristine, and what they are of.
    patched: The mirror.
    series: The patches.
    repository: Of the series, when the plan was read from it.
  """

  upstream: sources.Upstream
  patched: tree.Tree
  series: Sequence[patches.Patch]
  repository: pathlib.Path | None = None


def note(
    fork: forks.Fork, folder: pathlib.Path, upstream: sources.Upstream
) -> None:
  """Notes in a repository what it is for: the lock of its base, and patches."""
  stamps = tree.digests(upstream.files)
  lock = fork.lock._replace(
      source=upstream.source,
      resolved=upstream.resolved,
      patches=fork.digests,
      pristine=stamps,
      patched=stamps,
  )
  files.write(folder / '.git/upstream.lock', pins.lock_text(lock))


def noted(folder: pathlib.Path) -> pins.Lock:
  """Returns what `note` has noted in a repository."""
  if not (folder / '.git').is_dir():
    raise errors.InputError(
        f'{folder} is no repository: make it with {_SYNC} patches import'
    )
  try:
    return pins.load_lock(folder / '.git')
  except errors.InputError as error:
    raise errors.InputError(
        f'{folder} is broken ({error}): move it away and begin again'
    ) from error


def _base(folder: pathlib.Path) -> str:
  """Returns the branch that the patches of a repository are for."""
  command = ['rev-parse', '-q', '--verify', f'refs/heads/{patches.UPDATE}']
  done = git.run(folder, *command, what=f'reading {folder}', ok=(0, 1))
  return patches.EDIT if done.returncode else patches.UPDATE


def updating(fork: forks.Fork) -> bool:
  """Tells whether an update waits for a conflict to be resolved."""
  there = fork.repository.exists()
  return there and _base(fork.repository) == patches.UPDATE


def _make(
    fork: forks.Fork, space: install.Space, exact: bool = True
) -> pathlib.Path:
  """Returns a repository of the series, in a folder that goes."""
  upstream, folder = forks.fetch_locked(fork), space.scratch()
  trees = {patches.EDIT: upstream.files}
  patches.create(folder, trees, fork.series, exact=exact)
  note(fork, folder, upstream)
  return folder


def edit(fork: forks.Fork, space: install.Space, folder: pathlib.Path) -> None:
  """Makes a repository with a commit for each patch.

  Args:
    fork: The fork.
    space: Where to work.
    folder: Where; it must not exist.

  Raises:
    errors.InputError: There is something, or a patch does not apply.
  """
  if folder.exists():
    raise errors.InputError(
        f'{folder} exists: export it, or delete it, and try again'
    )
  part = _make(fork, space)
  digest = tree.digest(fork.lock.patched)
  files.write(
      part / forks.BAZELRC,
      f'common --repo_env=OFFICIAL_MODELS_TREE={digest[:16]}\n',
  )
  part.chmod(0o755)
  folder.parent.mkdir(parents=True, exist_ok=True)
  try:
    part.rename(folder)
  except OSError as error:
    raise errors.InputError(
        f'cannot make {folder}: {error.strerror}; it has to be on the disk of'
        ' this clone'
    ) from error


def export(fork: forks.Fork, folder: pathlib.Path) -> Plan:
  """Returns the plan that the commits of a repository make; see `read`."""
  noted(folder)
  if _base(folder) == patches.UPDATE:
    raise errors.InputError(f'{folder} is of an update: go on with --continue')
  return read(fork, folder)


def read(fork: forks.Fork, folder: pathlib.Path) -> Plan:
  """Makes the series of the commits of a repository.

  Args:
    fork: The fork.
    folder: Of a repository that `edit` or an update made.

  Returns:
    A plan with the new series.

  Raises:
    errors.InputError: It is no such repository, is of other files than the lock
      or has changes that are not committed.
  """
  lock, base = noted(folder), _base(folder)
  if changed := patches.status(folder):
    raise errors.InputError(
        f'{folder} has changes that are not committed, such as {changed[0][0]}'
    )
  upstream = forks.fetch_locked(fork._replace(offline=True), lock)
  series = patches.read(folder, base)
  old = tree.digests(git.read_tree(folder, patches.EDIT))
  if (
      git.read_tree(folder, base) != upstream.files
      or old != fork.lock.pristine
      or fork.digests not in (lock.patches, patches.digests(series))
  ):
    raise errors.InputError(
        f'official/ or a branch was changed since {folder} was made: move it'
        ' away and begin again'
    )
  patched = git.read_tree(folder, 'HEAD')
  if patches.apply(upstream.files, series) != patched:
    raise errors.InputError(f'the patches of {folder} do not make its files')
  return Plan(upstream, patched, series, folder)


def new(
    fork: forks.Fork, author: str, fields: Mapping[str, str], body: str
) -> Plan:
  """Makes a patch of what was edited in the repository of the series.

  Args:
    fork: The fork.
    author: `Name <address>`.
    fields: Its Subject, Reason and Upstream.
    body: Why it is needed.

  Returns:
    A plan with the patch at the end of the series.

  Raises:
    errors.InputError: Nothing was edited, or a field is badly formed.
  """
  folder = fork.repository
  if not fork.edited:
    raise errors.InputError(
        f'nobody edits the series: run {_SYNC} patches import, edit in'
        f' {folder}, and try again'
    )
  if not patches.status(folder):
    raise errors.InputError(
        f'nothing in {folder} was edited: there is nothing to make a patch of;'
        f' what is committed there becomes one by {_SYNC} patches export'
    )
  patches.check('the patch', fields)
  subject, *trailers = (f'{key}: {value}' for key, value in fields.items())
  subject = subject.removeprefix('Subject: ')
  text = f'{subject}\n\n{body.strip()}\n\n' + '\n'.join(trailers)
  what = f'committing {subject}'
  git.run(folder, 'add', '--all', what=what)
  command = ['commit', '-q', f'--author={author}', '--file', '-']
  git.run(folder, *command, what=what, stdin=text.encode())
  return read(fork, folder)


def refresh(fork: forks.Fork, space: install.Space) -> Plan:
  """Writes each patch as git would, at the lines where it applies now."""
  return read(fork, _make(fork, space, exact=False))


def unsaved(fork: forks.Fork) -> str:
  """Returns what was edited in the repository of the series and not exported.

  Args:
    fork: The fork.

  Returns:
    It in words, or '' when a patch holds all of it.
  """
  folder = fork.repository
  if not folder.exists():
    return ''
  if changed := patches.status(folder):
    return f'{changed[0][0]} was edited'
  try:
    series = patches.read(folder, _base(folder))
  except errors.InputError as error:
    return str(error)
  same = patches.digests(series) == fork.digests
  return '' if same else 'its commits are not the patches'
