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

"""Gets upstream's files from where the pin says, always in one layout.

A PyPI release or nightly, a git repository (URL, clone or bundle) or a folder:
whichever it is, out comes a checked tree of upstream's paths that the globs of
the pin chose. Wheels and repositories are kept in the user's cache, so that
what was fetched once is there without a network.
"""

import fcntl
import hashlib
import pathlib
import re
import sys
from typing import Collection, Iterable, Mapping, NamedTuple

from tfmot_contrib import errors
from tools.base import git
from tools.env import bootstrap
from tools.env import index
from tools.mirror import archive
from tools.mirror import pin as pins
from tools.mirror import tree

_ASKED = 'refs/sync/asked'  # What a ref that is no branch and no tag becomes.


class Upstream(NamedTuple):
  """Upstream at one version.

  Attributes:
    source: What was asked for, with its exact version or its ref.
    resolved: What that is: `wheel` and `sha256`, or `commit`; for the lock.
    files: The chosen files, pristine.
    metadata: The METADATA of a wheel.
    repository: A git repository that has the commit and its history.
  """

  source: pins.Source
  resolved: Mapping[str, str]
  files: tree.Tree
  metadata: str | None = None
  repository: pathlib.Path | None = None


def _local(where: str, root: pathlib.Path) -> pathlib.Path:
  """Returns the path that a source names, if it names one."""
  try:
    return (root / pathlib.Path(where).expanduser()).resolve()
  except RuntimeError as error:
    raise errors.InputError(
        f'{where}: there is no such user: write the whole path'
    ) from error


def _repository(
    source: pins.Source, root: pathlib.Path, offline: bool
) -> pathlib.Path:
  """Fetches a git source into its repository in the cache."""
  place = _local(source.where, root)
  local = place.exists()
  where = str(place) if local else source.where
  if not local and '://' not in where and '@' not in where:
    raise errors.InputError(
        f'there is no repository {where!r}: git takes a URL, or the path of a'
        ' clone or bundle'
    )
  target = bootstrap.cache_dir() / 'git' / bootstrap.digest(where.encode())
  with bootstrap.made_once(target) as partial:
    if partial:
      if offline and not local:
        raise errors.InputError(
            f'{source} was never fetched: run without --offline'
        )
      git.configure(partial)
  if offline and not local:
    return target
  specs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']
  if _is_asked(source.version):
    specs.append(f'+{source.version}:{_ASKED}')
  options = ['--quiet', '--update-head-ok', '--no-write-fetch-head']
  options += [git.upload_pack(place)] if place.is_dir() else []
  with open(target / 'fetch.lock', 'w', encoding='utf-8') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not local:
      print(f'sync: fetching {source}', file=sys.stderr, flush=True)
    git.run(
        target,
        *('fetch', *options, '--end-of-options', where, *specs),
        what=f'fetching {source.where}',
        extra=None if local else git.reach(),
    )
  return target


def _is_asked(ref: str) -> bool:
  """Tells whether a ref has to be asked for by its name."""
  return ref == 'HEAD' or ref.startswith('refs/')


def _commit_of(repository: pathlib.Path, ref: str) -> str:
  """Returns the commit that a ref names."""
  name = _ASKED if _is_asked(ref) else ref
  return git.resolve(repository, name, f'looking for {ref}')


def commit_of(source: pins.Source, *, root: pathlib.Path, offline: bool) -> str:
  """Returns the commit that a git source is at now; see `fetch`."""
  return _commit_of(_repository(source, root, offline), source.version)


def fetch(
    pin: pins.Pin,
    source: pins.Source,
    *,
    root: pathlib.Path,
    offline: bool = False,
    locked: Mapping[str, str] | None = None,
    names: Collection[str] | None = None,
) -> Upstream:
  """Gets upstream's files.

  Args:
    pin: Which of the files to take.
    source: Where from, with an exact version or a ref.
    root: What a relative path is relative to.
    offline: Whether to do without a network.
    locked: What the source was resolved to before and has to be again: the
      `sha256` of a wheel, or the `commit`, wherever the ref is by now.
    names: The files to take, instead of those that the globs choose.

  Returns:
    The files and what they are of.

  Raises:
    errors.InputError: It cannot be had, is not what was locked, or holds what
      is not safe to write.
  """
  locked = locked or {}
  where, metadata, repository = str(source), None, None

  def choose(found: Iterable[str]) -> list[str]:
    if names is None:
      return pin.select(found, where)
    if lost := sorted(set(names) - set(found)):
      raise errors.InputError(f'{where} no longer has {lost[0]}')
    return sorted(names)

  if source.kind == 'pypi':
    kept = bootstrap.cache_dir() / f'wheels/{source.where}-{source.version}'
    if offline and not kept.exists():
      raise errors.InputError(
          f'the wheel of {source} is not in the cache: run without --offline'
      )
    path = index.wheel(source.where, source.version)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != locked.get('sha256', sha256):
      raise errors.InputError(
          f'{path.name} has sha256 {sha256[:16]}…, the lock says'
          f' {locked["sha256"][:16]}…: the package index served another file'
          f' than the one locked, or the cache is broken; delete {path.parent}'
          ' and run again'
      )
    wheel = archive.read_wheel(path, source.where, source.version)
    files = {name: wheel.files[name] for name in choose(wheel.files)}
    resolved = {'wheel': path.name, 'sha256': sha256}
    metadata = wheel.metadata
  elif source.kind == 'git':
    repository = _repository(source, root, offline)
    commit = locked.get('commit') or _commit_of(repository, source.version)
    revision = f'{commit}:{source.subfolder}'
    everything = [row[3] for row in git.list_tree(repository, revision)]
    files = git.read_tree(repository, revision, set(choose(everything)))
    resolved = {'commit': commit}
  else:
    folder = _local(source.where, root) / source.subfolder
    if not folder.is_dir():
      raise errors.InputError(f'there is no folder {source.where!r}')
    found = choose(tree.files(folder, ['.git']))
    files = {name: tree.read_entry(folder / name) for name in found}
    resolved = {}
  tree.check(files, where)
  return Upstream(source, resolved, files, metadata, repository)


def log(upstream: Upstream, pin: pins.Pin, since: str) -> list[str] | None:
  """Returns upstream's commits that touched the mirrored files.

  Args:
    upstream: The new version.
    pin: Which files are mirrored.
    since: The commit of the old version.

  Returns:
    A line for each commit since then, newest first; None where there is no
    history, or it does not have that commit.
  """
  if not upstream.repository or not re.fullmatch('[0-9a-f]{40,64}', since):
    return None
  prefix = f'{upstream.source.subfolder}/' if upstream.source.subfolder else ''
  specs = [f':(top,glob){prefix}{glob}' for glob in pin.include]
  specs += [f':(top,exclude,glob){prefix}{glob}' for glob in pin.exclude]
  spread = f'{since}..{upstream.resolved["commit"]}'
  done = git.run(
      upstream.repository,
      *('log', '--format=%h %as %an: %s', spread, '--', *specs),
      what='reading the log of upstream',
      ok=(0, 128),
  )
  if done.returncode:
    return None
  return done.stdout.decode(errors='replace').splitlines()
